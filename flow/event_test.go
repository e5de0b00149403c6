package flow_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Refusals that anybody can cause at will are reported at a pace, whatever is
// refused. Nobody else's are left out for that.
func TestRefusalsAreReportedAtAPace(t *testing.T) {
	for name, refused := range map[string]func(h *host, i int, edit ...func(*http.Request)) *httptest.ResponseRecorder{
		"wrong secret": func(h *host, i int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post(authenticated, credentialsOf(h.app, fmt.Sprint(i)), edit...)
		},
		"ever new clients": func(h *host, i int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post(authenticated, url.Values{"client_id": {fmt.Sprint(i)}}, edit...)
		},
		"malformed Basic": func(h *host, _ int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post(authenticated, nil, append(edit, header("Authorization", "Basic !"))...)
		},
		"client_assertion": func(h *host, _ int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post("/oauth/token", change(h.refreshing(h.app, "x"), "client_assertion", "x"), edit...)
		},
		"public client introspects": func(h *host, _ int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post("/oauth/introspect", with(credentialsOf(h.public, ""), "token", "x"), edit...)
		},
		"forged ticket": func(h *host, i int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post("/oauth/authorize", url.Values{"ticket": {fmt.Sprint(i)}, "request": {request(h.app).Encode()}}, edit...)
		},
		"form of another origin": func(h *host, _ int, edit ...func(*http.Request)) *httptest.ResponseRecorder {
			return h.post("/oauth/authorize", url.Values{"ticket": {"x"}}, append(edit, header("Sec-Fetch-Site", "cross-site"))...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, func(cfg *flow.Config) { cfg.Limiter = unlimited{} })
			for i := range 1000 {
				require.GreaterOrEqual(t, refused(h, i).Code, 400)
			}
			require.Len(t, h.events.take(), 100)
			refused(h, 0, from("192.0.2.2:1"))
			require.Len(t, h.events.take(), 1)
			h.clock.advance(10*time.Second - 1)
			refused(h, 0)
			require.Empty(t, h.events.take())
			h.clock.advance(1)
			refused(h, 0)
			refused(h, 0)
			require.Len(t, h.events.take(), 1)
		})
	}
}

// A flood of one type of refusal hides no other, and no change.
func TestRefusalsHideNothingElse(t *testing.T) {
	h := newHost(t)
	for i := range 1000 {
		h.post(authenticated, url.Values{"client_id": {fmt.Sprint(i)}})
	}
	require.Equal(t, 100, count(h.eventTypes(), oauthapp.ClientAuthenticationLimited))
	h.post("/oauth/authorize", url.Values{"ticket": {"x"}}, header("Sec-Fetch-Site", "cross-site"))
	for range 101 {
		h.login(h.app)
	}
	types := h.eventTypes()
	require.Equal(t, 1, count(types, oauthapp.ConsentFormRefused))
	require.Equal(t, 101, count(types, oauthapp.TokenIssued))
}

func count(types []oauthapp.EventType, t oauthapp.EventType) (n int) {
	for _, other := range types {
		if other == t {
			n++
		}
	}
	return n
}

// What a host does with an event harms no answer, and no change of the
// registry.
func TestPanicInEvents(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Events = func(context.Context, oauthapp.Event) { panic("the host's log is full") }
	})
	granted := h.login(h.app)
	h.tokens(h.refreshing(h.app, granted.RefreshToken))
	requireError(t, h.post(authenticated, credentialsOf(h.app, "wrong")), 401, flow.InvalidClient)
	_, err := h.Registry().ResetSecret(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, time.Hour)
	require.NoError(t, err)
	for _, part := range []string{"Config.Events panicked", "the host's log is full", "token.issue", "event_test.go"} {
		require.Contains(t, h.log.String(), part)
	}
}

