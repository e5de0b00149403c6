package ticket

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
)

// A Session tells what a form is bound to beside its user: their session at the
// host or, where the host names none, a cookie of their browser.
type Session struct {
	// HTTPS tells that browsers reach the service by https alone.
	HTTPS bool
}

// cookieName is that of the cookie. With the prefix no other host of the same
// domain can have set it (RFC 6265bis, section 4.1.3.2).
func (s Session) cookieName() string {
	if s.HTTPS {
		return "__Host-oauthapps_form"
	}
	return "oauthapps_form"
}

// Of returns what forms of a request are bound to. host is the session at the
// host, "" where that names none. For a browser without the cookie it returns
// what no ticket is bound to.
func (s Session) Of(r *http.Request, host string) string {
	if host != "" {
		return host
	}
	if value, ok := s.cookie(r); ok {
		return value
	}
	return newValue()
}

// Begin returns what forms on the page that answers a request are bound to.
// Where that is the cookie, and the browser has none, the answer sets one, and
// the request has it from then on.
func (s Session) Begin(w http.ResponseWriter, r *http.Request, host string) string {
	if host != "" {
		return host
	}
	if value, ok := s.cookie(r); ok {
		return value
	}
	value := newValue()
	cookie := &http.Cookie{
		Name:     s.cookieName(),
		Value:    value,
		Path:     "/",
		Secure:   s.HTTPS,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	http.SetCookie(w, cookie)
	r.AddCookie(cookie)
	return value
}

const valueSize = 32 // bytes

// cookie returns the value of the cookie, if it is one that was set here.
func (s Session) cookie(r *http.Request) (value string, ok bool) {
	for _, c := range r.CookiesNamed(s.cookieName()) {
		if len(c.Value) != base64.RawURLEncoding.EncodedLen(valueSize) {
			continue
		}
		b, err := base64.RawURLEncoding.Strict().DecodeString(c.Value)
		if err == nil && len(b) == valueSize {
			return c.Value, true
		}
	}
	return "", false
}

func newValue() string {
	b := make([]byte, valueSize)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
