package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// optional has an application do without scopes.
func (h *host) optional(scopes ...string) {
	h.t.Helper()
	_, err := h.Registry().SetExtra(h.t.Context(), oauthapp.AnyOwner, h.app.ID, "flow", flow.ApplicationSettings{OptionalScopes: scopes})
	require.NoError(h.t, err)
}

// tick authorizes the application with boxes ticked.
func (h *host) tick(page *httptest.ResponseRecorder, scopes ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	form := change(h.form(page), "decision", "authorize", "account_id", "1")
	form["scope"] = scopes
	return h.post("/oauth/authorize", form)
}

const writeBox = `<input type="checkbox" name="scope" value="write">`

// The user leaves out what the application can do without. The token response
// tells what was granted, and the rest can be asked for later.
func TestPartialConsent(t *testing.T) {
	h := newHost(t)
	h.optional("write", "unknown")
	both := request(h.app, "scope", "read write", "account_id", "1")
	page := h.open(both)
	require.Contains(t, page.Body.String(), writeBox)
	require.NotContains(t, page.Body.String(), `name="scope" value="read"`)

	h.events.reset()
	granted := h.tokens(h.redemption(h.app, h.answer(h.tick(page)).Get("code")))
	require.Equal(t, "read", granted.Scope)
	require.Equal(t, []string{"read"}, h.events.take()[0].Scopes)
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "scope", "read write")), http.StatusBadRequest, "invalid_scope")

	// What was granted is remembered, and what was not is asked for.
	require.NotEmpty(t, h.answer(h.open(request(h.app, "account_id", "1"))).Get("code"))
	require.Equal(t, "consent_required", h.answer(h.open(change(both, "prompt", "none"))).Get("error"))
	granted = h.tokens(h.redemption(h.app, h.answer(h.tick(h.open(both), "write", "read", "admin")).Get("code")))
	require.Equal(t, "read write", granted.Scope)
	require.NotEmpty(t, h.answer(h.open(both)).Get("code"))
	require.Contains(t, h.open(change(both, "prompt", "consent")).Body.String(), `value="write" checked>`, "as granted before")

	// A denial is about all that was asked for.
	h.events.reset()
	require.Equal(t, "access_denied", h.answer(h.decide(h.open(change(both, "prompt", "consent")), "deny", "1")).Get("error"))
	require.Equal(t, []string{"read", "write"}, h.events.take()[0].Scopes)
}

// Boxes are for what is optional: without them everything is granted, and not
// all can be left out.
func TestBoxesOfTheConsentPage(t *testing.T) {
	h := newHost(t)
	both := request(h.app, "scope", "read write")
	page := h.open(both)
	require.NotContains(t, page.Body.String(), "checkbox")
	require.Equal(t, "read write", h.tokens(h.redemption(h.app, h.answer(h.tick(page, "read")).Get("code"))).Scope)

	h.optional("read", "write")
	both.Set("prompt", "consent")
	page = h.open(both)
	nothing := h.tick(page)
	requirePage(t, nothing, http.StatusBadRequest)
	require.Contains(t, nothing.Body.String(), "Please choose at least one permission, or cancel.")
	require.Equal(t, "write", h.tokens(h.redemption(h.app, h.answer(h.tick(nothing, "write", "write")).Get("code"))).Scope)

	// Who left a box empty is asked again where it is not there any more, and
	// who saw none where it is there now.
	h.optional()
	changed := h.tick(page, "write")
	requirePage(t, changed, http.StatusBadRequest)
	require.Contains(t, changed.Body.String(), "The optional permissions of the application have changed meanwhile.")
	h.optional("write")
	changed = h.tick(changed)
	requirePage(t, changed, http.StatusBadRequest)
	require.Contains(t, changed.Body.String(), writeBox[:len(writeBox)-1]+" checked>")
	require.Equal(t, "read", h.tokens(h.redemption(h.app, h.answer(h.tick(changed)).Get("code"))).Scope)

	_, err := h.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, h.app.ID, "flow", "no settings")
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, h.open(both).Code)
	require.Equal(t, http.StatusInternalServerError, h.post("/oauth/authorize", change(h.form(page), "decision", "authorize", "account_id", "1")).Code)
}

// Each other field of the form is there once.
func TestConsentFormFieldsOnce(t *testing.T) {
	h := newHost(t)
	form := change(h.form(h.open(request(h.app))), "decision", "authorize", "account_id", "1")
	for _, name := range []string{"ticket", "request", "decision", "account_id"} {
		double := url.Values{}
		for field, values := range form {
			double[field] = values
		}
		double[name] = append([]string{"x"}, form[name]...)
		requirePage(t, h.post("/oauth/authorize", double), http.StatusBadRequest)
	}
}

// The consent page tells what stands together, what it can do at worst, and
// what the user has not agreed to before. What may have been left out then is
// not called new.
func TestScopesOnTheConsentPage(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Scopes = []flow.Scope{
			{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write", Group: "<Changes>", Risk: "It can <overwrite>."},
			{Name: "admin", Description: "Administer", Group: "<Changes>"},
		}
	})
	all := request(h.app, "scope", "admin write read", "account_id", "1")
	const isNew = "new since you last agreed"
	page := h.open(all).Body.String()
	require.Equal(t, 1, strings.Count(page, "<h3>&lt;Changes&gt;</h3>"))
	require.Contains(t, page, `<code>write</code> <span class="hint risk">It can &lt;overwrite&gt;.</span>`)
	require.NotContains(t, page, isNew)

	h.tokens(h.redemption(h.app, h.code(request(h.app), "1")))
	page = h.open(all).Body.String()
	require.Equal(t, 2, strings.Count(page, isNew))
	require.Contains(t, page, "<li>Read <code>read</code></li>")
	require.NotContains(t, h.open(change(all, "account_id", "2")).Body.String(), isNew, "nothing was granted for this account")
	h.optional("write")
	require.Equal(t, 1, strings.Count(h.open(all).Body.String(), isNew))
}

// An application that met insufficient_scope asks for what the challenge names,
// keeps what it had, and has all of it on record (step-up).
func TestStepUp(t *testing.T) {
	h := newHost(t)
	h.optional("write")
	login := func(scope string, ticked ...string) grantedTokens {
		page := h.open(request(h.app, "scope", scope, "account_id", "1"))
		if page.Code == http.StatusSeeOther {
			return h.tokens(h.redemption(h.app, h.answer(page).Get("code")))
		}
		return h.tokens(h.redemption(h.app, h.answer(h.tick(page, ticked...)).Get("code")))
	}
	call := func(token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/v2/domains", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.Require("write")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
		return w
	}
	first := login("read write")
	require.Equal(t, "read", first.Scope)
	refused := call(first.AccessToken)
	require.Equal(t, http.StatusForbidden, refused.Code)
	challenge := refused.Header().Get("WWW-Authenticate")
	require.Contains(t, challenge, `error="insufficient_scope"`)
	require.Contains(t, challenge, `scope="write"`)

	more := login("write", "write")
	require.Equal(t, "write", more.Scope)
	require.Equal(t, http.StatusNoContent, call(more.AccessToken).Code)
	require.True(t, h.accepts(first.AccessToken), "what it had goes on")
	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsToApplication(h.app.ID), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	require.Equal(t, []string{"read", "write"}, grants.Items[0].Scopes)
	require.Equal(t, "read write", login("read write").Scope, "without another question")
}
