package main

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	cookieName = "webapp_visit" // browsers share cookies between ports: no other example's name
	visitLimit = 8 * time.Hour
	maxVisits  = 10_000
)

// A visit is what is kept of one browser: the login under way, or its tokens.
type visit struct {
	state, verifier string
	tokens          oauth2.TokenSource // nil until logged in
	ends            time.Time
}

// visits are kept in memory under the random value of a cookie. They are safe
// for concurrent use.
type visits struct {
	mu   sync.Mutex
	byID map[string]visit
}

func newVisits() *visits { return &visits{byID: map[string]visit{}} }

// begin starts a visit under a new ID.
func (s *visits) begin(w http.ResponseWriter, v visit) {
	id := rand.Text()
	v.ends = time.Now().Add(visitLimit)
	s.mu.Lock()
	s.makeRoom()
	s.byID[id] = v
	s.mu.Unlock()
	setCookie(w, id, 0)
}

// current returns the visit of a request.
func (s *visits) current(r *http.Request) (visit, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return visit{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.byID[cookie.Value]
	return v, ok && time.Now().Before(v.ends)
}

// end forgets the visit of a request.
func (s *visits) end(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		delete(s.byID, cookie.Value)
		s.mu.Unlock()
	}
	setCookie(w, "", -1)
}

// makeRoom keeps the visits bounded: those that ended go first, then any.
func (s *visits) makeRoom() {
	if len(s.byID) < maxVisits {
		return
	}
	for id, v := range s.byID {
		if !time.Now().Before(v.ends) {
			delete(s.byID, id)
		}
	}
	for id := range s.byID {
		if len(s.byID) < maxVisits {
			return
		}
		delete(s.byID, id)
	}
}

func setCookie(w http.ResponseWriter, value string, maxAge int) {
	w.Header().Del("Set-Cookie")
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // the provider sends the browser back from another site
		// Served by https, it would be Secure and have the prefix __Host- too.
	})
}
