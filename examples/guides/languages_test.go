package guides

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

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
//     "scope_group." and the group. Provider.Check tells what is not there.
//
// # Another language, other words
//
// A file of messages replaces those of the library one by one, so that the same
// file changes a word in English, or has all words of a language that the
// library lacks. Copy the texts of the library, translate them, and put them
// all into one file, such as messages/pt.json; what you leave out is in
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
// login.welcome below, has to be in your messages/en.json as well. The
// documentation of package dashboard tells how messages are written. The
// functions msg and date say the messages of your own pages.
func Example_languages() {
	cfg := service()
	cfg.Pages.Languages = []string{"en", "de", "nl"}
	cfg.Pages.Language = func(r *http.Request) string {
		setting, err := r.Cookie("language") // or what your database has of the person
		if err != nil {
			return ""
		}
		return setting.Value
	}
	cfg.Pages.Files = fstest.MapFS{ // an embed.FS in a program
		"messages/en.json": {Data: []byte(`{"consent.authorize": "Allow", "login.welcome": "Welcome to {1}"}`)},
		"messages/de.json": {Data: []byte(`{"scope.read": "Ihre Domains lesen", "login.welcome": "Willkommen bei {1}"}`)},
		"messages/nl.json": {Data: []byte(`{"login.welcome": "Welkom bij {1}"}`)},
		"login.html":       {Data: []byte(`{{define "title"}}{{msg "login.welcome" .Page}}{{end}}{{define "main"}}<h1>{{msg "login.welcome" .Page}}</h1>{{end}}`)},
	}
	provider := must(flow.New(cfg))

	for _, language := range []string{"", "de-CH", "nl"} {
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		r.Header.Set("Accept-Language", language)
		w := httptest.NewRecorder()
		provider.WritePage(w, r, http.StatusOK, "login.html", "Example Domains")
		_, heading, _ := strings.Cut(w.Body.String(), "<h1>")
		heading, _, _ = strings.Cut(heading, "</h1>")
		fmt.Println(w.Header().Get("Content-Language"), heading)
	}
	// Output:
	// en Welcome to Example Domains
	// de Willkommen bei Example Domains
	// nl Welkom bij Example Domains
}
