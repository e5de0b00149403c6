package clientkeys_test

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
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An owner is in front of the form of the applications of an account.
type owner struct {
	*host
	pages *dashboard.Dashboard
}

func newOwner(t *testing.T) owner {
	h := newHost(t, flow.Config{CurrentUser: func(*http.Request) (*flow.User, error) {
		return &flow.User{ID: "1", Name: "dev@example.com", Session: "s", Accounts: []flow.Account{{ID: "developer", Name: "Dev", Role: flow.Administrator}}}, nil
	}}, clientkeys.Config{})
	pages, err := dashboard.New(dashboard.Config{Provider: h.Provider.Provider})
	require.NoError(t, err)
	return owner{h, pages}
}

func (o owner) path(parts ...string) string {
	return strings.Join(append([]string{o.pages.Path("developer")}, parts...), "/")
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// form opens a page and returns its hidden fields, and the page.
func (o owner) form(path string) (url.Values, string) {
	w := httptest.NewRecorder()
	o.pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+path, nil))
	require.Equal(o.t, http.StatusOK, w.Code, w.Body.String())
	form := url.Values{}
	for _, match := range hidden.FindAllStringSubmatch(w.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	return form, html.UnescapeString(w.Body.String())
}

// send fills in what an application has and sends a form.
func (o owner) send(path string, form url.Values, pairs ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	for name, value := range map[string]string{"name": "Flowtest", "homepage_url": "https://client.example", "callback_url": "https://client.example/callback"} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	return post(o.pages, path, form)
}

func (o owner) app() oauthapp.Application {
	app, err := o.Registry().Application(o.t.Context(), oauthapp.OwnedBy("developer"), o.Application.ID)
	require.NoError(o.t, err)
	return app
}

// The owner sees, changes and removes the keys in the form.
func TestForm(t *testing.T) {
	o := newOwner(t)
	one, edit := o.path(o.Application.ID.String()), o.path(o.Application.ID.String(), "edit")
	next := newSigner("next")

	form, shown := o.form(edit)
	require.Contains(t, shown, `"kid": "one"`)
	require.Equal(t, http.StatusSeeOther, o.send(one, form, "jwks", strings.ReplaceAll(form.Get("was_jwks"), "\n", "\r\n")).Code)
	require.Equal(t, http.StatusOK, o.present(o.assertion()).Code)
	version := o.app().Version

	form, _ = o.form(edit)
	form.Set("name", "Renamed")
	require.Equal(t, http.StatusSeeOther, o.send(one, form).Code, "a form without the field")
	require.Equal(t, http.StatusOK, o.present(o.assertion()).Code)
	require.Equal(t, version+1, o.app().Version)

	form, _ = o.form(edit)
	w := o.send(one, form, "jwks", string(setOf(next, newSigner("next"))))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), `<a href="#jwks">Give a JSON Web Key Set`)
	require.Contains(t, w.Body.String(), `same kid`)

	require.Equal(t, http.StatusSeeOther, o.send(one, form, "jwks", string(setOf(next))).Code)
	require.Equal(t, http.StatusOK, o.present(next.sign(next.header(), o.claims())).Code)
	requireRefused(t, o.present(o.assertion()))

	form, _ = o.form(edit)
	require.Equal(t, http.StatusSeeOther, o.send(one, form, "jwks", " https://client.example/jwks.json ").Code)
	form, shown = o.form(edit)
	require.Contains(t, shown, ">\nhttps://client.example/jwks.json</textarea>")
	require.Equal(t, http.StatusSeeOther, o.send(one, form, "jwks", "").Code)
	require.Empty(t, o.app().Extra)
}

// Of two who edit an application at once none undoes what the other did to the
// keys.
func TestFormsAtOnce(t *testing.T) {
	o := newOwner(t)
	one, edit := o.path(o.Application.ID.String()), o.path(o.Application.ID.String(), "edit")
	first, second, third := newSigner("first"), newSigner("second"), newSigner("third")
	form1, _ := o.form(edit)
	form2, _ := o.form(edit)
	form3, _ := o.form(edit)
	require.Equal(t, http.StatusSeeOther, o.send(one, form1, "jwks", string(setOf(first))).Code)

	told := o.send(one, form2, "jwks", string(setOf(second)))
	require.Equal(t, http.StatusConflict, told.Code)
	require.Contains(t, told.Body.String(), `<a href="#jwks">Public keys</a>`)
	require.Contains(t, told.Body.String(), "You changed it too. The form has what you typed.")
	require.Contains(t, html.UnescapeString(told.Body.String()), `"kid":"second"`)
	require.Equal(t, http.StatusOK, o.present(first.sign(first.header(), o.claims())).Code, "nothing was saved")

	told = o.send(one, form3, "name", "Renamed")
	require.Equal(t, http.StatusConflict, told.Code)
	require.Contains(t, told.Body.String(), "You did not change it. The form has what is saved now.")
	require.Contains(t, html.UnescapeString(told.Body.String()), `"kid": "first"`)

	again := url.Values{}
	for _, match := range hidden.FindAllStringSubmatch(told.Body.String(), -1) {
		again.Set(match[1], html.UnescapeString(match[2]))
	}
	require.Equal(t, http.StatusSeeOther, o.send(one, again, "jwks", string(setOf(third)), "name", "Renamed").Code)
	require.Equal(t, http.StatusOK, o.present(third.sign(third.header(), o.claims())).Code)
}

func TestRegistrationForm(t *testing.T) {
	o := newOwner(t)
	form, shown := o.form(o.path("new"))
	require.Contains(t, shown, `<textarea id="jwks"`)
	w := o.send(o.path(), form, "client_type", "public", "jwks", string(setOf(o.key)), "name", "New")
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "A public application does not authenticate with a key")
	require.Contains(t, html.UnescapeString(w.Body.String()), string(setOf(o.key)), "nothing typed is lost")

	w = o.send(o.path(), form, "client_type", "confidential")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `id="client-secret"`)
	id := form.Get("client_id")
	require.Equal(t, http.StatusOK, o.present(o.assertion("iss", `"`+id+`"`, "sub", `"`+id+`"`)).Code)

	w = o.send(o.path(), form)
	require.Equal(t, http.StatusSeeOther, w.Code, "the same form again is the same application")
	w = o.send(o.path(), form, "jwks", string(setOf(newSigner("x"))))
	require.Equal(t, http.StatusOK, w.Code, "another key is another application")

	public, _, err := o.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Public", HomepageURL: "https://public.example", CallbackURLs: []string{"https://public.example/callback"}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	_, shown = o.form(o.path(public.ID.String(), "edit"))
	require.NotContains(t, shown, "jwks")
}
