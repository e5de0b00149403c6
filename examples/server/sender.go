package main

import "net/http"

// A sender is who sent a form, as the browser tells.
type sender int

const (
	unknown sender = iota // the browser does not tell: what the form brings back decides
	own                   // a page of this site
	foreign               // a page of another site
)

// senderOf tells by Sec-Fetch-Site, or else by Origin. Browsers that lack the
// former leave the latter out, or say null, where they are told to keep the
// address of a page to themselves.
func senderOf(r *http.Request, check *http.CrossOriginProtection) sender {
	silent := r.Header.Get("Sec-Fetch-Site") == ""
	origin := r.Header.Get("Origin")
	switch {
	case silent && (origin == "" || origin == "null"):
		return unknown
	case check.Check(r) != nil:
		return foreign
	}
	return own
}

// takesForm lets forms of other sites through to nobody.
func (l *login) takesForm(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if senderOf(r, l.origins) == foreign {
			l.refused(r, "form of another site refused", "")
			l.problem(w, r, http.StatusForbidden, "demo.other_site", "demo.other_site_text")
			return
		}
		next(w, r)
	}
}

// madeHere reports whether a form is from this site. Where the browser says so,
// it need not be of the session that there is now: another tab may have begun
// that since.
func (l *login) madeHere(r *http.Request) bool {
	if senderOf(r, l.origins) == own {
		return true
	}
	current, ok := l.sessions.current(r)
	return ok && l.sessions.checkForm(current, r.PostForm.Get("form_token"))
}
