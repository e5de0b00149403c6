package ticket_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/ticket"
)

var (
	oldKey = bytes.Repeat([]byte{1}, 32)
	newKey = bytes.Repeat([]byte{2}, 32)
	now    = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

func TestVerify(t *testing.T) {
	signed := ticket.Keys{newKey, oldKey}.Sign(now.Add(time.Minute), "consent", "user", "session")
	for name, tt := range map[string]struct {
		keys    ticket.Keys
		at      time.Time
		purpose string
		parts   []string
		want    error
	}{
		"as signed":           {ticket.Keys{newKey}, now, "consent", []string{"user", "session"}, nil},
		"key replaced":        {ticket.Keys{oldKey, newKey}, now, "consent", []string{"user", "session"}, nil},
		"key removed":         {ticket.Keys{oldKey}, now, "consent", []string{"user", "session"}, ticket.ErrInvalid},
		"last moment":         {ticket.Keys{newKey}, now.Add(time.Minute - 1), "consent", []string{"user", "session"}, nil},
		"expiry time":         {ticket.Keys{newKey}, now.Add(time.Minute), "consent", []string{"user", "session"}, ticket.ErrExpired},
		"forged, and expired": {ticket.Keys{oldKey}, now.Add(time.Hour), "consent", []string{"user", "session"}, ticket.ErrInvalid},
		"other purpose":       {ticket.Keys{newKey}, now, "form", []string{"user", "session"}, ticket.ErrInvalid},
		"other part":          {ticket.Keys{newKey}, now, "consent", []string{"user", "sessioN"}, ticket.ErrInvalid},
		"parts moved":         {ticket.Keys{newKey}, now, "consent", []string{"users", "ession"}, ticket.ErrInvalid},
		"parts joined":        {ticket.Keys{newKey}, now, "consent", []string{"usersession"}, ticket.ErrInvalid},
		"purpose joined":      {ticket.Keys{newKey}, now, "consentuser", []string{"session"}, ticket.ErrInvalid},
		"one part more":       {ticket.Keys{newKey}, now, "consent", []string{"user", "session", ""}, ticket.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, tt.keys.Verify(signed, tt.at, tt.purpose, tt.parts...), tt.want)
		})
	}
}

// No ticket has a second form, and none can be made to last longer.
func TestEveryMutationIsRefused(t *testing.T) {
	keys := ticket.Keys{newKey}
	signed := keys.Sign(now.Add(time.Minute), "consent", "user")
	require.NoError(t, keys.Verify(signed, now, "consent", "user"))
	for i := range len(signed) {
		for c := range 256 {
			mutated := []byte(signed)
			if mutated[i] == byte(c) {
				continue
			}
			mutated[i] = byte(c)
			require.ErrorIs(t, keys.Verify(string(mutated), now, "consent", "user"), ticket.ErrInvalid, "%q", mutated)
		}
	}
	for _, cut := range []string{"", signed[:len(signed)-1], signed + "A", signed + "=", " " + signed, signed[:9] + "\n" + signed[9:]} {
		require.ErrorIs(t, keys.Verify(cut, now, "consent", "user"), ticket.ErrInvalid, "%q", cut)
	}
}
