package flow_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// api sends a request with an access token to an API that asks for a scope.
func (h *host) api(token string, scopes ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.Require(scopes...)(http.NotFoundHandler()).ServeHTTP(w, r)
	return w
}

// Whatever is refused, and wherever, has one event: with the endpoint, the
// error code, a reason and the client, as far as that is known.
func TestEachRefusalHasOneEvent(t *testing.T) {
	const (
		authorize, token, revoke, introspect = "/oauth/authorize", "/oauth/token", "/oauth/revoke", "/oauth/introspect"
		resource                             = "resource"
	)
	post := func(path string, form func(h *host) url.Values) func(h *host) {
		return func(h *host) { h.post(path, form(h)) }
	}
	open := func(pairs ...string) func(h *host) {
		return func(h *host) { h.open(request(h.app, pairs...)) }
	}
	own := func(h *host) url.Values { return credentialsOf(h.app, h.secret) }
	for name, test := range map[string]struct {
		refused       func(h *host)
		kind          oauthapp.EventType // RequestRefused by default
		endpoint      string
		code, reason  string
		knowsTheOwner bool // that is, the application was read
	}{
		"no form": {func(h *host) {
			h.post(token, own(h), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
		}, "",
			token, flow.InvalidRequest, "the content type must be application/x-www-form-urlencoded", false},
		"no grant_type":      {post(token, own), "", token, flow.InvalidRequest, "grant_type is missing", false},
		"unknown grant_type": {post(token, func(h *host) url.Values { return with(own(h), "grant_type", "password") }), "", token, flow.UnsupportedGrantType, "grant_type must be authorization_code or refresh_token", false},
		"no code":            {post(token, func(h *host) url.Values { return with(own(h), "grant_type", "authorization_code") }), "", token, flow.InvalidRequest, "code is missing", false},
		"no code, by Basic": {func(h *host) {
			h.post(token, url.Values{"grant_type": {"authorization_code"}}, basic(h.app.ClientID, h.secret))
		}, "", token, flow.InvalidRequest, "code is missing", false},
		"unknown code": {post(token, func(h *host) url.Values { return h.redemption(h.app, unissuedCode) }), "", token, flow.InvalidGrant, "the authorization code is not valid", true},
		"expired code": {func(h *host) {
			form := h.redemption(h.app, h.code(request(h.app), "1"))
			h.events.reset()
			h.clock.advance(time.Hour)
			h.post(token, form)
		}, "", token, flow.InvalidGrant, "the authorization code has expired", true},
		"replayed code": {func(h *host) {
			form := h.redemption(h.app, h.code(request(h.app), "1"))
			h.tokens(form)
			h.events.reset()
			h.post(token, form)
		}, oauthapp.CodeReplayed, token, flow.InvalidGrant, "", true},
		"wrong secret": {post(token, func(h *host) url.Values {
			return with(h.refreshing(h.app, "x"), "client_secret", "wrong")
		}), oauthapp.ClientAuthenticationFailed, token, flow.InvalidClient, "wrong client secret", true},
		"other resource": {post(token, func(h *host) url.Values {
			return with(h.refreshing(h.app, "x"), "resource", "https://other.example")
		}), "", token, flow.InvalidTarget, "resource is not the API of this service: https://id.example", true},

		"no token": {post(revoke, own), "", revoke, flow.InvalidRequest, "parameter missing: token", true},
		"another's token": {func(h *host) {
			other := h.authorize(h.public, "read")
			h.post(revoke, with(own(h), "token", other.access))
		}, "", revoke, flow.InvalidGrant, "the token was issued to another client", true},
		"nothing to introspect": {post(introspect, own), "", introspect, flow.InvalidRequest, "parameter missing: token", true},
		"public introspects": {post(introspect, func(h *host) url.Values {
			return with(credentialsOf(h.public, ""), "token", "x")
		}), oauthapp.ClientAuthenticationFailed, introspect, flow.InvalidClient, "public client at the introspection endpoint", true},

		"other callback":      {open("redirect_uri", "https://evil.example"), "", authorize, flow.InvalidRequest, "redirect_uri: the application has not registered it as a callback URL", true},
		"other response_type": {open("response_type", "token"), "", authorize, flow.UnsupportedResponseType, "response_type must be code", true},
		"unknown scope":       {open("scope", "read admin"), "", authorize, flow.InvalidScope, "unknown scope, or one that the application may not ask for", true},
		"nobody to ask": {func(h *host) {
			h.user = nil
			open("prompt", "none")(h)
		}, "", authorize, flow.LoginRequired, "the user is not signed in", true},
		"denied": {func(h *host) { h.decide(h.open(request(h.app)), "deny", "1") }, oauthapp.GrantDenied, authorize, flow.AccessDenied, "", true},

		"expired token": {func(h *host) {
			access := h.authorize(h.app, "read").access
			h.clock.advance(time.Hour)
			require.Equal(h.t, 401, h.api(access).Code)
		}, "", resource, flow.InvalidToken, "the access token has expired", false},
		"replaced token": {func(h *host) {
			never := h.credentials.NewAccessToken(h.authorize(h.app, "read").session)
			require.Equal(h.t, 401, h.api(never.Reveal()).Code)
		}, "", resource, flow.InvalidToken, "the access token was replaced by newer ones, or never issued", false},
		"missing scope": {func(h *host) {
			require.Equal(h.t, 403, h.api(h.authorize(h.app, "read").access, "write").Code)
		}, "", resource, flow.InsufficientScope, "the access token lacks a scope", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.t = t
			test.refused(h)
			events := h.events.take()
			require.Len(t, events, 1, fmt.Sprint(events))
			e := events[0]
			if test.kind == "" {
				test.kind = oauthapp.RequestRefused
			}
			require.Equal(t, []any{test.kind, test.endpoint, test.code, test.reason}, []any{e.Type, e.Endpoint, e.Error, e.Reason})
			require.Equal(t, []any{h.clock.Now(), "192.0.2.1"}, []any{e.Time, e.Actor.RemoteAddr})
			switch name {
			case "no form":
				require.Empty(t, e.ClientID, "nothing of the body was read")
			case "public introspects":
				require.Equal(t, []any{h.public.ID, h.public.ClientID}, []any{e.ApplicationID, e.ClientID})
			default:
				require.Equal(t, h.app.ClientID, e.ClientID)
			}
			if test.knowsTheOwner {
				require.Equal(t, []any{true, h.app.Owner}, []any{e.ApplicationName != "", e.Owner})
			}
			if test.endpoint == resource {
				require.Equal(t, []any{h.app.ID, "user-1", "account-1"}, []any{e.ApplicationID, e.UserID, e.AccountID})
				require.NotEqual(t, uuid.Nil, e.SessionID)
			}
		})
	}
}

