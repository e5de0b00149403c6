package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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

	// Who left a box empty is asked again where it is not there any more, and who
	// saw none where it is there now.
	h.optional()
	changed := h.tick(page, "write")
	requirePage(t, changed, http.StatusBadRequest)
	require.Contains(t, changed.Body.String(), "What the application can do without has changed since.")
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
