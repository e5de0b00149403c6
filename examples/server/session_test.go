package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A clock is set by its test.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)} }

func testSessions(secure bool) (*sessions, *clock) {
	clock := newClock()
	return newSessions([][]byte{make([]byte, 32)}, secure, clock.now), clock
}

// cookieOf returns the one cookie of a response.
func cookieOf(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	return cookies[0]
}

func requestWith(cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(cookie)
	return r
}

func TestSessionCookie(t *testing.T) {
	for name, secure := range map[string]bool{"oauthapps_demo": false, "__Host-oauthapps_demo": true} {
		s, _ := testSessions(secure)
		w := httptest.NewRecorder()
		begun := s.begin(w, "1")
		cookie := cookieOf(t, w)
		require.Equal(t, name, cookie.Name)
		require.Equal(t, secure, cookie.Secure)
		require.True(t, cookie.HttpOnly)
		require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
		require.Equal(t, "/", cookie.Path)
		require.Empty(t, cookie.Domain)

		found, ok := s.current(requestWith(cookie))
		require.True(t, ok)
		require.Equal(t, begun.ID, found.ID)
		require.Equal(t, "1", found.User)
	}
}

func TestSessionRefusesEveryChangedByte(t *testing.T) {
	s, _ := testSessions(false)
	w := httptest.NewRecorder()
	s.begin(w, "1")
	good := cookieOf(t, w).Value
	for i := range good {
		for _, replacement := range []byte{'A', 'b', '9', '.', '='} {
			if good[i] == replacement {
				continue
			}
			changed := []byte(good)
			changed[i] = replacement
			_, ok := s.decode(string(changed))
			require.False(t, ok, "byte %d", i)
		}
	}
	for _, value := range []string{"", ".", good + ".", good + "A", good[1:], "." + good, good + "=="} {
		_, ok := s.decode(value)
		require.False(t, ok, value)
	}
}

func TestSessionKeysDiffer(t *testing.T) {
	s, _ := testSessions(false)
	other := newSessions(masterKeys{newKey()}.derive("sessions"), false, s.now)
	w := httptest.NewRecorder()
	begun := s.begin(w, "1")
	_, ok := other.current(requestWith(cookieOf(t, w)))
	require.False(t, ok)
	require.False(t, other.checkForm(begun, s.formToken(begun)))
}

func TestSessionSurvivesRestartWithItsKey(t *testing.T) {
	keys := masterKeys{newKey()}
	clock := newClock()
	before := newSessions(keys.derive("sessions"), false, clock.now)
	after := newSessions(keys.derive("sessions"), false, clock.now)
	w := httptest.NewRecorder()
	before.begin(w, "2")
	found, ok := after.current(requestWith(cookieOf(t, w)))
	require.True(t, ok)
	require.Equal(t, "2", found.User)
}

// Every key verifies, so that nodes which sign with different ones serve the
// same people.
func TestSessionKeyIsReplaced(t *testing.T) {
	old, young := newKey(), newKey()
	clock := newClock()
	under := func(keys ...masterKey) *sessions {
		return newSessions(masterKeys(keys).derive("sessions"), false, clock.now)
	}
	before, both, turned, after := under(old), under(old, young), under(young, old), under(young)
	for _, step := range []struct {
		name         string
		signs, reads *sessions
		good         bool
	}{
		{"added, read by what has it not", both, before, true},
		{"turned, read by what had it added", turned, both, true},
		{"added, read by what has turned", both, turned, true},
		{"old, when it is removed", both, after, false},
		{"turned at once, read by what has it not", turned, before, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			begun := step.signs.begin(w, "2")
			_, ok := step.reads.current(requestWith(cookieOf(t, w)))
			require.Equal(t, step.good, ok)
			require.Equal(t, step.good, step.reads.checkForm(begun, step.signs.formToken(begun)))
		})
	}
}

