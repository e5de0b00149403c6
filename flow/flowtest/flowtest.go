// Package flowtest helps a host to test what it guards with
// [flow.Provider.Require]. It gives a provider in the test's process, and HTTP
// clients that hold access tokens of any user, account and scopes, without a
// browser or a login.
//
//	provider := flowtest.New(t, flow.Config{Scopes: scopes})
//	server := httptest.NewServer(provider.Require("read")(api))
//	client := provider.ActingAs("user-1", "account-1", "read")
//	response, err := client.Get(server.URL + "/whoami")
//
// [Provider.At] is for tokens of another API than the default one.
//
// The tokens are real: their sessions and grants are in the provider's store as
// if the user had authorized an application. They expire and can be revoked. A
// host that makes its own provider gives flowtest the same configuration, Store
// included: then both accept the same tokens.
//
// [Provider.Authorize] takes a user through the consent page instead, for tests
// of what leads there and of what a client does with the code.
package flowtest

import (
	"net/http"
	"testing"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Issuer is the issuer of a provider whose configuration has none.
const Issuer = "http://localhost"

// A Provider is a [flow.Provider] for tests.
type Provider struct {
	*flow.Provider

	// Application is a confidential application, registered by the account
	// "developer", to which every token is issued. It is approved, if
	// flow.Applications.NeedsApproval wants that.
	Application oauthapp.Application
	// ClientSecret is the secret of Application.
	ClientSecret string

	t        testing.TB
	resource string // "" for the default one
}

// New returns a provider for the duration of a test, and registers its
// Application. It fills in what cfg leaves out: an empty memory store,
// [Issuer], one default scope "read", and nobody signed in. It ends the test if
// the provider cannot be made.
func New(t testing.TB, cfg flow.Config) *Provider {
	t.Helper()
	if cfg.Issuer == "" {
		cfg.Issuer = Issuer
	}
	if cfg.Store == nil {
		cfg.Store = memory.New()
	}
	if cfg.Scopes == nil {
		cfg.Scopes = []flow.Scope{{Name: "read", Description: "Read your data", Default: true}}
	}
	if cfg.CurrentUser == nil {
		cfg.CurrentUser = func(*http.Request) (*flow.User, error) { return nil, nil }
	}
	if cfg.LoginURL == nil {
		cfg.LoginURL = func(string) string { return "/login" }
	}
	cfg.CurrentUser = signedInOr(cfg.CurrentUser)
	provider, err := flow.New(cfg)
	if err != nil {
		t.Fatalf("flowtest: %v", err)
	}
	app, secret, err := provider.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name:         "Flowtest",
		HomepageURL:  "https://client.example",
		CallbackURLs: []string{"https://client.example/callback"},
	})
	if err != nil {
		t.Fatalf("flowtest: registering the application: %v", err)
	}
	if needs := cfg.Applications.NeedsApproval; needs != nil && needs(app) {
		approve := func(s *oauthapp.Standing) { s.Approved = true }
		if app, err = provider.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, approve); err != nil {
			t.Fatalf("flowtest: approving the application: %v", err)
		}
	}
	return &Provider{Provider: provider, Application: app, ClientSecret: secret.Reveal(), t: t}
}

// At returns the provider with access tokens for another API of
// flow.Config.Resources than the default one: ActingAs and AccessToken of what
// it returns make them. It ends the test if the configuration has no such API.
func (p *Provider) At(resource string) *Provider {
	p.t.Helper()
	if _, refusal := p.Kernel().RequestedResources(wire.Params{{Name: "resource", Value: resource}}); refusal != nil {
		p.t.Fatalf("flowtest: %v", refusal)
	}
	at := *p
	at.resource = resource
	return &at
}

// ActingAs returns a client whose requests carry an access token of the user
// and the account with exactly these scopes. It follows no redirects.
func (p *Provider) ActingAs(user, account string, scopes ...string) *http.Client {
	p.t.Helper()
	return &http.Client{
		Transport: bearer{p.AccessToken(user, account, scopes...)},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// AccessToken returns an access token of the user and the account with exactly
// these scopes. Send it in the Authorization header, after "Bearer ". Each call
// begins a new session under the one grant of the user and account. It ends the
// test if the store fails, if a scope is not in the configuration, or if the
// API does not take it. It also does so with the profile flow.FAPI2, whose API
// takes no bearer token.
func (p *Provider) AccessToken(user, account string, scopes ...string) string {
	p.t.Helper()
	k := p.Kernel()
	if k.Profile == kernel.FAPI2 {
		p.t.Fatalf("flowtest: with the profile FAPI 2.0 the API takes no bearer tokens; leave Config.Profile out where they are tested with")
	}
	for _, scope := range scopes {
		if _, ok := k.Scopes[scope]; !ok {
			p.t.Fatalf("flowtest: %q is not one of Config.Scopes", scope)
		}
		if p.resource == "" {
			continue
		}
		if _, refusal := k.RequestedScopes(p.Application, scope, []string{p.resource}); refusal != nil {
			p.t.Fatalf("flowtest: %s: %v", p.resource, refusal)
		}
	}
	request := &kernel.TokenRequest{
		HTTP:   new(http.Request).WithContext(p.t.Context()),
		Now:    k.Now(),
		Client: store.Client{Application: p.Application},
		Extra:  k.KeptResources([]string{p.resource}),
	}
	if kept, named, _ := kernel.ResourcesOf(request.Extra); named { // what was just made can be read
		request.Resources, request.Audience = kept, kept.All()
		if err := request.KeepResources(); err != nil {
			p.t.Fatalf("flowtest: %v", err)
		}
	}
	consent := kernel.Consent{UserID: user, AccountID: account, Scopes: scopes}
	if p.resource != "" {
		consent.Resources = []string{p.resource}
	}
	tokens, refusal := k.Issue.Tokens(request, consent, false)
	if refusal != nil {
		p.t.Fatalf("flowtest: issuing an access token: %v", refusal)
	}
	return tokens.Access
}

// bearer sends every request with an access token.
type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change the caller's request
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}
