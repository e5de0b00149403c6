package registration_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

const publisher = "https://publisher.example"

func newKey() *ecdsa.PrivateKey {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return key
}

func setOf(key *ecdsa.PrivateKey) json.RawMessage {
	data, _ := json.Marshal(gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{{Key: key.Public()}}})
	return data
}

func sign(t *testing.T, key any, claims object) string {
	algorithm := gojose.ES256
	if _, ok := key.([]byte); ok {
		algorithm = gojose.HS256
	}
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	require.NoError(t, err)
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

// What a publisher says of a client goes before what the client says itself.
func TestSoftwareStatement(t *testing.T) {
	key := newKey()
	h := newHost(t, registration.Config{Open: true, Publishers: []registration.Publisher{{Issuer: publisher, Keys: setOf(key)}}})
	claims := object{
		"iss": publisher, "aud": []string{"https://id.example", "https://other.example"}, "exp": h.now.Add(time.Hour).Unix(),
		"client_name": "Published Notes", "redirect_uris": []string{"https://published.example/callback"}, "scope": "read",
	}
	statement := sign(t, key, claims)
	a := h.registered(object{"software_statement": statement, "scope": "read write admin"})
	require.Equal(t, "Published Notes", a.text("client_name"))
	require.Equal(t, []any{"https://published.example/callback"}, a.body["redirect_uris"])
	require.Equal(t, "read", a.text("scope"))
	require.Equal(t, "none", a.text("token_endpoint_auth_method"), "which the statement does not say")
	require.Equal(t, statement, a.text("software_statement"))

	path := registration.Path + "/" + a.text("client_id")
	read := h.send(http.MethodGet, path, a.text("registration_access_token"), nil)
	require.Equal(t, statement, read.text("software_statement"))
	replaced := h.send(http.MethodPut, path, a.text("registration_access_token"), metadata(object{"client_id": a.text("client_id"), "software_statement": statement}))
	require.Equal(t, "Published Notes", replaced.text("client_name"))
	replaced = h.send(http.MethodPut, path, replaced.text("registration_access_token"), metadata(object{"client_id": a.text("client_id")}))
	require.Equal(t, "Notes", replaced.text("client_name"))
	require.NotContains(t, replaced.body, "software_statement")
}

func TestRefusedSoftwareStatements(t *testing.T) {
	key, others := newKey(), newKey()
	h := newHost(t, registration.Config{Open: true, Publishers: []registration.Publisher{
		{Issuer: publisher, Keys: setOf(key)}, {Issuer: "https://other-publisher.example", Keys: setOf(others)},
	}})
	for name, test := range map[string]struct {
		statement any
		code      string
	}{
		"no string":       {1, "invalid_software_statement"},
		"no JWT":          {"statement", "invalid_software_statement"},
		"symmetric":       {sign(t, []byte("0123456789abcdef0123456789abcdef"), object{"iss": publisher}), "invalid_software_statement"},
		"another's key":   {sign(t, others, object{"iss": publisher}), "invalid_software_statement"},
		"another key":     {sign(t, newKey(), object{"iss": publisher}), "invalid_software_statement"},
		"expired":         {sign(t, key, object{"iss": publisher, "exp": h.now.Add(-time.Minute).Unix()}), "invalid_software_statement"},
		"made tomorrow":   {sign(t, key, object{"iss": publisher, "iat": h.now.Add(2 * time.Minute).Unix()}), "invalid_software_statement"},
		"not yet":         {sign(t, key, object{"iss": publisher, "nbf": h.now.Add(2 * time.Minute).Unix()}), "invalid_software_statement"},
		"another service": {sign(t, key, object{"iss": publisher, "aud": "https://other.example"}), "invalid_software_statement"},
		"somebody else":   {sign(t, key, object{"iss": "https://else.example"}), "unapproved_software_statement"},
		"nobody":          {sign(t, key, object{}), "unapproved_software_statement"},
	} {
		a := h.register(object{"software_statement": test.statement})
		require.Equal(t, http.StatusBadRequest, a.Code, name)
		require.Equal(t, test.code, a.text("error"), name)
	}
	h = newHost(t, registration.Config{Open: true})
	a := h.registered(object{"software_statement": "of anybody"})
	require.NotContains(t, a.body, "software_statement", "which counts for nothing")
}

func TestKeysOfPublishersAtAURL(t *testing.T) {
	key := newKey()
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(setOf(key))
	}))
	statement := sign(t, key, object{"iss": publisher, "client_name": "Published Notes"})
	for _, down := range []bool{false, true} {
		h := newHost(t, registration.Config{
			Open: true, Roots: []*x509.Certificate{origin.Certificate()},
			Publishers: []registration.Publisher{{Issuer: publisher, KeysURL: origin.URL + "/jwks"}},
		}, func(c *flow.Config) { c.Issuer = "http://127.0.0.1:8080" })
		want := http.StatusCreated
		if down {
			origin.Close()
			want = http.StatusServiceUnavailable
		}
		require.Equal(t, want, h.register(object{"software_statement": statement}).Code)
	}
}

func TestPublishersAreChecked(t *testing.T) {
	for _, p := range []registration.Publisher{{Keys: setOf(newKey())}, {Issuer: publisher}, {Issuer: publisher, KeysURL: "http://publisher.example"}} {
		_, err := registration.New(registration.Config{Open: true, Publishers: []registration.Publisher{p}}).Contribute(flowtest.New(t, flow.Config{}).Kernel())
		require.ErrorContains(t, err, "Config.Publishers[0]")
	}
	p := registration.Publisher{Issuer: publisher, Keys: setOf(newKey())}
	_, err := registration.New(registration.Config{Open: true, Publishers: []registration.Publisher{p, p}}).Contribute(flowtest.New(t, flow.Config{}).Kernel())
	require.ErrorContains(t, err, "Config.Publishers[1].Issuer")
}

