package flowtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/oauthapps/oauthapps/flow"
)

// An Answer is what a user does on the consent page. The zero Answer authorizes
// the application as the page suggests.
type Answer struct {
	// Deny cancels instead.
	Deny bool
	// AccountID is the account that the user chooses. Defaults to the one that
	// the page has selected.
	AccountID string
	// Scopes are the optional scopes that the user ticks; see
	// flow.ApplicationSettings. Nil leaves the ticks as they are on the page.
	Scopes []string
}

// Authorize plays the browser of a user who is signed in and whom a client
// sends to authorizationURL, such as the AuthCodeURL of golang.org/x/oauth2. It
// answers the consent page, if one is shown. It returns the URL at the client
// that the user is sent back to, with code or error in its query.
//
// It goes through the pages of the configuration, a host's own consent page
// included, in this process and without a network. It ends the test if the user
// is shown an error, is asked to sign in again, or finds no such account or
// scope on the page. It is not for the pages of package device, where people
// enter codes.
func (p *Provider) Authorize(user flow.User, authorizationURL string, answer Answer) *url.URL {
	p.t.Helper()
	r := httptest.NewRequest(http.MethodGet, authorizationURL, nil)
	response := p.serve(user, r)
	if response.StatusCode == http.StatusOK {
		consent := p.consentForm(response.Body)
		p.fillIn(consent, answer)
		post := httptest.NewRequest(http.MethodPost, p.action(r.URL, consent), strings.NewReader(consent.values.Encode()))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, cookie := range response.Cookies() {
			post.AddCookie(cookie)
		}
		response = p.serve(user, post)
	}
	callback, err := response.Location()
	if err != nil || !callback.Query().Has("code") && !callback.Query().Has("error") {
		body, _ := io.ReadAll(response.Body)
		p.t.Fatalf("flowtest: the user was not sent back to the client: %s, Location %q\n%s", response.Status, response.Header.Get("Location"), body)
	}
	return callback
}

// serve answers a request of the user, in this process.
func (p *Provider) serve(user flow.User, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r.WithContext(context.WithValue(p.t.Context(), signedIn{}, &user)))
	return w.Result()
}

// signedIn is the key of the user in the context of a request of Authorize.
type signedIn struct{}

// signedInOr returns the user whom Authorize has signed in, and asks the host
// about every other request.
func signedInOr(currentUser func(*http.Request) (*flow.User, error)) func(*http.Request) (*flow.User, error) {
	return func(r *http.Request) (*flow.User, error) {
		if user, ok := r.Context().Value(signedIn{}).(*flow.User); ok {
			return user, nil
		}
		return currentUser(r)
	}
}

// A consentForm is the form of the consent page: what a browser would send
// before anybody touches it, and what can be chosen.
type consentForm struct {
	action  string
	values  url.Values
	choices map[string][]string // of lists, radio buttons and ticks, by their name
}

// consentForm finds the form among those that the host's frame may have beside
// it: only that one can be answered.
func (p *Provider) consentForm(page io.Reader) consentForm {
	p.t.Helper()
	document, err := html.Parse(page)
	if err != nil {
		p.t.Fatalf("flowtest: the consent page: %v", err)
	}
	for node := range document.Descendants() {
		if node.Data != "form" {
			continue
		}
		if form := readForm(node); form.values.Has("ticket") && form.values.Has("request") {
			return form
		}
	}
	p.t.Fatalf("flowtest: the consent page has no form with the fields request and ticket")
	return consentForm{}
}

// readForm returns what a browser would send of a form. Of a list it sends the
// first option, if none is selected.
func readForm(element *html.Node) consentForm {
	form := consentForm{action: attribute(element, "action"), values: url.Values{}, choices: map[string][]string{}}
	for node := range element.Descendants() {
		switch name := attribute(node, "name"); {
		case node.Data == "option":
			name, value := attribute(node.Parent, "name"), attribute(node, "value")
			form.choices[name] = append(form.choices[name], value)
			if has(node, "selected") || !form.values.Has(name) {
				form.values.Set(name, value)
			}
		case node.Data != "input":
		case attribute(node, "type") == "hidden":
			form.values.Add(name, attribute(node, "value"))
		default:
			value := attribute(node, "value")
			form.choices[name] = append(form.choices[name], value)
			if has(node, "checked") {
				form.values.Add(name, value)
			}
		}
	}
	return form
}

// fillIn changes the form as the user does.
func (p *Provider) fillIn(form consentForm, answer Answer) {
	p.t.Helper()
	form.values.Set("decision", "authorize")
	if answer.Deny {
		form.values.Set("decision", "deny")
	}
	if answer.AccountID != "" && form.values.Get("account_id") != answer.AccountID {
		p.choose(form, "account_id", answer.AccountID)
	}
	if answer.Scopes != nil {
		p.choose(form, "scope", answer.Scopes...)
	}
}

// choose selects these values of a field and no others.
func (p *Provider) choose(form consentForm, name string, values ...string) {
	p.t.Helper()
	form.values.Del(name)
	for _, value := range values {
		if !slices.Contains(form.choices[name], value) {
			p.t.Fatalf("flowtest: the consent page offers %q for %s, and not %q", form.choices[name], name, value)
		}
		form.values.Add(name, value)
	}
}

// action is where the form is sent.
func (p *Provider) action(page *url.URL, form consentForm) string {
	p.t.Helper()
	action, err := page.Parse(form.action)
	if err != nil {
		p.t.Fatalf("flowtest: the form of the consent page: %v", err)
	}
	return action.String()
}

// attribute returns an attribute of an element, "" where it has none.
func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(node *html.Node, name string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == name })
}
