package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// FuzzBearer sends anything as the Authorization header to a guarded resource: nothing
// but the one access token opens it, and what cannot be a token never reaches the store.
func FuzzBearer(f *testing.F) {
	s := newService(f)
	tok := s.authorize(s.app, "read")
	for _, seed := range []string{
		"Bearer " + tok.access, "bearer  " + tok.access + " ", "Bearer " + tok.refresh, "Bearer " + tok.code, "Bearer " + tok.access + "," + tok.access,
		"Bearer", "Bearer ", "Basic " + tok.access, tok.access, "Bearer\t" + tok.access, "Bearer " + tok.access[:len(tok.access)-1], "Bearer " + alter(tok.access),
		"Bearer \x00", "Bearer undefined", "", " ", "Bearer a b", "Bearer \xff",
	} {
		f.Add(seed)
	}
	guarded := s.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
		r.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		s.store.reset()
		guarded.ServeHTTP(w, r)
		scheme, token, _ := strings.Cut(header, " ")
		token = strings.Trim(token, " ")
		if strings.EqualFold(scheme, "Bearer") && token == tok.access {
			require.Equal(t, http.StatusNoContent, w.Code)
			return
		}
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, w.Code)
		require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		if _, err := s.credentials.Parse(credential.AccessToken, token); err != nil {
			require.Empty(t, s.store.counted())
		}
	})
}

// FuzzAuthorizationRequest sends anything as the state and the resource: where the
// consent page is shown, its form is carried out, and where the user has to sign in
// first, they come back to the same.
func FuzzAuthorizationRequest(f *testing.F) {
	h := newHost(f)
	for _, seed := range []string{"", "s", "\x00\xff", "+ %2F&=;", strings.Repeat("/", 11_000), strings.Repeat("!", 11_000), strings.Repeat("s", 32<<10), strings.Repeat("\xe9", 40<<10)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, state string) {
		h.t = t
		params := request(h.app, "state", state)
		h.user = nil
		first := h.open(params)
		h.user = alice()
		shown := h.open(params)
		if shown.Code != http.StatusOK {
			requirePage(t, first, http.StatusBadRequest)
			requirePage(t, shown, http.StatusBadRequest)
			return
		}
		login, err := url.Parse(first.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, h.get(login.Query().Get("return_to")).Code)
		require.Equal(t, state, h.answer(h.decide(shown, "deny", "1")).Get("state"))
		require.Equal(t, state, h.answer(h.decide(shown, "authorize", "1")).Get("state"))
	})
}
