package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"time"
)

// ownMetadata are the members of the authorization server metadata (RFC 8414)
// that are there without any capability. It tells what clients may rely on;
// what is optional and not there is left out.
func (p *Provider) ownMetadata() map[string]any {
	return map[string]any{
		"issuer":                                         p.cfg.Issuer,
		"authorization_endpoint":                         p.cfg.Issuer + authorizePath,
		"token_endpoint":                                 p.cfg.Issuer + tokenPath,
		"revocation_endpoint":                            p.cfg.Issuer + revokePath,
		"introspection_endpoint":                         p.cfg.Issuer + introspectPath,
		"scopes_supported":                               p.scopeNames(),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"code_challenge_methods_supported":               []string{challengeMethod},
		"authorization_response_iss_parameter_supported": true,

		// serverMetadata knows them once every capability is there.
		"grant_types_supported":                         nil,
		"token_endpoint_auth_methods_supported":         nil,
		"revocation_endpoint_auth_methods_supported":    nil,
		"introspection_endpoint_auth_methods_supported": nil,
	}
}

// serverMetadata serves the authorization server metadata, with the grant types
// and client authentication methods of all capabilities.
func (p *Provider) serverMetadata() http.HandlerFunc {
	metadata := maps.Clone(p.added.Metadata)
	if len(p.resources) > 1 {
		metadata["protected_resources"] = p.identifiers() // RFC 9728, section 4
	}
	maps.Copy(metadata, map[string]any{
		"ui_locales_supported":                          p.pages.Languages(),
		"grant_types_supported":                         p.grantTypes(),
		"token_endpoint_auth_methods_supported":         p.clients.Names(true),
		"revocation_endpoint_auth_methods_supported":    p.clients.Names(true),
		"introspection_endpoint_auth_methods_supported": p.clients.Names(false),
	})
	return jsonDocument(metadata)
}

// ownResourceMetadata are the members of the protected resource metadata (RFC
// 9728) that are there without any capability.
func (p *Provider) ownResourceMetadata() map[string]any {
	return map[string]any{
		"resource":                 p.cfg.Resource,
		"authorization_servers":    []string{p.cfg.Issuer},
		"scopes_supported":         p.scopeNames(),
		"bearer_methods_supported": []string{"header"},
	}
}

// jsonDocument serves a document of metadata.
func jsonDocument(v any) http.HandlerFunc {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // identifiers are compared byte for byte
	_ = encoder.Encode(v)        // strings and booleans always encode
	return document("application/json", b.Bytes())
}

// document serves a document that stays the same while the process runs. It may
// be kept for five minutes.
func document(contentType string, body []byte) http.HandlerFunc {
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", etag)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}
