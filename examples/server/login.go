package main

import (
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/oauthapps/oauthapps/flow"
)

// maxLoginForm is far more than a browser sends: the largest part is return_to,
// an authorization request.
const maxLoginForm = 64 << 10

// login signs people in and out. It is the demo's own: the library only asks
// who is signed in, and where to send who is not.
type login struct {
	sessions *sessions
	limiter  *loginLimiter
	origins  *http.CrossOriginProtection
	people   *directory
	logger   *slog.Logger

	hasTokens bool           // whether there are pages of API tokens
	provider  *flow.Provider // shows the pages; set once it is made, which takes currentUser
}

// loginURL is where the library sends who must sign in first.
func loginURL(returnTo string) string {
	return "/login?return_to=" + url.QueryEscape(returnTo)
}

// person returns who is signed in, and in which session.
func (l *login) person(r *http.Request) (person, session, bool) {
	current, ok := l.sessions.current(r)
	if !ok || current.User == "" {
		return person{}, session{}, false
	}
	p, ok := l.people.person(current.User)
	return p, current, ok
}

// currentUser answers the library's first question: who is signed in.
func (l *login) currentUser(r *http.Request) (*flow.User, error) {
	p, current, ok := l.person(r)
	if !ok {
		return nil, nil
	}
	return p.user(current), nil
}

// show answers GET /login. Who is signed in already goes on, unless they are
// here to sign in once more.
func (l *login) show(w http.ResponseWriter, r *http.Request) {
	asked := flow.ParseReturnTo(r.URL.Query().Get("return_to"))
	if _, _, ok := l.person(r); ok && !asked.Anew {
		http.Redirect(w, r, asked.ReturnTo, http.StatusSeeOther)
		return
	}
	l.form(w, r, http.StatusOK, loginPage{ReturnTo: asked.ReturnTo, Email: asked.Hint})
}

// submit answers POST /login.
func (l *login) submit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginForm)
	if err := r.ParseForm(); err != nil {
		l.form(w, r, http.StatusBadRequest, loginPage{ReturnTo: "/", Problem: "demo.unreadable"})
		return
	}
	email, password := r.PostForm.Get("email"), r.PostForm.Get("password")
	page := loginPage{ReturnTo: flow.ParseReturnTo(r.PostForm.Get("return_to")).ReturnTo, Email: email}

	if !l.madeHere(r) || !l.sessions.keptBy(r) {
		l.refused(r, "sign-in form refused", "")
		page.Problem = "demo.too_late"
		l.form(w, r, http.StatusForbidden, page)
		return
	}
	if wait := l.limiter.take(email, r.RemoteAddr); wait > 0 {
		l.refused(r, "too many sign-in attempts", aimedAt(email))
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		page.Problem = "demo.too_many"
		l.form(w, r, http.StatusTooManyRequests, page)
		return
	}
	p, ok := authenticate(email, password)
	if !ok {
		l.refused(r, "sign-in failed", aimedAt(email))
		page.Problem = "demo.no_match"
		l.form(w, r, http.StatusUnauthorized, page)
		return
	}

	l.limiter.forget(email, r.RemoteAddr)
	before, _ := l.sessions.current(r)
	l.sessions.follow(w, before, strconv.Itoa(p.id))
	l.logger.InfoContext(r.Context(), "signed in", "user_id", strconv.Itoa(p.id), "remote_addr", remoteAddr(r))
	http.Redirect(w, r, page.ReturnTo, http.StatusSeeOther)
}

// refused logs a refusal, with the ID of the user whom it concerns, "" where
// that is nobody.
func (l *login) refused(r *http.Request, message, user string) {
	l.logger.WarnContext(r.Context(), message, "user_id", user, "remote_addr", remoteAddr(r))
}

// aimedAt returns the ID of the user whom an e-mail address belongs to. Others
// are not logged: people type passwords into the wrong field.
func aimedAt(email string) string {
	p, known := personByEmail(email)
	if !known {
		return ""
	}
	return strconv.Itoa(p.id)
}

// logout answers POST /logout. Who was asked for consent comes back to that, as
// whom they sign in next.
func (l *login) logout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginForm)
	returnTo := flow.ParseReturnTo(r.PostFormValue("return_to")).ReturnTo
	current, ok := l.sessions.current(r)
	if ok && !l.madeHere(r) {
		l.refused(r, "sign-out form refused", current.User)
		l.problem(w, r, http.StatusForbidden, "demo.still_signed_in", "demo.other_session")
		return
	}
	if ok {
		l.sessions.end(w, current)
		l.logger.InfoContext(r.Context(), "signed out", "user_id", current.User, "remote_addr", remoteAddr(r))
	}
	target := "/login"
	if returnTo != "/" {
		target = loginURL(returnTo)
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// home answers GET /: what the signed-in person can go to.
func (l *login) home(w http.ResponseWriter, r *http.Request) {
	p, _, ok := l.person(r)
	if !ok {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	var accounts []accountLinks
	for _, a := range p.accounts {
		below := "/accounts/" + strconv.Itoa(a.id)
		links := accountLinks{Name: a.name, Applications: below + "/oauth_applications"}
		if l.hasTokens {
			links.Tokens = below + "/api_tokens"
		}
		accounts = append(accounts, links)
	}
	l.provider.WritePage(w, r, http.StatusOK, "home.html", accounts)
}

// form shows the login form, in the browser's session or a new one.
func (l *login) form(w http.ResponseWriter, r *http.Request, status int, page loginPage) {
	current, ok := l.sessions.current(r)
	if !ok {
		current = l.sessions.begin(w, "")
	}
	page.FormToken = l.sessions.formToken(current)
	for _, p := range people {
		page.People = append(page.People, demoPerson{Email: p.email, Password: p.password})
	}
	l.provider.WritePage(w, r, status, "login.html", page)
}

// problem shows what went wrong, in two messages.
func (l *login) problem(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	l.provider.WritePage(w, r, status, "problem.html", problemPage{Status: status, Title: title, Message: message})
}

// pageData is the visitor, whom every page shows in its head.
func (l *login) pageData(r *http.Request) any {
	p, current, ok := l.person(r)
	if !ok {
		return nil
	}
	v := &visitor{Email: p.email, FormToken: l.sessions.formToken(current), Answer: r.Method == http.MethodPost}
	if r.Method == http.MethodGet && r.URL.Path == authorizePath {
		v.ReturnTo = r.URL.RequestURI()
	}
	return v
}
