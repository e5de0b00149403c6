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
//  1. head.html: link a stylesheet of yours, from the same origin, as below. It
//     comes after the library's, and gives the colours other values. All of
//     them stand in the first rules of GET /oauth/style.css, with a second set
//     for those who have chosen a dark screen.
//  2. navigation.html and footer.html: your frame around every page. A browser
//     loads images of the same origin there, and ignores style attributes.
//  3. layout.html: your own document, if the frame does not do, as below.
//  4. one page, such as consent.html. Its form must send what the library's
//     sends; flow.New refuses a page that names what there is not, and
//     Authorize of package flowtest goes through yours in a test.
//
// List package gallery while you work on them: GET /oauth/gallery links every
// page in every state, with sample data.
//
// The library's files are in flow/internal/page/files, and the pages of a
// capability, such as package device, in its folder pages, below the folder
// that this prints:
//
//	go list -m -f '{{.Dir}}' github.com/oauthapps/oauthapps
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
		"layout.html": {Data: []byte(`<!DOCTYPE html>
<html lang="{{lang}}" dir="{{dir}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{template "title" .}}</title><link rel="stylesheet" href="{{.Stylesheet}}">
{{with .Script}}<script src="{{.}}" defer></script>{{end}}{{template "head.html" .}}</head>
<body class="oauthapps-page">{{template "navigation.html" .}}<main class="oauthapps oauthapps-main">{{template "main" .}}</main></body>
</html>`)},
		"head.html":       {Data: []byte(`<link rel="stylesheet" href="/brand.css">`)},
		"navigation.html": {Data: []byte(`<nav><a href="/">{{.Host}}</a></nav>`)},
		"login.html":      {Data: []byte(`{{define "title"}}Sign in{{end}}{{define "main"}}<h1>Welcome to {{.Page}}</h1>{{end}}`)},
	}
	cfg.Pages.Data = func(*http.Request) any { return "Example Domains" }
	const brand = `.oauthapps-page, .oauthapps { --accent: #a3420d; --accent-over: #7a3109; --link: #a3420d; }`
	mux := http.NewServeMux() // yours
	mux.HandleFunc("GET /brand.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, brand)
	})
	provider := must(flow.New(cfg))

	w := httptest.NewRecorder()
	provider.WritePage(w, httptest.NewRequest(http.MethodGet, "/login", nil), http.StatusOK, "login.html", "Example")
	for _, part := range []string{"<title>Sign in", `href="/brand.css"`, `<a href="/">Example Domains</a>`, "<h1>Welcome to Example</h1>"} {
		fmt.Println(strings.Contains(w.Body.String(), part))
	}
	// Output:
	// true
	// true
	// true
	// true
}
