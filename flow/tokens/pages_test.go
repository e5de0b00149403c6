package tokens_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/tokens"
)

// The applications of an account and its API tokens lead to each other.
func TestLinksToAndFromApplications(t *testing.T) {
	s := newService(t, tokens.Config{})
	pages, err := dashboard.New(dashboard.Config{Provider: s.Provider})
	require.NoError(t, err)
	get := func(h http.Handler, path string) string {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, issuer+path, nil)
		r.Header.Set("Person", "ada")
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		return w.Body.String()
	}
	applications, own := pages.Path("11"), "/accounts/11/api_tokens"
	require.Contains(t, get(pages, applications), `<a href="`+own+`">API tokens</a>`)
	require.Contains(t, get(s.Provider, own), `<a href="`+applications+`">OAuth applications</a>`)
}

// A page of the host's can say what the pages of tokens say.
func TestMessagesForTheHost(t *testing.T) {
	cfg := flow.Config{Extensions: []flow.Extension{tokens.New(tokens.Config{})}}
	cfg.Pages.Files = fstest.MapFS{"own.html": {Data: []byte(`{{define "title"}}{{msg "tokens.heading"}}{{end}}{{define "main"}}{{end}}`)}}
	require.Empty(t, flowtest.Untranslated(t, cfg, "own.html", nil))
}