// Nothing that somebody sent, as a mistake may put a secret anywhere, is in the
// events of refusals.
func TestEventsOfRefusalsQuoteNothing(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.Limiter = unlimited{} })
	access := h.login(h.app).AccessToken // what newService searches for
	for _, secret := range []string{h.secret, access} {
		for _, name := range []string{"scope", "prompt", "resource", "account_id", "redirect_uri", "response_type", "response_mode", "code_challenge",
			"code_challenge_method", "max_age", "request", "request_uri", "client_id"} {
			h.open(request(h.app, name, secret))
		}
		for _, name := range []string{"grant_type", "code", "refresh_token", "redirect_uri", "code_verifier", "scope", "client_secret", "token", "resource", secret} {
			for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect"} {
				h.post(path, with(h.redemption(h.app, "x"), name, secret))
				h.post(path, with(h.refreshing(h.app, "x"), name, secret))
			}
		}
	}
	events := h.events.take()
	require.Greater(t, count(typesOf(events), oauthapp.RequestRefused), 50)
	for _, e := range events {
		for _, text := range []string{e.Reason, e.Error, e.Endpoint} {
			require.NotContains(t, text, strings.TrimPrefix(h.secret, "oa_cs_")[:12])
			require.NotContains(t, text, strings.TrimPrefix(access, "oa_at_")[:12])
		}
	}
}

func typesOf(events []oauthapp.Event) (types []oauthapp.EventType) {
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

// What nobody knows the client of is no refusal of a client; neither is an
// outage.
func TestWhatHasNoEventOfRefusal(t *testing.T) {
	h := newHost(t)
	h.open(url.Values{})
	h.open(request(h.app, "client_id", strings.Repeat("0", 20)))
	h.api("not a token")
	h.api(unissued)
	require.Equal(t, http.StatusNotFound, h.get("/oauth/nothing").Code)
	require.Empty(t, h.eventTypes())

	h.store.fail(errBroken, "Client", "Session")
	requireOutage(t, h.post("/oauth/token", h.refreshing(h.app, "x")))
	requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
	require.Equal(t, http.StatusServiceUnavailable, h.api(unissued).Code)
	require.Empty(t, h.eventTypes())
}
