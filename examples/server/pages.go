package main

import (
	"embed"
	"io/fs"
	"net/http"
)

// The demo's own pages, which the library shows in its frame; what the demo
// adds to that frame; what both say, in each language; and the demo's additions
// to the library's stylesheet.
//
//go:embed pages
var embedded embed.FS

// pageFiles are the files by their names, as flow.Config.Pages.Files takes
// them.
func pageFiles() fs.FS {
	files, err := fs.Sub(embedded, "pages")
	if err != nil {
		panic(err) // the name is valid
	}
	return files
}

// A visitor is who is signed in, as the head of every page shows them, the
// library's and the demo's own.
type visitor struct {
	Email     string
	FormToken string // for the sign-out form
	ReturnTo  string // where the next one to sign in goes on; "" for the start page
	Answer    bool   // the page answers a form, and has no address to come back to
}

// loginPage is the data of login.html.
type loginPage struct {
	ReturnTo  string
	Email     string // as typed before
	Problem   string // the key of the message of what was wrong; "" the first time
	FormToken string
	People    []demoPerson
}

type demoPerson struct{ Email, Password string }

// home.html gets a list of these.
type accountLinks struct{ Name, Applications, Tokens string } // Tokens is "" where the capability is off

// problemPage is the data of problem.html.
type problemPage struct {
	Status         int
	Title, Message string // keys of messages
}

// stylesheet answers GET /demo.css.
func stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, pageFiles(), "demo.css")
}
