package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// serverMetadata is the authorization server metadata of RFC 8414. It tells what
// clients may rely on; what is optional and not there is left out.
type serverMetadata struct {
	Issuer                                 string   `json:"issuer"`
	AuthorizationEndpoint                  string   `json:"authorization_endpoint"`
	TokenEndpoint                          string   `json:"token_endpoint"`
	RevocationEndpoint                     string   `json:"revocation_endpoint"`
	IntrospectionEndpoint                  string   `json:"introspection_endpoint"`
	ScopesSupported                        []string `json:"scopes_supported"`
	ResponseTypesSupported                 []string `json:"response_types_supported"`
	ResponseModesSupported                 []string `json:"response_modes_supported"`
	GrantTypesSupported                    []string `json:"grant_types_supported"`
	TokenEndpointAuthMethods               []string `json:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethods          []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionEndpointAuthMethods       []string `json:"introspection_endpoint_auth_methods_supported"`
	CodeChallengeMethodsSupported          []string `json:"code_challenge_methods_supported"`
	AuthorizationResponseIssParamSupported bool     `json:"authorization_response_iss_parameter_supported"`
}

// resourceMetadata is the protected resource metadata of RFC 9728.
type resourceMetadata struct {
	Resource               string   `json:"resource"`
	AuthorizationServers   []string `json:"authorization_servers"`
	ScopesSupported        []string `json:"scopes_supported"`
	BearerMethodsSupported []string `json:"bearer_methods_supported"`
}

// serverMetadata serves the authorization server metadata.
func (p *Provider) serverMetadata() http.HandlerFunc {
	secret := []string{"client_secret_basic", "client_secret_post"}
	secretOrNone := []string{"client_secret_basic", "client_secret_post", "none"}
	return document(serverMetadata{
		Issuer:                                 p.cfg.Issuer,
		AuthorizationEndpoint:                  p.cfg.Issuer + authorizePath,
		TokenEndpoint:                          p.cfg.Issuer + tokenPath,
		RevocationEndpoint:                     p.cfg.Issuer + revokePath,
		IntrospectionEndpoint:                  p.cfg.Issuer + introspectPath,
		ScopesSupported:                        p.scopeNames(),
		ResponseTypesSupported:                 []string{"code"},
		ResponseModesSupported:                 []string{"query"},
		GrantTypesSupported:                    []string{"authorization_code", "refresh_token"},
		TokenEndpointAuthMethods:               secretOrNone,
		RevocationEndpointAuthMethods:          secretOrNone,
		IntrospectionEndpointAuthMethods:       secret,
		CodeChallengeMethodsSupported:          []string{"S256"},
		AuthorizationResponseIssParamSupported: true,
	})
}

// resourceMetadata serves the metadata of the protected API.
func (p *Provider) resourceMetadata() http.HandlerFunc {
	return document(resourceMetadata{
		Resource:               p.cfg.Resource,
		AuthorizationServers:   []string{p.cfg.Issuer},
		ScopesSupported:        p.scopeNames(),
		BearerMethodsSupported: []string{"header"},
	})
}

// resourceMetadataURL is where a client finds the metadata of the protected API:
// the well-known path stands between the host and the path (RFC 9728, section 3.1).
func (p *Provider) resourceMetadataURL() string {
	resource, _ := url.Parse(p.cfg.Resource) // checked by resolve
	path := strings.TrimSuffix(p.resourcePath(), "{$}")
	return resource.Scheme + "://" + resource.Host + resourceMetadataPath + path
}

func (p *Provider) scopeNames() []string {
	names := make([]string, len(p.cfg.Scopes))
	for i, scope := range p.cfg.Scopes {
		names[i] = scope.Name
	}
	return names
}

// document serves a JSON document that stays the same while the process runs.
func document(v any) http.HandlerFunc {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // identifiers are compared byte for byte
	_ = encoder.Encode(v)        // strings and booleans always encode
	body := b.Bytes()
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", etag)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}