// flagged is a capability with a box for the owners of applications.
type flagged struct{}

func (flagged) Name() string               { return "flagged" }
func (flagged) Findings() []kernel.Finding { return nil }
func (flagged) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{ApplicationField: &kernel.ApplicationField{
		Name: "dpop_bound_access_tokens", Label: page.Plain("Bound"), Hint: page.Plain("Bound."), Flag: true,
		Text: func(app oauthapp.Application) (text string, has bool) {
			_, _ = app.ReadExtra("flagged", &text)
			if text == "fixed" {
				return "true", false
			}
			return text, true
		},
		Entry: func(_ oauthapp.Application, text string) (any, *page.Message) {
			if text == "" {
				return nil, nil
			}
			return text, nil
		},
	}}, nil
}

// A client sets and clears what owners have a box for, but not what the host
// has fixed.
func TestFlags(t *testing.T) {
	h := newHost(t, registration.Config{Open: true}, func(c *flow.Config) { c.Extensions = append(c.Extensions, flagged{}) })
	require.NotContains(t, h.registered(nil).body, "dpop_bound_access_tokens")
	require.NotContains(t, h.registered(object{"dpop_bound_access_tokens": "yes"}).body, "dpop_bound_access_tokens")
	a := h.registered(object{"dpop_bound_access_tokens": true, "require_pushed_authorization_requests": true})
	require.Equal(t, true, a.body["dpop_bound_access_tokens"])
	require.NotContains(t, a.body, "require_pushed_authorization_requests", "which this service lacks")
	path, id := registration.Path+"/"+a.text("client_id"), a.text("client_id")
	require.Equal(t, true, h.send(http.MethodGet, path, a.text("registration_access_token"), nil).body["dpop_bound_access_tokens"])
	a = h.send(http.MethodPut, path, a.text("registration_access_token"), metadata(object{"client_id": id}))
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	require.NotContains(t, a.body, "dpop_bound_access_tokens")

	app, err := h.Registry().ApplicationByClientID(t.Context(), oauthapp.AnyOwner, id)
	require.NoError(t, err)
	_, err = h.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, app.ID, "flagged", "fixed")
	require.NoError(t, err)
	a = h.send(http.MethodPut, path, a.text("registration_access_token"), metadata(object{"client_id": id, "dpop_bound_access_tokens": false}))
	require.Equal(t, true, a.body["dpop_bound_access_tokens"])
}

// meanwhile is a store where something happens before or after an update.
type meanwhile struct {
	*memory.Store
	before, after func()
}

func (m *meanwhile) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	before, after := m.before, m.after
	m.before, m.after = nil, nil
	if before != nil {
		before()
	}
	err := m.Store.UpdateApplication(ctx, owner, app)
	if after != nil {
		after()
	}
	return err
}

// What the host fixes while a client replaces its metadata stays as the host
// has it.
func TestFlagsThatTheHostFixesMeanwhile(t *testing.T) {
	for _, after := range []bool{false, true} {
		kept := &meanwhile{Store: memory.New()}
		h := newHost(t, registration.Config{Open: true}, func(c *flow.Config) { c.Store = kept; c.Extensions = append(c.Extensions, flagged{}) })
		a := h.registered(object{"dpop_bound_access_tokens": true})
		find := func() oauthapp.Application {
			app, err := h.Registry().ApplicationByClientID(t.Context(), oauthapp.AnyOwner, a.text("client_id"))
			require.NoError(t, err)
			return app
		}
		fix := func() {
			_, err := h.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, find().ID, "flagged", "fixed")
			require.NoError(t, err)
		}
		want := http.StatusServiceUnavailable
		if kept.before = fix; after {
			kept.before, kept.after, want = nil, fix, http.StatusOK
		}
		path := registration.Path + "/" + a.text("client_id")
		replaced := h.send(http.MethodPut, path, a.text("registration_access_token"), metadata(object{"client_id": a.text("client_id"), "client_name": "Renamed"}))
		require.Equal(t, want, replaced.Code, replaced.Body.String())
		var text string
		_, err := find().ReadExtra("flagged", &text)
		require.NoError(t, err)
		require.Equal(t, "fixed", text)
		require.Equal(t, after, find().Name == "Renamed", "all of it or none")
	}
}

// What the host lists holds for clients that registered before, too.
func TestScopesAreNarrowedLater(t *testing.T) {
	kept := memory.New()
	before := newHost(t, registration.Config{Open: true}, func(c *flow.Config) { c.Store = kept })
	a := before.registered(nil)
	require.Equal(t, "read write admin", a.text("scope"))
	h := newHost(t, registration.Config{Open: true, Scopes: []string{"read"}}, func(c *flow.Config) { c.Store = kept })
	read := h.send(http.MethodGet, registration.Path+"/"+a.text("client_id"), a.text("registration_access_token"), nil)
	require.Equal(t, "read", read.text("scope"))
	app, err := h.Registry().ApplicationByClientID(t.Context(), oauthapp.AnyOwner, a.text("client_id"))
	require.NoError(t, err)
	_, refusal := h.Kernel().RequestedScopes(app, "read write", nil)
	require.Equal(t, "invalid_scope", refusal.Code)
	require.Equal(t, []string{"read"}, h.Kernel().AllowedScopes(app))
	require.Len(t, h.Kernel().AllowedScopes(h.Application), 3, "which somebody registered")
}
