package par_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/par"
)

// No other spelling of a request_uri is taken for it, and none does harm.
func FuzzRequestURI(f *testing.F) {
	h := newHost(f, par.Config{})
	good := h.push(h.request(h.public))
	for _, seed := range []string{good, good[:len(good)-1], good + "=", good + "\n", good[:40] + "\r\n" + good[40:], "urn:ietf:params:oauth:request_uri:", "URN" + good[3:], "", "https://client.example/r", "\x00", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, requestURI string) {
		w := h.browser().send(http.MethodHead, authorizePath(h.public, requestURI), nil)
		require.Equal(t, requestURI == good, w.Code == http.StatusOK, requestURI)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusSeeOther}, w.Code)
	})
}
