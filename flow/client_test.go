package flow_test

import (
	"context"
	"encoding/json"
	"errors"
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

// The revocation endpoint answers 200 to every authenticated client that
// presents something unknown, so it shows client authentication and nothing
// else.
const authenticated = "/oauth/revoke"

// percentEncoded encodes every byte, as form-encoding allows.
func percentEncoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[s[i]>>4])+string("0123456789abcdef"[s[i]&15])))
	}
	return b.String()
}

func TestClientAuthentication(t *testing.T) {
	s := newService(t)
	other, otherSecret := s.register(oauthapp.Confidential)
	tok := s.authorize(s.app, "read")
	id, public := s.app.ClientID, s.public.ClientID
	wrong := s.credentials.NewClientSecret().Reveal()

	for _, tt := range []struct {
		name   string
		form   url.Values
		edit   []func(*http.Request)
		status int    // 0 means 200
		code   string // of a refusal
		reason string // of the event of a failed authentication; "" for another refusal
	}{
		// RFC 6749, section 2.3.1
		{name: "Basic", edit: []func(*http.Request){basic(id, s.secret)}},
		{name: "Basic, scheme in lower case", edit: []func(*http.Request){basic(id, s.secret), func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Basic", "bAsIc", 1))
		}}},
		{name: "Basic, every byte form-encoded", edit: []func(*http.Request){func(r *http.Request) {
			r.SetBasicAuth(percentEncoded(id), percentEncoded(s.secret))
		}}},
		{name: "Basic and the same client_id", form: url.Values{"client_id": {id}}, edit: []func(*http.Request){basic(id, s.secret)}},
		{name: "Basic and an empty body secret", form: url.Values{"client_id": {id}, "client_secret": {""}}, edit: []func(*http.Request){basic(id, s.secret)}},
		{name: "body", form: credentialsOf(s.app, s.secret)},
		{name: "body of another client", form: credentialsOf(other, otherSecret)},

		// A Bearer token is no client authentication.
		{name: "body and a bearer that means nothing", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "Bearer undefined")}},
		{name: "body and an empty bearer", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "Bearer ")}},
		{name: "body and a bearer without a space", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "bearer")}},
		{name: "body and an access token", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "Bearer "+tok.access)}},
		{name: "body and an empty header", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "")}},
		{name: "public client and a bearer", form: credentialsOf(s.public, ""), edit: []func(*http.Request){header("Authorization", "Bearer undefined")}},
		{name: "access token alone", edit: []func(*http.Request){header("Authorization", "Bearer "+tok.access)},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},

		// Public clients name themselves and prove nothing.
		{name: "public", form: credentialsOf(s.public, "")},
		{name: "public with a secret", form: credentialsOf(s.public, s.secret)},
		{name: "public by Basic without a password", edit: []func(*http.Request){basic(public, "")}},
		{name: "public by Basic with a password", edit: []func(*http.Request){basic(public, "x")}},

		// More than one method, or two clients (RFC 6749, section 2.3).
		{name: "Basic and a body secret", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){basic(id, s.secret)},
			status: 400, code: flow.InvalidRequest},
		{name: "Basic and a body secret without client_id", form: url.Values{"client_secret": {s.secret}}, edit: []func(*http.Request){basic(id, s.secret)},
			status: 400, code: flow.InvalidRequest},
		{name: "Basic and the client_id of another", form: url.Values{"client_id": {other.ClientID}}, edit: []func(*http.Request){basic(id, s.secret)},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "Basic and the client_id of a public client", form: url.Values{"client_id": {public}}, edit: []func(*http.Request){basic(id, s.secret)},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "two Authorization headers", edit: []func(*http.Request){basic(id, s.secret), header("Authorization", "Bearer x")},
			status: 400, code: flow.InvalidRequest},
		{name: "client assertion", form: with(credentialsOf(s.app, s.secret), "client_assertion", "x"),
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "client assertion type", form: with(credentialsOf(s.public, ""), "client_assertion_type", "x"),
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},

		// Failures.
		{name: "nothing", status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "secret alone", form: url.Values{"client_secret": {s.secret}}, status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "no secret", form: credentialsOf(s.app, ""), status: 401, code: flow.InvalidClient, reason: "no client secret"},
		{name: "empty secret", form: url.Values{"client_id": {id}, "client_secret": {""}}, status: 401, code: flow.InvalidClient, reason: "no client secret"},
		{name: "Basic without a password", edit: []func(*http.Request){basic(id, "")}, status: 401, code: flow.InvalidClient, reason: "no client secret"},
		{name: "wrong secret", form: credentialsOf(s.app, wrong), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "wrong secret by Basic", edit: []func(*http.Request){basic(id, wrong)}, status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "malformed secret", form: credentialsOf(s.app, "hunter2"), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "secret cut short", form: credentialsOf(s.app, s.secret[:len(s.secret)-1]), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "secret with a space", form: credentialsOf(s.app, s.secret+" "), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "secret of another client", form: credentialsOf(s.app, otherSecret), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "access token as secret", form: credentialsOf(s.app, tok.access), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "refresh token as secret", form: credentialsOf(s.app, tok.refresh), status: 401, code: flow.InvalidClient, reason: "wrong client secret"},
		{name: "unknown client", form: url.Values{"client_id": {"nobody"}, "client_secret": {s.secret}}, status: 401, code: flow.InvalidClient, reason: "unknown client"},
		{name: "unknown client without secret", form: url.Values{"client_id": {"nobody"}}, status: 401, code: flow.InvalidClient, reason: "unknown client"},
		{name: "client ID in the wrong case", form: url.Values{"client_id": {strings.ToUpper(id)}, "client_secret": {s.secret}}, status: 401, code: flow.InvalidClient, reason: "unknown client"},
		{name: "secret as client ID", form: url.Values{"client_id": {s.secret}}, status: 401, code: flow.InvalidClient, reason: "unknown client"},
		{name: "endless client ID", form: url.Values{"client_id": {strings.Repeat("a", 1000)}, "client_secret": {s.secret}},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "Digest", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", `Digest username="x"`)},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "Basic that is no base64", edit: []func(*http.Request){header("Authorization", "Basic "+id+":"+s.secret)},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
		{name: "Basic without anything", form: credentialsOf(s.app, s.secret), edit: []func(*http.Request){header("Authorization", "Basic")},
			status: 401, code: flow.InvalidClient, reason: "malformed or missing client credentials"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.events.reset()
			w := s.post(authenticated, with(tt.form, "token", "unknown"), tt.edit...)
			events := s.events.take()
			if tt.status == 0 {
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				require.JSONEq(t, `{}`, w.Body.String())
				require.Empty(t, events)
				return
			}
			requireError(t, w, tt.status, tt.code)
			if tt.status == http.StatusUnauthorized {
				require.Equal(t, `Basic realm="https://id.example", charset="UTF-8"`, w.Header().Get("WWW-Authenticate"))
			}
			if tt.reason == "" {
				require.Len(t, events, 1)
				require.Equal(t, []any{oauthapp.RequestRefused, id}, []any{events[0].Type, events[0].ClientID})
				return
			}
			require.Len(t, events, 1)
			require.Equal(t, oauthapp.ClientAuthenticationFailed, events[0].Type)
			require.Equal(t, tt.reason, events[0].Reason)
			require.Equal(t, "192.0.2.1", events[0].Actor.RemoteAddr)
			require.Equal(t, s.clock.Now(), events[0].Time)
		})
	}
}

