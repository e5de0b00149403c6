package oauthapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

func TestMatchSecret(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	digest := credential.DigestOf
	secrets := []Secret{
		{Hint: "new", Digest: digest("new")},
		{Hint: "ending", Digest: digest("ending"), ExpiresAt: now.Add(time.Microsecond)},
		{Hint: "ended", Digest: digest("ended"), ExpiresAt: now},
		{Hint: "long gone", Digest: digest("long gone"), ExpiresAt: now.Add(-time.Hour)},
		{Hint: "none"},
	}
	for _, tc := range []struct {
		presented credential.Digest
		want      string
	}{
		{digest("new"), "new"},
		{digest("ending"), "ending"},
		{digest("ended"), ""},
		{digest("long gone"), ""},
		{digest("unknown"), ""},
		{credential.Digest{}, ""},
	} {
		secret, ok := MatchSecret(secrets, tc.presented, now)
		require.Equal(t, tc.want, secret.Hint)
		require.Equal(t, tc.want != "", ok)
	}
	_, ok := MatchSecret(nil, digest("new"), now)
	require.False(t, ok)

	_, ok = MatchSecret(secrets, digest("ending"), now.Add(time.Microsecond))
	require.False(t, ok, "refused from its expiry on")
}
