package sqlite

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var (
	now = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	ctx = context.Background()
)

func openTemp(t testing.TB) *Store {
	t.Helper()
	return openPath(t, filepath.Join(t.TempDir(), "oauthapps.db"))
}

func openPath(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(ctx, path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newDigest() (d credential.Digest) {
	_, _ = rand.Read(d[:])
	return d
}

func newApplication(owner string) oauthapp.Application {
	id := newID()
	return oauthapp.Application{
		ID: id, ClientID: "client-" + id.String(), Owner: owner,
		Name: "Zone <Watcher> & Söhne", Description: "Tells you when a zone changes.",
		HomepageURL: "https://example.com/", CallbackURLs: []string{"https://example.com/cb?a=b&c=<d>", "https://example.com/\u2028"},
		Type: oauthapp.Confidential, Scopes: []string{"read", "write"},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

func newSecret(application uuid.UUID) oauthapp.Secret {
	return oauthapp.Secret{ID: newID(), ApplicationID: application, Digest: newDigest(), Hint: "wxyz", CreatedAt: now}
}

func create(t testing.TB, s *Store) oauthapp.Application {
	t.Helper()
	app := newApplication("owner")
	secret := newSecret(app.ID)
	require.NoError(t, s.CreateApplication(ctx, app, &secret, 1000))
	return app
}

func beginning(app uuid.UUID, user string) store.Beginning {
	return store.Beginning{GrantID: newID(), Session: store.Session{
		ID: newID(), ApplicationID: app, UserID: user, AccountID: "7",
		Scopes: []string{"read", "write"}, CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		Code: store.Code{
			Digest: newDigest(), ExpiresAt: now.Add(5 * time.Minute), RedirectURI: "https://example.com/oauth/callback",
			CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", State: newDigest(),
		},
	}}
}

func redemption(b store.Beginning) store.Redemption {
	return store.Redemption{
		SessionID: b.Session.ID, Code: b.Session.Code.Digest,
		Access:  store.AccessToken{Digest: newDigest(), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Scopes: b.Session.Scopes},
		Refresh: store.RefreshToken{Digest: newDigest(), ExpiresAt: now.Add(30 * 24 * time.Hour)}, Family: newDigest(),
		ExpiresAt: now.Add(365 * 24 * time.Hour), At: now,
	}
}

func rotation(session uuid.UUID, presented credential.Digest) store.Rotation {
	at := now.Add(time.Minute)
	return store.Rotation{
		SessionID: session, Presented: presented,
		Access:  store.AccessToken{Digest: newDigest(), IssuedAt: at, ExpiresAt: at.Add(time.Hour), Scopes: []string{"read", "write"}},
		Refresh: store.RefreshToken{Digest: newDigest(), ExpiresAt: at.Add(30 * 24 * time.Hour)}, At: at,
	}
}

// beginSession begins a session and returns it as it was begun.
func beginSession(t testing.TB, s *Store, app uuid.UUID, user string) store.Beginning {
	t.Helper()
	b := beginning(app, user)
	_, err := s.BeginSession(ctx, b)
	require.NoError(t, err)
	return b
}

// issue begins a session and redeems its code.
func issue(t testing.TB, s *Store, app uuid.UUID, user string) (store.Beginning, store.Redemption) {
	t.Helper()
	b := beginSession(t, s, app, user)
	r := redemption(b)
	require.NoError(t, s.RedeemCode(ctx, r))
	return b, r
}