// TestFailedClientAuthenticationNamesTheClient: an event tells which
// application is under attack: one that exists, or that was deleted. Nothing
// else that a client may have sent by mistake is taken for a client ID.
func TestFailedClientAuthenticationNamesTheClient(t *testing.T) {
	s := newService(t)
	deleted, _ := s.register(oauthapp.Confidential)
	require.NoError(t, s.Registry().Delete(t.Context(), oauthapp.OwnedBy("developer"), deleted.ID))
	code := unissuedCode
	for _, tt := range []struct {
		presented, clientID string
		app                 oauthapp.Application
	}{
		{s.app.ClientID, s.app.ClientID, s.app},
		{deleted.ClientID, deleted.ClientID, oauthapp.Application{}},
		{presented: "nobody"},
		{presented: "alice@example.com"},
		{presented: strings.ToUpper(s.app.ClientID) + "0"},
		{presented: s.secret},
		{presented: s.secret[:len(s.secret)-1]},
		{presented: s.secret[1:]},
		{presented: "x" + s.secret},
		{presented: s.secret + "."},
		{presented: s.app.ClientID + ":" + s.secret},
		{presented: s.app.ClientID + s.secret},
		{presented: s.secret + s.secret},
		{presented: code + "~" + s.secret},
	} {
		for _, form := range []url.Values{
			{"client_id": {tt.presented}, "client_secret": {"x"}},
			{"client_id": {tt.presented}, "client_assertion": {"x"}},
		} {
			s.events.reset()
			requireError(t, s.post(authenticated, form), 401, flow.InvalidClient)
			events := s.events.take()
			require.Len(t, events, 1)
			require.Equal(t, tt.clientID, events[0].ClientID)
			if form.Has("client_secret") {
				require.Equal(t, tt.app.ID, events[0].ApplicationID)
				require.Equal(t, tt.app.Name, events[0].ApplicationName)
			}
		}
	}
}

