package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	sessionIdle   = 2 * time.Hour    // without a request
	sessionLimit  = 12 * time.Hour   // since sign-in, or since the first page for nobody
	sessionRenews = 1 * time.Minute  // how stale the time of the last request may be
	cookieName    = "oauthapps_demo" // with the prefix __Host- under https
)

// A session is one browser at the demo: signed in, or on its way there. It is kept
// in a signed cookie, so that it survives a restart of the server and is good at every
// node that has the keys.
type session struct {
	ID      string    `json:"id"`
	User    string    `json:"user,omitempty"` // "" while nobody is signed in
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"`
}

// sessions hands out session cookies and checks them. It is safe for concurrent use.
type sessions struct {
	keys   [][]byte // the first signs, all verify
	secure bool
	now    func() time.Time

	// ended are the sessions signed out of, until they would have expired. The list is in
	// memory: after a restart, and at another node, a cookie that was copied before its
	// owner signed out works until it expires. A service with a database keeps
	// sessions there.
	mu    sync.Mutex
	ended map[string]time.Time
}

func newSessions(keys [][]byte, secure bool, now func() time.Time) *sessions {
	return &sessions{keys: keys, secure: secure, now: now, ended: map[string]time.Time{}}
}

// begin starts a session under a new ID and hands its cookie to the browser. Signing
// in always begins one, so that an ID known from before is worth nothing.
func (s *sessions) begin(w http.ResponseWriter, user string) session {
	now := s.now()
	begun := session{ID: rand.Text(), User: user, Started: now, Seen: now}
	s.setCookie(w, begun)
	return begun
}

// current returns the session of a request, signed in or not.
func (s *sessions) current(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return session{}, false
	}
	found, ok := s.decode(cookie.Value)
	if !ok {
		return session{}, false
	}
	now := s.now()
	if now.Sub(found.Seen) >= sessionIdle || now.Sub(found.Started) >= sessionLimit {
		return session{}, false
	}
	s.mu.Lock()
	_, over := s.ended[found.ID]
	s.mu.Unlock()
	return found, !over
}

// end makes the server refuse a session from now on and takes back its cookie.
func (s *sessions) end(w http.ResponseWriter, over session) {
	now := s.now()
	s.mu.Lock()
	for id, expires := range s.ended {
		if !now.Before(expires) {
			delete(s.ended, id)
		}
	}
	s.ended[over.ID] = over.Started.Add(sessionLimit)
	s.mu.Unlock()

	gone := s.cookie("")
	gone.MaxAge = -1
	replaceCookie(w, gone)
}

// renewing keeps the session of a browser that comes back from going idle.
func (s *sessions) renewing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if found, ok := s.current(r); ok && s.now().Sub(found.Seen) >= sessionRenews {
			found.Seen = s.now()
			s.setCookie(w, found)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *sessions) setCookie(w http.ResponseWriter, current session) {
	replaceCookie(w, s.cookie(s.encode(current)))
}

// replaceCookie sets the one cookie of the demo in place of what the response had
// so far: signing in or out must win over a renewal.
func replaceCookie(w http.ResponseWriter, cookie *http.Cookie) {
	w.Header().Del("Set-Cookie")
	http.SetCookie(w, cookie)
}

func (s *sessions) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/",
		HttpOnly: true, Secure: s.secure,
		// Lax, as a browser arrives at the authorization endpoint from another site.
		SameSite: http.SameSiteLaxMode,
	}
}

func (s *sessions) cookieName() string {
	if s.secure {
		return "__Host-" + cookieName
	}
	return cookieName // browsers refuse the prefix without https
}

// encode returns the session and its MAC, each in base64, with a dot between.
func (s *sessions) encode(current session) string {
	payload, err := json.Marshal(current)
	if err != nil {
		panic(err) // strings and times always marshal
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(mac(s.keys[0], "session", string(payload)))
}

func (s *sessions) decode(value string) (session, bool) {
	encoded, encodedMAC, _ := strings.Cut(value, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(encoded)
	signature, err2 := base64.RawURLEncoding.Strict().DecodeString(encodedMAC)
	if err1 != nil || err2 != nil || !s.signed(signature, "session", string(payload)) {
		return session{}, false
	}
	var found session
	return found, json.Unmarshal(payload, &found) == nil
}

// formToken is what a form of the session must bring back, so that no other site
// can send it.
func (s *sessions) formToken(current session) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.keys[0], "form", current.ID))
}

// checkForm reports whether a form was made for the session.
func (s *sessions) checkForm(current session, token string) bool {
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && s.signed(signature, "form", current.ID)
}

// signed reports whether a signature is one of the keys' for a value.
func (s *sessions) signed(signature []byte, purpose, value string) bool {
	for _, key := range s.keys {
		if hmac.Equal(signature, mac(key, purpose, value)) {
			return true
		}
	}
	return false
}

// mac tells purposes apart by their name, which holds no NUL.
func mac(key []byte, purpose, value string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose + "\x00" + value))
	return h.Sum(nil)
}
