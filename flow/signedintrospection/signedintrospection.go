// Package signedintrospection is a capability of package flow: answers of the
// introspection endpoint that are signed, for resource servers that must be
// able to prove what they were told (RFC 9701).
//
//	flow.Config{
//		SigningKeys: []flow.SigningKey{{Signer: key, Algorithm: "ES256"}},
//		Extensions:  []flow.Extension{signedintrospection.New(signedintrospection.Config{})},
//	}
//
// A client gets one where its request prefers [MediaType] in the header Accept:
// a JWT with the issuer, the client ID of who asked, the time, and in the claim
// token_introspection all that the answer in JSON has. A token that is not
// active is told as that and nothing else. To every other request the answer
// stays as it is, and refusals are in JSON always. Who may ask about which
// token stays as it is, too: see flow.Config.ResourceServers, and
// flow.Resource.ResourceServers where the service has several APIs.
//
// The metadata tells the algorithms, and with jwks_uri where the public keys
// are. The host chooses an algorithm for all with [Config].Algorithm, and one
// for a resource server with [Application]:
//
//	choice := signedintrospection.Application{Algorithm: "ES256"}
//	registry.SetExtra(ctx, owner, app.ID, signedintrospection.Name, choice)
//
// Answers are not encrypted for who asked (RFC 9701, section 5): what keeps
// them from others is https.
//
// # Replacing a key
//
// A verifier keeps the public keys for the five minutes that the endpoint says,
// many for a day. So a key is published before it signs, and for as long after
// it has ceased to: change flow.Config.SigningKeys on every node in three
// steps, each only when all nodes have the one before, for longer than the
// verifiers keep keys.
//
//	{current, next}  // next is published
//	{next, current}  // next signs
//	{next}           // current is forgotten
//
// With keys of several algorithms this holds for each. Whoever has to prove an
// answer years later keeps it together with the public key.
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

// MediaType is that of signed answers. The part behind the slash is the typ of
// the JWT.
const MediaType = "application/" + typ

const typ = "token-introspection+jwt"

// An Application is what is kept of an application under [Name].
type Application struct {
	// Algorithm is the one that its answers are signed with: one of
	// flow.Config.SigningKeys, or "" for the default. Where there is no key for
	// it, signed answers are status 500.
	Algorithm string `json:"introspection_signed_response_alg,omitempty"`
}

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// Algorithm is what answers are signed with where the [Application] names
	// none: one of flow.Config.SigningKeys. Defaults to RS256 where there is a
	// key for it, as RFC 9701, section 6, says, and to that of the first key
	// where there is none.
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