// TestUnknownClientAndWrongSecretAreTheSame: the answers differ in no byte, and
// the store is asked the same.
func TestUnknownClientAndWrongSecretAreTheSame(t *testing.T) {
	s := newService(t)
	wrong := s.credentials.NewClientSecret().Reveal()
	ask := func(id, secret string, edit ...func(*http.Request)) (*httptest.ResponseRecorder, map[string]int) {
		s.store.reset()
		form := url.Values{"token": {"x"}}
		if len(edit) == 0 {
			form = url.Values{"client_id": {id}, "client_secret": {secret}, "token": {"x"}}
		}
		return s.post(authenticated, form, edit...), s.store.counted()
	}
	reference, calls := ask(s.app.ClientID, wrong)
	require.Equal(t, map[string]int{"Client": 1}, calls)
	for _, presented := range [][2]string{{"nobody", wrong}, {"nobody", "x"}, {s.app.ClientID, "x"}, {"nobody", ""}, {s.app.ClientID, ""}} {
		for _, edit := range [][]func(*http.Request){nil, {basic(presented[0], presented[1])}} {
			w, c := ask(presented[0], presented[1], edit...)
			require.Equal(t, reference.Code, w.Code)
			require.Equal(t, reference.Body.String(), w.Body.String())
			require.Equal(t, reference.Header(), w.Header())
			require.Equal(t, calls, c)
		}
	}
}

func TestSecretsThatEnded(t *testing.T) {
	s := newService(t)
	ctx := context.Background()
	status := func(secret string) int {
		return s.post(authenticated, with(credentialsOf(s.app, secret), "token", unissued)).Code
	}
	next, err := s.Registry().ResetSecret(ctx, oauthapp.OwnedBy("developer"), s.app.ID, time.Hour)
	require.NoError(t, err)
	s.issued = append(s.issued, next.Reveal())
	require.Equal(t, 200, status(s.secret), "the old secret works during the overlap")
	require.Equal(t, 200, status(next.Reveal()))
	s.clock.advance(time.Hour)
	require.Equal(t, 401, status(s.secret), "and not from its end on")
	require.Equal(t, 200, status(next.Reveal()))
	last, err := s.Registry().ResetSecret(ctx, oauthapp.OwnedBy("developer"), s.app.ID, 0)
	require.NoError(t, err)
	s.issued = append(s.issued, last.Reveal())
	require.Equal(t, 401, status(next.Reveal()))
	require.Equal(t, 200, status(last.Reveal()))
	require.NoError(t, s.Registry().Delete(ctx, oauthapp.OwnedBy("developer"), s.app.ID))
	require.Equal(t, 401, status(last.Reveal()))
}

func TestSecretUseIsNotedNowAndThen(t *testing.T) {
	s := newService(t)
	form := with(credentialsOf(s.app, s.secret), "token", unissued)
	s.requireNotedNowAndThen(func() { require.Equal(t, 200, s.post(authenticated, form).Code) })
	secrets, err := s.Registry().Secrets(context.Background(), oauthapp.OwnedBy("developer"), s.app.ID)
	require.NoError(t, err)
	require.Equal(t, s.clock.Now(), secrets[0].LastUsedAt)

	s.clock.advance(time.Hour)
	s.store.fail(errBroken, "Touch")
	require.Equal(t, 200, s.post(authenticated, form).Code, "a note that fails refuses nobody")
	require.Contains(t, s.log.String(), "use of a client secret not noted")
	require.Contains(t, s.log.String(), errBroken.Error())
}