// What a caller says of itself is safe to write to a log and to show.
func TestEventsHoldPrintableTextOfCallers(t *testing.T) {
	for sent, want := range map[string]string{
		"Mozilla/5.0 (X11) Größe 日本語 😀":    "Mozilla/5.0 (X11) Größe 日本語 😀",
		"a\x00b\x1b[31mc\x7f\td":           "a?b?[31mc??d",
		"C1 \u0085 \u009b31m":              "C1 ? ?31m",
		"bidi \u202e \u2066 \u200f \u061c": "bidi ? ? ? ?",
		"lines \u2028 \u2029":              "lines ? ?",
		"hidden \u200b \ufeff \u00ad":      "hidden ? ? ?",
		"\xff\xfe \ufffd":                  "?? ?",
		strings.Repeat("x", 255) + "ü":     strings.Repeat("x", 255) + "?",
		strings.Repeat("x", 10_000):        strings.Repeat("x", 256),
	} {
		s := newService(t, func(cfg *flow.Config) { cfg.RemoteAddr = func(r *http.Request) string { return r.UserAgent() } })
		s.post(authenticated, nil, header("User-Agent", sent))
		events := s.events.take()
		require.Len(t, events, 1)
		require.Equal(t, oauthapp.Actor{RemoteAddr: want, UserAgent: want}, events[0].Actor)
	}
}

// A host that has not told who its callers are learns that they come through a
// proxy.
func TestForwardedRequestsAreWarnedOf(t *testing.T) {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-IP"} {
		s := newService(t)
		s.post(authenticated, nil)
		require.Empty(t, s.log.String())
		for range 3 {
			s.post(authenticated, nil, header(name, "for=198.51.100.7"))
		}
		require.Equal(t, 1, strings.Count(s.log.String(), "set Config.RemoteAddr"), s.log)
		require.Contains(t, s.log.String(), `"WARN"`)
		require.NotContains(t, s.log.String(), "198.51.100.7")

		s = newService(t, func(cfg *flow.Config) { cfg.RemoteAddr = func(*http.Request) string { return "198.51.100.7" } })
		s.post(authenticated, nil, header(name, "198.51.100.7"))
		require.Empty(t, s.log.String())
	}
}

// FuzzClientIDsInEvents presents, as a client ID, a live secret that something
// was cut off from, put around or joined to. No event and no log holds enough
// of it to matter.
func FuzzClientIDsInEvents(f *testing.F) {
	h := newHost(f, func(cfg *flow.Config) { cfg.Limiter = unlimited{} })
	_, other := h.register(oauthapp.Confidential)
	secret := strings.TrimPrefix(h.secret, "oa_cs_")
	for _, seed := range []struct {
		before, after string
		from, to      uint8
	}{
		{"", "", 0, 255}, {"", "", 0, 48}, {"", "", 1, 255}, {"x", "", 0, 255}, {"", ".", 0, 255}, {"oa_cs_", "", 0, 48}, {"oa_cs_", "", 0, 255},
		{h.app.ClientID, "", 0, 255}, {h.app.ClientID + ":", "", 0, 255}, {"", other, 0, 255}, {"", "", 0, 20}, {"0123456789abcdef", "", 0, 4},
		{"\n", "\x00", 0, 255}, {" ", " ", 0, 255}, {"client_id=", "&", 0, 255},
	} {
		f.Add(seed.before, seed.after, seed.from, seed.to)
	}
	f.Fuzz(func(t *testing.T, before, after string, from, to uint8) {
		h.t = t
		defer func() { h.t = f }()
		end := min(int(to), len(secret))
		id := before + secret[min(int(from), end):end] + after
		h.clock.advance(time.Hour) // so that all is reported
		form := url.Values{"client_id": {id}, "token": {"x"}, "client_secret": {"wrong"}}
		h.post(authenticated, form)
		h.post("/oauth/introspect", form)
		h.post("/oauth/token", with(with(form, "grant_type", "refresh_token"), "refresh_token", "x"))
		h.post(authenticated, with(form, "client_assertion", "x"))
		h.post(authenticated, form, header("Authorization", "Basic !"))
		h.post(authenticated, nil, header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":x"))))
		h.post(authenticated, nil, basic(id, ""))
		h.open(request(h.app, "client_id", id))
		h.post("/oauth/authorize", url.Values{"ticket": {"x"}, "request": {request(h.app, "client_id", id).Encode()}})
		told := fmt.Sprintf("%+v", h.events.take()) + h.log.String()
		for i := range len(secret) - 12 {
			require.NotContains(t, told, secret[i:i+12])
		}
	})
}
