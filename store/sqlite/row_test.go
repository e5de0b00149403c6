package sqlite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// A row that was tampered with is a failure of the store, and never taken for
// another value or for none.
func TestDamagedRows(t *testing.T) {
	for name, damage := range map[string]func(*Store, oauthapp.Application) error{
		"short digest": func(s *Store, app oauthapp.Application) error {
			b := beginSession(t, s, app.ID, "user")
			require.NoError(t, s.writer.conn.script("UPDATE sessions SET code_digest = x'0102'"))
			_, err := s.Session(ctx, b.Session.ID)
			return err
		},
		"empty digest": func(s *Store, app oauthapp.Application) error {
			b := beginSession(t, s, app.ID, "user")
			require.NoError(t, s.writer.conn.script("UPDATE sessions SET code_digest = x''"))
			_, err := s.Session(ctx, b.Session.ID)
			return err
		},
		"short ID": func(s *Store, app oauthapp.Application) error {
			beginSession(t, s, app.ID, "user")
			require.NoError(t, s.writer.conn.script("UPDATE grants SET id = x'0102'"))
			_, err := sample.Grant(ctx, s, app.ID, "user", "7")
			return err
		},
		"list": func(s *Store, app oauthapp.Application) error {
			require.NoError(t, s.writer.conn.script("UPDATE applications SET callback_urls = 'none'"))
			_, err := s.Client(ctx, app.ClientID, newID(), now)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTemp(t)
			require.ErrorIs(t, damage(s, create(t, s)), errColumn)
		})
	}
}
