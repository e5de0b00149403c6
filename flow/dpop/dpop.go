// Package dpop is a capability of package flow: access tokens that are bound to
// a key of their client, so that nobody else can use them (DPoP, RFC 9449).
//
//	flow.Config{Extensions: []flow.Extension{dpop.New(dpop.Config{})}}
//
// A client that sends a proof with its token request gets tokens bound to the
// key of the proof, of token_type DPoP. From then on [flow.Provider.Require]
// takes the access token with the scheme DPoP and a proof alone. The refresh
// tokens of public clients are bound to the key too; confidential clients
// authenticate, and may refresh with another key, or with none. A code is bound
// to the key that the authorization request names with dpop_jkt, or the pushed
// request proves. Clients that send no proof get bearer tokens as before,
// unless [Config] or [Application] demand one.
//
// A proof is good for one request, with the method and the URI that it names,
// and for a minute. The URI is compared with flow.Config.Issuer at the
// endpoints of the library, and with flow.Config.Resource at the API; see
// [Config].RequestURL. The Host header does not count. A proof is taken only
// once. At the token endpoint that holds for all nodes together. At the API
// each process remembers the proofs that it took; with [Config].SharedReplay
// all nodes do so together.
//
// A client whose clock is wrong gets a nonce. A nonce is good for 5 minutes,
// and a proof with it for as long, whatever the clock of the client says. With
// [Config].RequireNonce every client gets one. Nonces are made from
// flow.Config.Keys, which all nodes share, and are kept nowhere.
//
// Once the capability is no longer listed, bound tokens are refused everywhere.
// An API that scripts of other origins call has to expose the headers
// DPoP-Nonce and WWW-Authenticate in its own CORS answers; the endpoints of the
// library do.
//
// With the profile flow.FAPI2, every token request needs a proof, and an iat
// more than a minute ahead is refused with a nonce, too.
//
// Proofs are signed with ES256, EdDSA, which is Ed25519 under either of its
// names, or PS256, as FAPI 2.0, section 5.4.1, demands.
package dpop

import (
	"embed"
	"maps"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// RequireBinding demands a proof with every token request, of every client.
	// Tokens issued before stay as they are until they are refreshed. Defaults
	// to demanding it only of applications with Application.BoundAccessTokens.
	RequireBinding bool

	// RequireNonce demands a nonce in every proof (RFC 9449, sections 8 and 9),
	// so that none can be made long before it is used. The first request of a
	// client is then refused, and tells the nonce to use.
	RequireNonce bool

	// SharedReplay makes all nodes remember together which proofs the API took.
	// Each call then writes a record to the store. Defaults to each process
	// remembering its own, in 25 megabytes at most: a proof that somebody
	// intercepts could be used once at each other node, within its minute.
	SharedReplay bool

	// RequestURL returns the URL to which a client sent a request to the API,
	// for an API that is behind a proxy which changes paths, or has several
	// hosts. It must not rely on what a client can choose, such as the Host
	// header, without checking it. Defaults to the scheme and host of
	// flow.Config.Resource and the path that was requested.
	RequestURL func(r *http.Request) string
}

// Name is the name of the capability, and of its entry in what an application
// keeps.
const Name = "dpop"

// An Application is the entry [Name] of oauthapp.Application.Extra. The owner
// of the application sets it on the pages of package dashboard, and the host:
//
//	bound := dpop.Application{BoundAccessTokens: true, Fixed: true}
//	registry.SetExtra(ctx, owner, app.ID, dpop.Name, bound)
type Application struct {
	// BoundAccessTokens demands a proof with every token request of the
	// application (RFC 9449, section 5.2).
	BoundAccessTokens bool `json:"dpop_bound_access_tokens"`
	// Fixed keeps the setting as the host made it: the owner's form has no box
	// for it, and an update by the client itself (package registration) does
	// not change it.
	Fixed bool `json:"fixed,omitempty"`
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

const (
	scheme      = "DPoP"
	headerName  = "DPoP"
	nonceHeader = "DPoP-Nonce"
	keyParam    = "dpop_jkt"
)

func (extension) Name() string { return Name }

func (e extension) Findings() []kernel.Finding {
	if e.cfg.RequireBinding {
		return nil
	}
	return []kernel.Finding{{
		Field:     "Extensions",
		Reference: "RFC 9700, section 2.2.1",
		Message: "Clients that send no DPoP proof get bearer tokens, which are good for whoever steals them. " +
			"Set dpop.Config.RequireBinding once every client sends one.",
		Unless: kernel.FAPI2,
	}}
}

//go:embed messages
var messages embed.FS

// meets is what the capability sees to for the clauses of a profile.
func (s *service) meets() []kernel.Requirement {
	if !s.cfg.RequireBinding {
		return nil
	}
	return []kernel.Requirement{kernel.BoundTokensOnly}
}

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	s, err := newService(e.cfg, k)
	if err != nil {
		return kernel.Contribution{}, err
	}
	metadata := map[string]any{"dpop_signing_alg_values_supported": algorithms}
	resourceMetadata := maps.Clone(metadata)
	if s.cfg.RequireBinding {
		resourceMetadata["dpop_bound_access_tokens_required"] = true // RFC 9728, section 2
	}
	return kernel.Contribution{
		AuthorizationParams: []kernel.AuthorizationParam{{
			Name:  keyParam,
			Check: checkThumbprint,
			Keep:  func(value string) any { return binding{Code: value} },
		}},
		ApplicationField:   s.field(),
		Pages:              page.Further{Files: messages},
		JudgeAuthorization: s.judgePush,
		JudgeTokenRequest:  s.judgeTokenRequest,
		Schemes: []kernel.Scheme{{
			Name:      scheme,
			Check:     s.checkCall,
			Binds:     isBound,
			Challenge: `algs="` + strings.Join(algorithms, " ") + `"`,
		}},
		Metadata:             metadata,
		ResourceMetadata:     resourceMetadata,
		IntrospectionMembers: confirmation,
		AnswerHeader:         s.addNonce,
		ExposedHeaders:       []string{nonceHeader},
		Meets:                s.meets(),
		ClaimsExtra:          true,
	}, nil
}

// field lets the owner of an application demand a proof of its token requests.
func (s *service) field() *kernel.ApplicationField {
	return &kernel.ApplicationField{
		Name:  "dpop_bound_access_tokens",
		Label: page.Say("dpop.label"),
		Hint:  page.Say("dpop.hint"),
		Flag:  true,
		Text: func(app oauthapp.Application) (text string, has bool) {
			if demandsBinding(app) {
				text = "true"
			}
			var kept Application
			_, err := app.ReadExtra(Name, &kept)
			return text, !s.cfg.RequireBinding && (err != nil || !kept.Fixed)
		},
		Entry: func(_ oauthapp.Application, text string) (entry any, problem *page.Message) {
			if text == "" {
				return nil, nil
			}
			return Application{BoundAccessTokens: true}, nil
		},
	}
}
