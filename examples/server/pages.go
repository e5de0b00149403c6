package main

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
)

// The demo's own pages, the parts that it adds to those of the library, and its
// additions to the library's stylesheet, which its own pages use too.
//
//go:embed pages
var pageFiles embed.FS

// A visitor is who is signed in, as the head of every page shows them, the
// library's and the demo's own.
type visitor struct {
	Email     string
	FormToken string // for the sign-out form
}

// A document is what templates receive. Those of the library find the visitor in
// the same place.
type document struct {
	Page any
	Host any // a *visitor, or nil while nobody is signed in
}

// loginPage is the data of login.html.
type loginPage struct {
	ReturnTo  string
	Email     string // as typed before
	Problem   string // what was wrong with it; "" the first time
	FormToken string
	People    []demoPerson
}

type demoPerson struct{ Email, Password string }

// home.html gets a list of these.
type accountLink struct{ Name, URL string }

// problemPage is the data of problem.html.
type problemPage struct {
	Status         int
	Title, Message string
}

// pages renders the demo's own pages.
type pages struct{ byName map[string]*template.Template }

func newPages() *pages {
	layout := template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/library/*.html"))
	p := &pages{byName: map[string]*template.Template{}}
	for _, name := range []string{"login.html", "home.html", "problem.html"} {
		page := template.Must(layout.Clone())
		p.byName[name] = template.Must(page.ParseFS(pageFiles, "pages/"+name))
	}
	return p
}

// forLibrary is what the demo lays over the pages of the library, to be the head of
// each with the visitor and the sign-out form.
func (p *pages) forLibrary() fs.FS {
	sub, err := fs.Sub(pageFiles, "pages/library")
	if err != nil {
		panic(err) // the name is valid
	}
	return sub
}

// contentSecurityPolicy allows a page nothing but the stylesheets of this server.
//
// It has no form-action. Browsers hold every redirect that follows a form against it,
// and what follows the login form is the authorization endpoint, which may go
// on to the callback URL of any application.
const contentSecurityPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// render answers with a page, which no cache keeps.
func (p *pages) render(w http.ResponseWriter, status int, name string, data document) {
	var body bytes.Buffer
	if err := p.byName[name].ExecuteTemplate(&body, "layout.html", data); err != nil {
		panic(err) // a fault of the demo, which its tests would find
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none") // a client may open the login in a pop-up
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	w.Write(body.Bytes()) // an error means that the user has gone
}

// stylesheet answers GET /demo.css.
func (p *pages) stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, pageFiles, "pages/demo.css")
}
