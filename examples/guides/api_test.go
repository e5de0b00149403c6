package guides

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/tokens"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Guard an API
//
// Provider.Require lets through what has an access token with the scopes, and
// answers everything else as RFC 6750 says. The handler asks AuthorizationFrom
// for whom it acts. Look up the user and the account there as for a person who
// is signed in: a token says what the application may do, not what the user
// may.
//
// Provider.Guard is Require with more to ask for: one of several APIs
// (Resource), tokens that applications have for themselves (Applications), and
// MayAct at every call (Current).
//
// # Answer for itself
//
// A service whose API has a sign-in of its own as well, or another form of
// errors, calls Provider.Authenticate. It returns what the token stands for, or
// a *flow.Error with the status, the code and the phrase to answer with, and
// with what the header has to have, such as the nonce of package dpop. That
// header names the schemes, too: WWW-Authenticate has "Bearer", and "DPoP"
// where dpop is listed. Any other error is a mistake of the configuration.
// Answer that as well: without an authorization the handler must not go on.
func Example_api() {
	provider := must(flow.New(service()))
	domains := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, err := provider.Authenticate(r, flow.Guard{Scopes: []string{"read"}})
		if refusal, ok := errors.AsType[*flow.Error](err); ok {
			maps.Copy(w.Header(), refusal.Header)
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(refusal.Status)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": refusal.Description})
			return
		}
		if err != nil {
			http.Error(w, "Something is wrong on our side.", http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode("domains of " + authorization.AccountID)
	})

	r := httptest.NewRequest(http.MethodGet, "/domains", nil)
	r.Header.Set("Authorization", "Bearer of-somebody-else")
	w := httptest.NewRecorder()
	domains.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"message":"the access token is not valid"}
}

// # Several APIs
//
// Config.Resources names further APIs of the service, beside Config.Resource.
// Each has tokens of its own: one for billing does not open the rest, so that
// whoever runs it, or an application that is trusted with it alone, reaches
// nothing else. Applications ask for one with the parameter resource (RFC
// 8707), and learn of it from the metadata that a 401 names.
//
// Guard each handler with the Resource that it serves; Require is for
// Config.Resource. Both panic where the API does not take a scope, at the start
// and not at a request. A token that is for several APIs has, at each, the
// scopes that this one takes.
//
// Clients fetch the metadata of an API from its own host. Where that is another
// one than the issuer's, have it hand /.well-known/oauth-protected-resource to
// the provider, with the Host header as it came.
//
// One that is another program is told of tokens for its own API alone where
// Resource.ResourceServers names it.
func Example_severalAPIs() {
	const billing = "https://service.example/billing"
	cfg := service()
	cfg.Resource = "https://service.example/v1"
	cfg.Resources = []flow.Resource{{Identifier: billing, Name: "Billing", Scopes: []string{"read"}}}
	provider := must(flow.New(cfg))
	mux := http.NewServeMux()
	provider.Mount(mux)
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/v1/", provider.Require("write")(handler))
	mux.Handle("/billing/", provider.Guard(flow.Guard{Resource: billing, Scopes: []string{"read"}})(handler))

	for _, path := range []string{"/v1/domains", "/billing/invoices"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		challenge := w.Header().Get("WWW-Authenticate")
		_, metadata, _ := strings.Cut(challenge, `resource_metadata="https://service.example`)
		fmt.Println(path, w.Code, strings.TrimSuffix(metadata, `"`))
	}
	// Output:
	// /v1/domains 401 /.well-known/oauth-protected-resource/v1
	// /billing/invoices 401 /.well-known/oauth-protected-resource/billing
}

// # An API that is another program
//
// It asks the introspection endpoint what a token stands for, as a confidential
// application of yours that Config.ResourceServers, or that of a Resource,
// names by its client ID. Choose the ID beforehand, so that the configuration
// can have it before the application is registered. No browser is ever sent to
// it, so its callback URL is one that nobody can have.
//
// The answer holds for that moment: a revocation ends nothing that the API
// keeps. Ask at each call, or keep answers for seconds.
func Example_introspection() {
	const reports = "reports-api" // 1 to 255 letters, digits, "-", ".", "_" and "~"
	cfg := service()
	cfg.ResourceServers = []string{reports}
	cfg.Extensions = []flow.Extension{tokens.New(tokens.Config{})}
	provider := must(flow.New(cfg))
	ctx, registry := context.Background(), provider.Registry()
	imported := must(registry.Import(ctx, "operations", oauthapp.Import{
		Registration: oauthapp.Registration{ClientID: reports, Name: "Reports", CallbackURLs: []string{"https://unused.invalid/"}},
		Secret:       "its secret, of 32 random bytes or so", SecretForm: oauthapp.PlainSecret, SecretIsRandom: true,
	}))
	fmt.Println(imported.Application.ClientID, imported.Existed) // repeat it at each start: it changes nothing

	_, ofAnn, err := registry.CreateAPIToken(ctx, oauthapp.NewAPIToken{UserID: "ann", AccountID: "7", Name: "Backup", Scopes: []string{"read"}})
	check(err)
	r := httptest.NewRequest(http.MethodPost, "/oauth/introspect", strings.NewReader(url.Values{"token": {ofAnn.Reveal()}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(reports), url.QueryEscape("its secret, of 32 random bytes or so"))
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, r)
	var answer struct {
		Active     bool
		Sub, Scope string
		AccountID  string `json:"account_id"`
	}
	check(json.Unmarshal(w.Body.Bytes(), &answer))
	fmt.Printf("%+v\n", answer)
	// Output:
	// reports-api false
	// {Active:true Sub:ann Scope:read AccountID:7}
}
