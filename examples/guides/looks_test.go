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
//  1. style.css: copy the library's, which is what GET /oauth/style.css serves,
//     and change the colours, which stand in its first rules.
//  2. navigation.html, footer.html and head.html: your frame around every page.
//  3. layout.html: your own document, as below. Stylesheets of your own may be
//     linked there as well, from the same origin.
//  4. one page, such as consent.html. Its form must send what the library's
//     sends; flow.New refuses a page that names what there is not, and
//     Authorize of package flowtest goes through yours in a test.
//
// The library's files are in flow/internal/page/files, and the pages of a
// capability, such as package device, in its folder pages. The files and their
// data are listed in the documentation of package dashboard. Pages.Data gives
// your frame what it needs of the request, such as the name of whoever is
// signed in.
//
// # Your own pages
//
// Provider.WritePage shows a page of yours in the same frame, such as the one
// to sign in on.
func Example_looks() {
	cfg := service()
	cfg.Pages.Files = fstest.MapFS{ // an embed.FS in a program
		"layout.html": {Data: []byte(`<!DOCTYPE html>
<html lang="{{lang}}" dir="{{dir}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{template "title" .}}</title><link rel="stylesheet" href="{{.Stylesheet}}">
{{with .Script}}<script src="{{.}}" defer></script>{{end}}</head>
<body>{{template "navigation.html" .}}<main class="oauthapps oauthapps-main">{{template "main" .}}</main></body>
</html>`)},
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
