package main

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	cookieName   = "webapp_session" // browsers share cookies between ports: no other example's name
	sessionLimit = 8 * time.Hour
	maxSessions  = 10_000
)

// A session is what is kept of one browser: the login under way, or its tokens.
type session struct {
	state, verifier string
	device          *oauth2.DeviceAuthResponse // the codes of a television; nil
	tokens          oauth2.TokenSource         // nil until logged in
	ends            time.Time
}

// sessions are kept in memory under the random value of a cookie. They are safe
// for concurrent use.
type sessions struct {
	mu   sync.Mutex
	byID map[string]session
}

func newSessions() *sessions { return &sessions{byID: map[string]session{}} }

// begin starts a session under a new ID.
func (s *sessions) begin(w http.ResponseWriter, kept session) {
	id := rand.Text()
	kept.ends = time.Now().Add(sessionLimit)
	s.mu.Lock()
	s.makeRoom()
	s.byID[id] = kept
	s.mu.Unlock()
	setCookie(w, id, 0)
}

// current returns the session of a request.
func (s *sessions) current(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.byID[cookie.Value]
	return kept, ok && time.Now().Before(kept.ends)
}

// end forgets the session of a request.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		delete(s.byID, cookie.Value)
		s.mu.Unlock()
	}
	setCookie(w, "", -1)
}

// makeRoom keeps the sessions bounded: those that ended go first, then any.
func (s *sessions) makeRoom() {
	if len(s.byID) < maxSessions {
		return
	}
	for id, kept := range s.byID {
		if !time.Now().Before(kept.ends) {
			delete(s.byID, id)
		}
	}
	for id := range s.byID {
		if len(s.byID) < maxSessions {
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