func TestSessionLimits(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		s, clock := testSessions(false)
		w := httptest.NewRecorder()
		s.begin(w, "1")
		r := requestWith(cookieOf(t, w))
		clock.advance(sessionIdle - time.Nanosecond)
		_, ok := s.current(r)
		require.True(t, ok)
		clock.advance(time.Nanosecond)
		_, ok = s.current(r)
		require.False(t, ok)
	})
	t.Run("absolute, however busy", func(t *testing.T) {
		s, clock := testSessions(false)
		w := httptest.NewRecorder()
		s.begin(w, "1")
		cookie := cookieOf(t, w)
		step := sessionIdle / 2
		renewing := s.renewing(http.NotFoundHandler())
		for range sessionLimit/step - 1 {
			clock.advance(step)
			w := httptest.NewRecorder()
			renewing.ServeHTTP(w, requestWith(cookie))
			cookie = cookieOf(t, w)
		}
		_, ok := s.current(requestWith(cookie))
		require.True(t, ok)
		clock.advance(step)
		_, ok = s.current(requestWith(cookie))
		require.False(t, ok)
	})
	t.Run("not renewed with every request", func(t *testing.T) {
		s, clock := testSessions(false)
		w := httptest.NewRecorder()
		s.begin(w, "1")
		clock.advance(sessionRenews - time.Nanosecond)
		again := httptest.NewRecorder()
		s.renewing(http.NotFoundHandler()).ServeHTTP(again, requestWith(cookieOf(t, w)))
		require.Empty(t, again.Result().Cookies())
	})
}

func TestSessionEnd(t *testing.T) {
	s, clock := testSessions(false)
	w := httptest.NewRecorder()
	begun := s.begin(w, "1")
	r := requestWith(cookieOf(t, w))

	gone := httptest.NewRecorder()
	s.end(gone, begun)
	require.Negative(t, cookieOf(t, gone).MaxAge)
	_, ok := s.current(r)
	require.False(t, ok, "a copied cookie is of no use")

	// Who signs in again in that browser gets forms of their own.
	before, _ := s.current(r)
	require.NotEqual(t, begun.Forms, s.follow(httptest.NewRecorder(), before, "1").Forms)

	// Its end is remembered for as long as it matters, and not longer.
	clock.advance(sessionLimit)
	s.end(httptest.NewRecorder(), session{ID: "another", User: "2", Started: s.now()})
	require.Len(t, s.ended, 1)
}

// Whoever signs in and out all the time takes up bounded memory, and ends no
// session but their own.
func TestSessionEndsStayBounded(t *testing.T) {
	s, clock := testSessions(false)
	begin := func(user string) (session, *http.Request) {
		clock.advance(time.Second)
		w := httptest.NewRecorder()
		return s.begin(w, user), requestWith(cookieOf(t, w))
	}
	var left []*http.Request
	_, others := begin("2")
	for range 2 * maxEndings {
		over, r := begin("1")
		s.end(httptest.NewRecorder(), over)
		left = append(left, r)
	}
	_, stays := begin("1")
	for _, r := range left {
		_, ok := s.current(r)
		require.False(t, ok)
	}
	for _, r := range []*http.Request{others, stays} {
		_, ok := s.current(r)
		require.True(t, ok)
	}
	require.Len(t, s.ended["1"].began, maxEndings)

	for range maxEndings { // before anybody is signed in
		nobody, _ := begin("")
		s.end(httptest.NewRecorder(), nobody)
	}
	require.Len(t, s.ended, 1)
}

func TestFormTokenIsOfItsSession(t *testing.T) {
	s, _ := testSessions(false)
	one, two := s.begin(httptest.NewRecorder(), "1"), s.begin(httptest.NewRecorder(), "1")
	require.NotEqual(t, one.ID, two.ID)
	require.True(t, s.checkForm(one, s.formToken(one)))
	require.False(t, s.checkForm(one, s.formToken(two)))
	require.False(t, s.checkForm(one, ""))
}