func TestClientAuthenticationOutage(t *testing.T) {
	s := newService(t)
	s.store.fail(errBroken, "Client")
	for _, path := range []string{"/oauth/revoke", "/oauth/introspect"} {
		requireOutage(t, s.post(path, with(credentialsOf(s.app, s.secret), "token", unissued)))
		requireOutage(t, s.post(path, with(credentialsOf(s.app, "wrong"), "token", unissued)))
	}
	require.Empty(t, s.events.take(), "an outage is nobody's failed authentication")
	require.Contains(t, s.log.String(), errBroken.Error(), "the operator learns the cause")
}

func TestClientThatGoesAwayIsNoOutage(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued), func(r *http.Request) { *r = *r.WithContext(ctx) })
	requireOutage(t, w)
	require.Empty(t, s.log.String())

	expired, cancel := context.WithTimeoutCause(context.Background(), 0, errors.New("too slow"))
	defer cancel()
	<-expired.Done()
	w = s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued), func(r *http.Request) { *r = *r.WithContext(expired) })
	requireOutage(t, w)
	require.Contains(t, s.log.String(), "request failed", "a store that is too slow is one")
}

// TestFailedClientAuthenticationConsumesNothing: a code and a refresh token are
// good for their client after others tried them, and after a try with a wrong
// secret.
func TestFailedClientAuthenticationConsumesNothing(t *testing.T) {
	s := newService(t)
	other, otherSecret := s.register(oauthapp.Confidential)
	wrong := s.credentials.NewClientSecret().Reveal()
	tries := []struct {
		client url.Values
		edit   []func(*http.Request)
		status int
		code   string
	}{
		{credentialsOf(s.app, wrong), nil, 401, flow.InvalidClient},
		{credentialsOf(s.app, ""), nil, 401, flow.InvalidClient},
		{nil, nil, 401, flow.InvalidClient},
		{nil, []func(*http.Request){basic(s.app.ClientID, wrong)}, 401, flow.InvalidClient},
		{nil, []func(*http.Request){basic("nobody", s.secret)}, 401, flow.InvalidClient},
		{credentialsOf(s.app, s.secret), []func(*http.Request){basic(s.app.ClientID, s.secret)}, 400, flow.InvalidRequest},
		{credentialsOf(other, otherSecret), nil, 400, flow.InvalidGrant},
		{credentialsOf(s.public, ""), nil, 400, flow.InvalidGrant},
	}
	_, code := s.begin(s.app, "read")
	exchange := func(client url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
		form := with(with(client, "grant_type", "authorization_code"), "code", code)
		return s.post("/oauth/token", with(form, "redirect_uri", s.app.CallbackURLs[0]), edit...)
	}
	for _, try := range tries {
		requireError(t, exchange(try.client, try.edit...), try.status, try.code)
	}
	w := exchange(nil, basic(s.app.ClientID, s.secret))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var issued struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &issued))
	s.issued = append(s.issued, issued.Access, issued.Refresh)

	refresh := func(client url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
		return s.post("/oauth/token", with(with(client, "grant_type", "refresh_token"), "refresh_token", issued.Refresh), edit...)
	}
	for _, try := range tries {
		requireError(t, refresh(try.client, try.edit...), try.status, try.code)
	}
	require.True(t, s.isLive(issued.Access))
	// By the other method than the code: a client is bound to none.
	require.Equal(t, http.StatusOK, refresh(credentialsOf(s.app, s.secret)).Code)
}

// BenchmarkAuthenticateClient revokes nothing, so that authenticating is all
// there is. An unknown client takes as long as a wrong secret: the same is
// asked of the store, and a secret is compared for both.
func BenchmarkAuthenticateClient(b *testing.B) {
	s := newService(b, func(cfg *flow.Config) { cfg.Limiter, cfg.Events = unlimited{}, nil })
	unknown := s.app
	unknown.ClientID = strings.Repeat("a", len(s.app.ClientID))
	wrong := s.credentials.NewClientSecret().Reveal()
	for _, bb := range []struct {
		name, secret string
		app          oauthapp.Application
	}{{"right", s.secret, s.app}, {"wrong", wrong, s.app}, {"unknown", wrong, unknown}} {
		body := with(credentialsOf(bb.app, bb.secret), "token", unissued).Encode()
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/oauth/revoke", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				s.ServeHTTP(nothing{http.Header{}}, r)
			}
		})
	}
}
