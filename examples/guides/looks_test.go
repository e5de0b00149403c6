package guides

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/oauthapps/oauthapps/flow"
)

// # Your own look
//
// Pages.Files replaces the library's files one by one, from an embed.FS. Begin
// with the least that does it:
//
//  1. style.css: copy the library's and change the colours, which stand in its
//     first rules.
//  2. navigation.html, footer.html and head.html: your frame around every page.
//  3. layout.html: your own document.
//  4. one page, such as consent.html. Its form must send what the library's
//     sends; flow.New refuses a page that names what there is not.
//
// The files and their data are listed in the documentation of package
// dashboard. Pages.Data gives your frame what it needs of the request, such as
// the name of whoever is signed in.
//
// # Your own pages
//
// Provider.WritePage shows a page of yours in the same frame, such as the one
// to sign in on.
func Example_looks() {
	cfg := service()
	cfg.Pages.Files = fstest.MapFS{ // an embed.FS in a program
		"navigation.html": {Data: []byte(`<nav><a href="/">{{.Host}}</a></nav>`)},
		"login.html":      {Data: []byte(`{{define "title"}}Sign in{{end}}{{define "main"}}<h1>Welcome to {{.Page}}</h1>{{end}}`)},
	}
	cfg.Pages.Data = func(*http.Request) any { return "Example Domains" }
	provider := must(flow.New(cfg))

	w := httptest.NewRecorder()
	provider.WritePage(w, httptest.NewRequest(http.MethodGet, "/login", nil), http.StatusOK, "login.html", "Example")
	for _, part := range []string{"<title>Sign in", `<a href="/">Example Domains</a>`, "<h1>Welcome to Example</h1>"} {
		fmt.Println(strings.Contains(w.Body.String(), part))
	}
	// Output:
	// true
	// true
	// true
}
