package flow

import (
	"crypto"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// A SigningKey is a key pair of the service, whose signatures others check with
// the public key that the service publishes: see [Config.SigningKeys].
type SigningKey struct {
	// Signer has the private key, or has another machine sign with it. It is an
	// *ecdsa.PrivateKey on P-256, an ed25519.PrivateKey, an *rsa.PrivateKey of
	// 2048 bits or more, or anything with such a public key. Many goroutines
	// call it at once, within a request. An error is an outage and answered
	// 503.
	Signer crypto.Signer

	// Algorithm is the one JWS algorithm that the key is for: ES256, EdDSA,
	// Ed25519, which is a new name of EdDSA with a key of that curve (RFC
	// 9864), PS256 or RS256.
	Algorithm string
}

func kernelSigningKeys(keys []SigningKey) []kernel.SigningKey {
	all := make([]kernel.SigningKey, len(keys))
	for i, key := range keys {
		all[i] = kernel.SigningKey(key)
	}
	return all
}

const keySetPath = "/oauth/jwks"

// publishKeys adds the endpoint of the public keys that capabilities sign with.
func (p *Provider) publishKeys() error {
	set := p.added.KeySet()
	if set == nil {
		return nil
	}
	return p.added.Add("jwks", kernel.Contribution{
		Routes: []kernel.Route{{
			Method:    http.MethodGet,
			Path:      keySetPath,
			Handler:   document("application/jwk-set+json", set),
			AnyOrigin: true,
		}},
		Metadata: map[string]any{"jwks_uri": p.cfg.Issuer + keySetPath},
	})
}
