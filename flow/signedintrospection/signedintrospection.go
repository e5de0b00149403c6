// Package signedintrospection is a capability of package flow: answers of the
// introspection endpoint that are signed, for resource servers that must be
// able to prove what they were told (RFC 9701).
//
//	flow.Config{
//		SigningKeys: []flow.SigningKey{{Signer: key, Algorithm: "ES256"}},
//		Extensions:  []flow.Extension{signedintrospection.New(signedintrospection.Config{})},
//	}
//
// A client gets one if its request prefers [MediaType] in the header Accept. It
// is a JWT with the claims iss, aud, which is the client ID of the resource
// server, and iat; its claim token_introspection is the whole answer in JSON.
// For a token that is not active that is {"active":false}. Every other request
// gets the answer in JSON, and refusals are always in JSON. The capability does
// not change who may ask about which token: see flow.Config.ResourceServers,
// and flow.Resource.ResourceServers if the service has several APIs.
//
// The metadata tells the algorithms, and with jwks_uri where the public keys
// are. The host chooses an algorithm for all with [Config].Algorithm, and one
// for a resource server with [Application]:
//
//	choice := signedintrospection.Application{Algorithm: "ES256"}
//	registry.SetExtra(ctx, owner, app.ID, signedintrospection.Name, choice)
//
// Answers are not encrypted (RFC 9701, section 5): https keeps them from
// others.
//
// # Replacing a key
//
// The endpoint of the public keys lets verifiers keep them for five minutes;
// many keep them for a day. So a new key is published before it signs, and an
// old one stays published after it signed last. Change flow.Config.SigningKeys
// in three steps. Take each step when all nodes have had the one before for
// longer than verifiers keep keys.
//
//	{current, next}  // next is published
//	{next, current}  // next signs
//	{next}           // current is forgotten
//
// With keys of several algorithms, do this for each. To prove an answer years
// later, keep it together with the public key.
package signedintrospection

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Name is the name of the capability, under which an application keeps its
// [Application] in oauthapp.Application.Extra.
const Name = "signedintrospection"

// MediaType is the media type of signed answers (RFC 9701, section 4). What
// follows the slash is the typ of the JWT.
const MediaType = "application/token-introspection+jwt"

const typ = "token-introspection+jwt"

// An Application is the entry [Name] of oauthapp.Application.Extra.
type Application struct {
	// Algorithm signs the answers to the application, such as "ES256": that of
	// one of flow.Config.SigningKeys, or "" for [Config.Algorithm]. If there is
	// no key for it, a request for a signed answer gets status 500.
	Algorithm string `json:"introspection_signed_response_alg,omitempty"`
}

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// Algorithm signs the answers to applications that name none of their own,
	// such as "ES256": that of one of flow.Config.SigningKeys. Defaults to
	// RS256 if there is a key for it (RFC 9701, section 6), and otherwise to
	// the algorithm of the first key.
	Algorithm string
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string               { return Name }
func (extension) Findings() []kernel.Finding { return nil }

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	signer, err := jose.NewSigner(k.SigningKeys)
	if err != nil {
		return kernel.Contribution{}, err
	}
	algorithms := signer.Algorithms()
	a := answers{kernel: k, signer: signer, algorithm: e.cfg.Algorithm}
	switch {
	case a.algorithm != "" && !slices.Contains(algorithms, a.algorithm):
		return kernel.Contribution{}, fmt.Errorf("Config.Algorithm: flow.Config.SigningKeys has no key for %q", a.algorithm)
	case a.algorithm == "" && slices.Contains(algorithms, "RS256"):
		a.algorithm = "RS256"
	case a.algorithm == "":
		a.algorithm = algorithms[0]
	}
	return kernel.Contribution{
		WriteIntrospection: a.write,
		KeySet:             signer.KeySet(),
		Metadata:           map[string]any{"introspection_signing_alg_values_supported": algorithms},
	}, nil
}

// answers signs the answers of the introspection endpoint.
type answers struct {
	kernel    *kernel.Kernel
	signer    *jose.Signer
	algorithm string // where an application has none of its own
}

// claims are those of RFC 9701, section 5. There is no exp and no sub, which
// would make it look like an access token.
type claims struct {
	Issuer             string `json:"iss"`
	Audience           string `json:"aud"`
	IssuedAt           int64  `json:"iat"` // seconds since 1970
	TokenIntrospection any    `json:"token_introspection"`
}

func (a answers) write(w http.ResponseWriter, r *http.Request, client store.Client, answer any) bool {
	if !prefersSigned(r.Header["Accept"]) {
		return false
	}
	algorithm, err := a.algorithmOf(client.Application)
	if err != nil {
		a.kernel.WriteError(w, r, wire.Internal(err))
		return true
	}
	signed, err := a.signer.Sign(typ, algorithm, claims{
		Issuer:             a.kernel.Issuer,
		Audience:           client.Application.ClientID,
		IssuedAt:           a.kernel.Now().Unix(),
		TokenIntrospection: answer,
	})
	if err != nil {
		a.kernel.WriteError(w, r, wire.Outage(err))
		return true
	}
	wire.WriteAs(w, http.StatusOK, MediaType, []byte(signed))
	return true
}

// algorithmOf returns what the answers to an application are signed with. One
// that it is registered for is never replaced by another: its verifier would
// refuse that.
func (a answers) algorithmOf(app oauthapp.Application) (string, error) {
	var kept Application
	if _, err := app.ReadExtra(Name, &kept); err != nil {
		return "", err
	}
	switch {
	case kept.Algorithm == "":
		return a.algorithm, nil
	case !slices.Contains(a.signer.Algorithms(), kept.Algorithm):
		return "", fmt.Errorf("application %s wants its introspection signed with %q, for which flow.Config.SigningKeys has no key", app.ID, kept.Algorithm)
	}
	return kept.Algorithm, nil
}
