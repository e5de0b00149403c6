package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
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

// A session is one browser at the demo: signed in, or on its way there. It is
// kept in a signed cookie, so that it survives a restart of the server and is
// good at every node that has the keys.
type session struct {
	ID      string    `json:"id"`
	Forms   string    `json:"forms"`          // what its forms are bound to
	User    string    `json:"user,omitempty"` // "" while nobody is signed in
	Started time.Time `json:"started"`        // when that person signed in
	Seen    time.Time `json:"seen"`
}

// sessions hands out session cookies and checks them. It is safe for concurrent
// use.
type sessions struct {
	keys   [][]byte // the first signs, all verify
	secure bool
	now    func() time.Time

	// ended are the sessions that each person has left, by the person's ID.
	// They are in memory: after a restart, and at another node, a cookie that
	// was copied before its owner signed out works until it expires. A service
	// with a database keeps sessions there.
	mu    sync.Mutex
	ended map[string]*endings
}

func newSessions(keys [][]byte, secure bool, now func() time.Time) *sessions {
	return &sessions{keys: keys, secure: secure, now: now, ended: map[string]*endings{}}
}

// begin starts a session under a new ID and hands its cookie to the browser.
// Signing in always begins one, so that an ID known from before is worth
// nothing.
func (s *sessions) begin(w http.ResponseWriter, user string) session {
	return s.start(w, user, rand.Text())
}

// follow ends a session and begins the next one of the same browser. Where the
// same person signs in again, the forms of before stay good: a page that is
// open in another tab is theirs still.
func (s *sessions) follow(w http.ResponseWriter, before session, user string) session {
	s.end(w, before)
	if before.User == user {
		return s.start(w, user, before.Forms)
	}
	return s.begin(w, user)
}

func (s *sessions) start(w http.ResponseWriter, user, forms string) session {
	now := s.now()
	begun := session{ID: rand.Text(), Forms: forms, User: user, Started: now, Seen: now}
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
	if now.Sub(found.Seen) >= sessionIdle || now.Sub(found.Started) >= sessionLimit || s.hasEnded(found) {
		return session{}, false
	}
	return found, true
}

// keptBy reports whether a browser keeps cookies: it has one, be its session
// over or not.
func (s *sessions) keptBy(r *http.Request) bool {
	_, err := r.Cookie(s.cookieName())
	return err == nil
}

// end makes the server refuse a session from now on and takes back its cookie.
// One that nobody is signed in to opens nothing, so only its cookie goes.
func (s *sessions) end(w http.ResponseWriter, over session) {
	if over.User != "" {
		s.remember(over)
	}
	gone := s.cookie("")
	gone.MaxAge = -1
	replaceCookie(w, gone)
}

// renewing keeps the session of a browser that comes back from going idle. It
// is for pages, which no cache keeps: a cookie on what a shared cache keeps
// would sign in whoever asks next.
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

// replaceCookie sets the one cookie of the demo in place of what the response
// had so far: signing in or out must win over a renewal. No cache keeps such a
// response.
func replaceCookie(w http.ResponseWriter, cookie *http.Cookie) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Del("Set-Cookie")
	http.SetCookie(w, cookie)
}

func (s *sessions) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/",
		HttpOnly: true, Secure: s.secure,
		// Lax, as a browser arrives at the authorization endpoint from another
		// site.
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
	err := json.Unmarshal(payload, &found)
	return found, err == nil && found.Forms != ""
}

// formToken is what a form of the session must bring back, so that no other
// site can send it.
func (s *sessions) formToken(current session) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.keys[0], "form", current.Forms))
}

// checkForm reports whether a form was made for the session.
func (s *sessions) checkForm(current session, token string) bool {
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && s.signed(signature, "form", current.Forms)
}

// signed reports whether a signature is one of the keys' for a value.
func (s *sessions) signed(signature []byte, purpose, value string) bool {
	return slices.ContainsFunc(s.keys, func(key []byte) bool { return hmac.Equal(signature, mac(key, purpose, value)) })
}

// mac tells purposes apart by their name, which holds no NUL.
func mac(key []byte, purpose, value string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose + "\x00" + value))
	return h.Sum(nil)
}
