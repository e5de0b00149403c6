package clientcredentials_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An owner is in front of the pages of an application.
type owner struct {
	*host
	pages *dashboard.Dashboard
}

func newOwner(t *testing.T) owner {
	h := newHostOf(t, flow.Config{CurrentUser: func(*http.Request) (*flow.User, error) {
		return &flow.User{ID: "1", Name: "dev@example.com", Session: "s", Accounts: []flow.Account{{ID: account, Name: "Dev", Role: flow.Administrator}}}, nil
	}}, clientcredentials.Config{OwnerScopes: []string{"read"}})
	pages, err := dashboard.New(dashboard.Config{Provider: h.Provider.Provider})
	require.NoError(t, err)
	return owner{h, pages}
}

func (o owner) path(parts ...string) string {
	return strings.Join(append([]string{o.pages.Path(account)}, parts...), "/")
}

func (o owner) page(path string) string {
	w := httptest.NewRecorder()
	o.pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, flowtest.Issuer+path, nil))
	require.Equal(o.t, http.StatusOK, w.Code, w.Body.String())
	return html.UnescapeString(w.Body.String())
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// form opens a page and returns its hidden fields, with what every application
// has.
func (o owner) form(path string) url.Values {
	form := url.Values{"name": {"Flowtest"}, "homepage_url": {"https://client.example"}, "callback_url": {"https://client.example/callback"}}
	for _, match := range hidden.FindAllStringSubmatch(o.page(path), -1) {
		form.Set(match[1], match[2])
	}
	return form
}

func (o owner) send(path string, form url.Values) (int, string) {
	r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	o.pages.ServeHTTP(w, r)
	return w.Code, html.UnescapeString(w.Body.String())
}

func box(scope string, ticked bool) string {
	return `name="application_scopes" value="` + scope + `"` + map[bool]string{true: " checked>", false: ">"}[ticked]
}

// The owner sees what the application does without a user, limits it and turns
// it off.
func TestPages(t *testing.T) {
	o := newOwner(t)
	one, edit := o.path(o.Application.ID.String()), o.path(o.Application.ID.String(), "edit")
	const heading = `<h2 id="itself">`
	require.NotContains(t, o.page(one), heading)
	require.NotContains(t, o.page(one+"/revoke"), "got for itself")
	require.Contains(t, o.page(edit), box("read", false))
	require.NotContains(t, o.page(edit), box("write", false))

	o.grant(o.Application, "write", "read")
	shown := o.page(one)
	require.Contains(t, shown, heading)
	require.Regexp(t, `(?s)<dt>May by itself</dt>.*<li>Write <code>write</code></li><li>Read <code>read</code></li>.*<dt>Tokens so far</dt>\s*<dd>0</dd>\s*`+
		`<dt>Last token</dt>\s*<dd>never</dd>\s*<dt>Tokens last used</dt>\s*<dd>never</dd>`, shown)
	token := o.token()
	o.token()
	status, _, _ := o.call(own, token)
	require.Equal(t, http.StatusOK, status)
	require.Regexp(t, `(?s)<dt>Tokens so far</dt>\s*<dd>2</dd>\s*<dt>Last token</dt>\s*<dd><time[^>]*>just now</time></dd>\s*<dt>Tokens last used</dt>\s*<dd><time[^>]*>just now</time></dd>`, o.page(one))

	require.Contains(t, o.page(edit), box("read", true))
	require.Contains(t, o.page(edit), box("write", true))
	form := o.form(edit)
	form["application_scopes"] = []string{"write", "admin"}
	status, told := o.send(one, form)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, told, `<a href="#application_scopes">The service grants "admin", not you.`)
	require.Contains(t, told, box("write", true), "nothing ticked is lost")
	require.Contains(t, told, box("read", false))
	form["application_scopes"] = []string{"write"}
	status, _ = o.send(one, form)
	require.Equal(t, http.StatusSeeOther, status)
	_, answer := o.post("/oauth/token", "grant_type", "client_credentials")
	require.Equal(t, "write", answer["scope"])

	require.Contains(t, o.page(one+"/revoke"), "The tokens that it got for itself stop working too.")
	secrets, err := o.Registry().Secrets(t.Context(), oauthapp.AnyOwner, o.Application.ID)
	require.NoError(t, err)
	require.Contains(t, o.page(one+"/secrets/"+secrets[0].ID.String()+"/revoke"), "Tokens that it got for itself with this secret stop working at once.")

	form = o.form(edit) // with no box ticked
	status, _ = o.send(one, form)
	require.Equal(t, http.StatusSeeOther, status)
	_, answer = o.post("/oauth/token", "grant_type", "client_credentials")
	require.Equal(t, flow.UnauthorizedClient, answer["error"])
	require.Contains(t, o.page(one), "nothing any more", "its tokens are there still")
	require.NotContains(t, o.page(edit), "value=\"write\"", "what was taken away the host grants again")
	status, _ = o.send(one+"/revoke", o.form(one+"/revoke"))
	require.Equal(t, http.StatusSeeOther, status)
	status, _, _ = o.call(own, token)
	require.Equal(t, http.StatusUnauthorized, status)
	require.NotContains(t, o.page(one), heading)
}

// A form without the field, and one that was opened before somebody changed it,
// undo nothing.
func TestFormsAtOnce(t *testing.T) {
	o := newOwner(t)
	one, edit := o.path(o.Application.ID.String()), o.path(o.Application.ID.String(), "edit")
	o.grant(o.Application, "read", "write")
	early := o.form(edit)
	early["application_scopes"] = []string{"read", "write"}
	ticked := o.form(edit)
	ticked["application_scopes"] = []string{"read"}

	form := o.form(edit)
	form.Del("was_application_scopes")
	status, _ := o.send(one, form)
	require.Equal(t, http.StatusSeeOther, status)
	o.token("scope", "read write")

	o.grant(o.Application, "admin") // in place of those
	status, _ = o.send(one, early)
	require.Equal(t, http.StatusSeeOther, status, "it changes nothing")
	status, told := o.send(one, ticked)
	require.Equal(t, http.StatusConflict, status, told)
	require.Contains(t, told, `<a href="#application_scopes">`)
	ticked["application_scopes"] = []string{"write"} // which the host has taken back
	status, told = o.send(one, ticked)
	require.Equal(t, http.StatusUnprocessableEntity, status, told)
	_, answer := o.post("/oauth/token", "grant_type", "client_credentials")
	require.Equal(t, "admin", answer["scope"])
}

func TestRegistrationForm(t *testing.T) {
	o := newOwner(t)
	form := o.form(o.path("new"))
	form.Set("name", "New")
	form.Set("client_type", "public")
	form.Set("application_scopes", "read")
	status, told := o.send(o.path(), form)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, told, "A public application has no secret")
	form.Set("client_type", "confidential")
	status, told = o.send(o.path(), form)
	require.Equal(t, http.StatusOK, status)
	o.Application.ClientID = form.Get("client_id")
	o.ClientSecret = regexp.MustCompile(`id="client-secret"[^>]*>([^<]+)<`).FindStringSubmatch(told)[1]
	o.token("scope", "read")
}
