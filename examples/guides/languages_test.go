package guides

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing/fstest"
	"time"

	"github.com/oauthapps/oauthapps/flow"
)

// # Languages
//
// The pages are in the language of who reads them, of those that the library
// has and those that you add. Three things are yours:
//
//  1. Pages.Language returns the language that a person has set in your
//     service. Without a setting, an application says with ui_locales what its
//     user speaks, and after that the browser does.
//  2. Pages.Languages names the languages that you want, the default one first.
//     Name those that the rest of your service speaks.
//  3. messages/de.json in Pages.Files has what your scopes are called in
//     German: "scope." and the name, "scope_risk." and the name, and
//     "scope_group." and the group; and "resource." and the name of each of
//     your APIs. Provider.Check tells what is not there.
//
// # Your own pages
//
// What your own pages say, such as your login page, is in the same files of
// messages: {{msg "site.welcome" .Page.Service}} says one, and where your code
// decides what is said, it gives the page the key, as Problem below. {{ago}},
// {{date}}, {{when}} and {{exact}} say a time.Time. Begin your keys with a name
// that the library has none of, such as that of your service.
//
// flow.New refuses a page that names a message that there is not. In your
// tests, flowtest.Untranslated finds what you wrote out in a template instead,
// and Provider.Check what a language lacks.
//
// An application tells the language of its user with the authorization request.
// The consent page follows that by itself; your login page, which comes before
// it, gets the languages from flow.ParseReturnTo, as Pages.Language does below.
//
// # Time zones
//
// Times on pages are in UTC, and say so, until Pages.TimeZone returns the zone
// of the person, such as from a setting of theirs: browsers do not tell it.
// Then they say how far that is ahead of UTC at the time, summer time included.
// Your own pages show a time.Time in its own zone: give them t.In(zone). The
// digits are Western ones in every language.
//
// # Another language, other words
//
// A file of messages replaces those of the library one by one, so that the same
// file changes a word in English, or has all words of a language that the
// library lacks. Copy the texts of the library, translate them, and put them
// all into one file, such as messages/nl.json; what you leave out is in
// English, and Provider.Check counts it. The texts are in
//
//	flow/internal/page/messages/en.json   the pages that every service has
//	flow/device/pages/messages/en.json    the pages of device; so for tokens
//	flow/dpop/messages/en.json            what dpop adds to a form; so for
//	                                      clientcredentials, clientkeys, par
//	                                      and registration
//
// Take those of the capabilities that you list, and of no others: flow.New
// refuses a text that is not in English too. So a text of your own, such as
// site.welcome below, has to be in your messages/en.json as well. The
// documentation of package dashboard tells how messages are written.
//
// A new version of the library may have other texts. Have a test call flow.New
// and Provider.Check before you serve it: New names the first text of yours
// whose arguments differ from the English ones, and Check counts what is new.
func Example_languages() {
	cfg := service()
	cfg.Pages.Languages = []string{"en", "de", "nl"}
	cfg.Pages.Language = func(r *http.Request) string {
		if setting, err := r.Cookie("language"); err == nil { // or what your database has of the person
			return setting.Value
		}
		return strings.Join(flow.ParseReturnTo(r.URL.Query().Get("return_to")).Locales, ",")
	}
	cfg.Pages.TimeZone = func(r *http.Request) *time.Location {
		if setting, err := r.Cookie("zone"); err == nil { // or what your database has of the person
			zone, _ := time.LoadLocation(setting.Value)
			return zone // nil, for UTC, where there is no such zone
		}
		return nil
	}
	cfg.Pages.Files = fstest.MapFS{ // an embed.FS in a program
		"messages/en.json": {Data: []byte(`{"consent.authorize": "Allow", "site.welcome": "Welcome to {1}", "site.no_match": "No such person."}`)},
		"messages/de.json": {Data: []byte(`{"scope.read": "Ihre Domains lesen", "site.welcome": "Willkommen bei {1}", "site.no_match": "Die Person gibt es nicht."}`)},
		"messages/nl.json": {Data: []byte(`{"site.welcome": "Welkom bij {1}", "site.no_match": "Die persoon is er niet."}`)},
		"login.html": {Data: []byte(`{{define "title"}}{{msg "site.welcome" .Page.Service}}{{end}}
			{{define "main"}}<h1>{{msg "site.welcome" .Page.Service}}</h1>{{with .Page.Problem}}<p>{{msg .}}</p>{{end}}{{end}}`)},
	}
	provider := must(flow.New(cfg))

	login := loginPage{Service: "Example Domains", Problem: "site.no_match"}
	for _, request := range []string{"/oauth/authorize?client_id=x", "/oauth/authorize?client_id=x&ui_locales=de-CH", "/"} {
		r := httptest.NewRequest(http.MethodGet, "/login?return_to="+url.QueryEscape(request), nil)
		r.Header.Set("Accept-Language", "nl")
		w := httptest.NewRecorder()
		provider.WritePage(w, r, http.StatusUnauthorized, "login.html", login)
		_, main, _ := strings.Cut(w.Body.String(), "<h1>")
		main, _, _ = strings.Cut(main, "</p>")
		fmt.Println(w.Header().Get("Content-Language"), strings.Replace(main, "</h1><p>", ": ", 1))
	}
	// Output:
	// nl Welkom bij Example Domains: Die persoon is er niet.
	// de Willkommen bei Example Domains: Die Person gibt es nicht.
	// nl Welkom bij Example Domains: Die persoon is er niet.
}

// loginPage is the data of login.html.
type loginPage struct {
	Service string
	Problem string // the key of a message; "" the first time
}
