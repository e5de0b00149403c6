package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorStatus(t *testing.T) {
	for code, status := range map[string]int{
		InvalidRequest:          http.StatusBadRequest,
		InvalidGrant:            http.StatusBadRequest,
		InvalidScope:            http.StatusBadRequest,
		UnauthorizedClient:      http.StatusBadRequest,
		UnsupportedGrantType:    http.StatusBadRequest,
		UnsupportedResponseType: http.StatusBadRequest,
		AccessDenied:            http.StatusBadRequest,
		RequestNotSupported:     http.StatusBadRequest,
		RequestURINotSupported:  http.StatusBadRequest,
		InvalidClient:           http.StatusUnauthorized,
		InvalidToken:            http.StatusUnauthorized,
		InsufficientScope:       http.StatusForbidden,
	} {
		require.Equal(t, status, Refuse(code, "x").Status, code)
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	cause := errors.New("disk full")
	for _, e := range []*Error{Outage(cause), Internal(cause)} {
		require.ErrorIs(t, e, cause)
		require.Contains(t, e.Error(), "disk full")
		require.NotContains(t, e.Description, "disk full")
	}
	require.Equal(t, "flow: 400: invalid_grant: no", Refuse(InvalidGrant, "no").Error())
	require.NoError(t, Refuse(InvalidGrant, "no").Unwrap())
}

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		`a "quoted" \ text`:      `a 'quoted' ' text`,
		"a\r\nb\x00c\x7f":        "a??b?c?",
		"é":                      "?",
		"\xff":                   "?",
		strings.Repeat("a", 500): strings.Repeat("a", MaxDescription),
		"":                       "",
	} {
		require.Equal(t, want, PlainText(in))
	}
}

func FuzzPlainText(f *testing.F) {
	f.Add(`a"b`)
	f.Add("\xff\x00é")
	f.Fuzz(func(t *testing.T, s string) {
		require.Regexp(t, `^[\x20\x21\x23-\x5B\x5D-\x7E]{0,200}$`, PlainText(s))
	})
}

// However long an answer is, it comes in one piece, whose length is told first.
func TestAnswersTellTheirLength(t *testing.T) {
	for _, size := range []int{2, 1 << 10, 1<<10 + 1, 2 << 10, 2<<10 + 1, 4<<10 + 1, 100 << 10} {
		for _, start := range []func(*httptest.Server){(*httptest.Server).Start, (*httptest.Server).StartTLS} {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				Write(w, http.StatusOK, make([]byte, size))
			}))
			server.EnableHTTP2 = true // with TLS
			start(server)
			answer, err := server.Client().Get(server.URL)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, int64(size), answer.ContentLength, answer.Proto)
			require.Empty(t, answer.TransferEncoding)
			server.Close()
		}
	}
}
