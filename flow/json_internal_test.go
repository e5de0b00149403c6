package flow

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzAnswerJSON: an answer is what encoding/json makes of it, whatever is in it.
func FuzzAnswerJSON(f *testing.F) {
	for _, seed := range []string{
		"", "read write", "https://id.example", `"`, `\`, "<", ">", "&", "'", "/", "é", "\u2028\u2029", "\ufffd", "\xff", "a\xc3", "\x00\x1f\x7f", "\b\f\n\r\t", "~ ", "\U0001f600",
	} {
		f.Add(seed, seed, int64(len(seed)), seed == "")
	}
	f.Add("0", "", int64(math.MinInt64), true)
	f.Fuzz(func(t *testing.T, a, b string, n int64, active bool) {
		for _, answer := range []introspection{
			{Active: active, Scope: a, ClientID: b, TokenType: a, ExpiresAt: n, IssuedAt: n, Subject: b, Audience: a, Issuer: b, AccountID: a},
			{Active: active, Scope: b, TokenType: b, IssuedAt: n, Audience: b, AccountID: b},
			{ClientID: a, ExpiresAt: n, Subject: a, Issuer: a},
		} {
			want, err := json.Marshal(answer)
			require.NoError(t, err)
			require.Equal(t, string(want), string(answer.json()))
		}
		for _, answer := range []tokenResponse{
			{AccessToken: a, TokenType: b, ExpiresIn: n, RefreshToken: b, Scope: a},
			{AccessToken: b, TokenType: a, Scope: b},
			{RefreshToken: a},
		} {
			want, err := json.Marshal(answer)
			require.NoError(t, err)
			require.Equal(t, string(want), string(answer.json()))
		}
	})
}
