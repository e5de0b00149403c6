package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// An app is the web application.
type app struct {
	provider string // the issuer identifier, and where the API is
	oauth    oauth2.Config
	http     *http.Client
	sessions *sessions
}

func newApp(opts options, url string) *app {
	return &app{
		provider: opts.provider,
		oauth: oauth2.Config{
			ClientID:     opts.clientID,
			ClientSecret: opts.clientSecret,
			Endpoint: oauth2.Endpoint{
				AuthURL:       opts.provider + "/oauth/authorize",
				DeviceAuthURL: opts.provider + "/oauth/device_authorization",
				TokenURL:      opts.provider + "/oauth/token",
				AuthStyle:     oauth2.AuthStyleInHeader,
			},
			RedirectURL: url + "/callback",
			Scopes:      []string{"read"},
		},
		http:     &http.Client{Timeout: 10 * time.Second},
		sessions: newSessions(),
	}
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("GET /me", a.me)
	mux.HandleFunc("GET /tv", a.television)
	mux.HandleFunc("GET /tv/wait", a.televisionWait)
	mux.HandleFunc("POST /logout", a.logout)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	if kept, ok := a.sessions.current(r); ok && kept.tokens != nil {
		http.Redirect(w, r, "/me", http.StatusSeeOther)
		return
	}
	a.page(w, http.StatusOK, page{})
}

// login sends the browser to the provider. What comes back must carry the
// state, and the code is worth nothing without the verifier, which stays here.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	a.sessions.begin(w, session{state: state, verifier: verifier})
	http.Redirect(w, r, a.oauth.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

// callback is where the provider sends the browser back to.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	kept, ok := a.sessions.current(r)
	if !ok || kept.state == "" || subtle.ConstantTimeCompare([]byte(kept.state), []byte(query.Get("state"))) == 0 {
		a.page(w, http.StatusBadRequest, page{Problem: "This is not the answer to a login that was begun in this browser."})
		return
	}
	a.sessions.end(w, r) // the state is good for one answer
	if query.Get("iss") != a.provider {
		a.page(w, http.StatusBadRequest, page{Problem: "The answer came from somebody else than " + a.provider + "."})
		return
	}
	if code := query.Get("error"); code != "" {
		a.page(w, http.StatusForbidden, page{Problem: "You were not logged in. " + explain(code, query.Get("error_description"))})
		return
	}
	token, err := a.oauth.Exchange(a.context(), query.Get("code"), oauth2.VerifierOption(kept.verifier))
	if err != nil {
		a.page(w, http.StatusBadGateway, page{Problem: "You were not logged in: the code could not be exchanged for a token.", Detail: detail(err)})
		return
	}
	// A new cookie, so that nobody who knew the old one is logged in by this.
	a.sessions.begin(w, session{tokens: a.oauth.TokenSource(a.context(), token)})
	http.Redirect(w, r, "/me", http.StatusSeeOther)
}

// me calls the API with the user's access token and shows the answer.
func (a *app) me(w http.ResponseWriter, r *http.Request) {
	kept, ok := a.sessions.current(r)
	if !ok || kept.tokens == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	answer, err := a.whoami(r.Context(), kept.tokens)
	switch {
	case errors.Is(err, errRefused):
		// The user withdrew access, or did not come back for too long. What is
		// kept of them is of no use any more.
		a.sessions.end(w, r)
		a.page(w, http.StatusUnauthorized, page{
			Problem: "Refused: this application no longer has access to your account. Log in again to give it back.",
			Detail:  detail(err),
		})
	case err != nil:
		a.page(w, http.StatusBadGateway, page{In: true, Problem: "The API did not answer as it should. Your login still stands; try again.", Detail: detail(err)})
	default:
		a.page(w, http.StatusOK, page{In: true, Answer: answer})
	}
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	a.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// context carries the HTTP client to package oauth2. It is not that of a
// request, as refreshing goes on after it.
func (a *app) context() context.Context {
	return context.WithValue(context.Background(), oauth2.HTTPClient, a.http)
}

// A page is what page.html shows.
type page struct {
	In      bool // logged in
	Answer  *answer
	Problem string
	Detail  string // the words of the protocol
}

func (a *app) page(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// The callback's URL holds the code: it is not passed on.
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	pageTemplate.Execute(w, p)
}

// explain puts the error of an authorization response into words.
func explain(code, description string) string {
	if code == "access_denied" {
		return "You chose not to authorize this application."
	}
	return "The answer was " + code + ": " + description
}
