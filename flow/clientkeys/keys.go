package clientkeys

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/fetch"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Keys are the public keys that an application authenticates with: either Set
// or URI, not both. In JSON they are the member jwks or jwks_uri (RFC 7591,
// section 2).
//
// Marshalling checks them. For keys that nobody could use, json.Marshal and so
// oauthapp.Registry.SetExtra return an error in which errors.As finds a
// [*oauthapp.ValidationError] of field jwks or jwks_uri.
type Keys struct {
	// Set is a JWK Set (RFC 7517) of at most 16384 bytes and 20 public keys,
	// of which one at least is for signatures with ES256, Ed25519, PS256 or
	// RS256. RSA keys have 2048 to 4096 bits.
	Set json.RawMessage
	// URI is the https URL of such a set.
	URI string
}

// ParseKeys reads what a developer pastes: a JWK Set or the URL of one. It
// returns a [*oauthapp.ValidationError] of field jwks.
func ParseKeys(text string) (Keys, error) {
	text = strings.TrimSpace(text)
	keys := Keys{URI: text}
	if !strings.HasPrefix(strings.ToLower(text), "https:") {
		keys = Keys{Set: json.RawMessage(text)}
	}
	if problem := keys.problem(); problem != nil {
		return Keys{}, problem.of("jwks")
	}
	return keys, nil
}

// A problem is what is wrong with keys: an oauthapp.FieldError without a field.
type problem oauthapp.FieldError

// of returns the problem as an error of a field.
func (p *problem) of(field string) error {
	p.Field = field
	return &oauthapp.ValidationError{Fields: []oauthapp.FieldError{oauthapp.FieldError(*p)}}
}

// problem says what is wrong with the keys, nil for nothing.
func (k Keys) problem() *problem {
	switch {
	case len(k.Set) > 0 && k.URI != "":
		return &problem{Code: "clientkeys.both", Message: "Give the keys or the URL of keys, not both."}
	case k.URI != "":
		if fetch.CheckURL(k.URI) != nil {
			return &problem{Code: "clientkeys.url", Message: "The URL of keys must be an https URL without a user and a fragment, such as https://client.example/jwks.json"}
		}
		return nil
	}
	if _, err := jose.ParseSet(k.Set); err != nil {
		return &problem{
			Code: "clientkeys.set", Args: []any{err.Error()},
			Message: "Give a JSON Web Key Set of public keys for ES256, Ed25519, PS256 or RS256, with the member keys: " + err.Error() + ".",
		}
	}
	return nil
}

// entry is the JSON of keys.
type entry struct {
	Set json.RawMessage `json:"jwks,omitempty"`
	URI string          `json:"jwks_uri,omitempty"`
}

// MarshalJSON returns the JSON of keys that can be used.
func (k Keys) MarshalJSON() ([]byte, error) {
	if problem := k.problem(); problem != nil {
		field := "jwks"
		if k.URI != "" {
			field = "jwks_uri"
		}
		return nil, problem.of(field)
	}
	return json.Marshal(entry(k))
}

// UnmarshalJSON reads what MarshalJSON returns.
func (k *Keys) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*entry)(k)) }

// fieldText is what the form shows of an application: what ParseKeys reads as
// its keys.
func fieldText(app oauthapp.Application) (text string, has bool) {
	if app.Type == oauthapp.Public {
		return "", false
	}
	var kept entry
	if found, err := app.ReadExtra(Name, &kept); !found || err != nil {
		return "", true
	}
	var b bytes.Buffer
	if kept.URI != "" || json.Indent(&b, kept.Set, "", "  ") != nil {
		return kept.URI, true
	}
	return b.String(), true
}

// fieldEntry is what is kept of the form.
func fieldEntry(app oauthapp.Application, text string) (entry any, problem *page.Message) {
	if text == "" {
		return nil, nil
	}
	if app.Type == oauthapp.Public {
		return nil, page.Say("clientkeys.public")
	}
	keys, err := ParseKeys(text)
	if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
		return nil, kernel.Problems(invalid)[0].Message
	}
	return keys, nil
}

// decoys are keys that nobody has the private keys of, one of each type.
var decoys, _ = jose.ParseSet([]byte(`{"keys":[
	{"kty":"EC","crv":"P-256","x":"VQL4VDu5p8uhD7Jel0LaqfYNKYkH2YhQggRHFoiL2fI","y":"b_UY0hs4pQEg0vzF4hyc7WWVf8LauSqsGgdiOu79zo4"},
	{"kty":"OKP","crv":"Ed25519","x":"iPSsWokFMLs9Ikx6UXhU91YTeVCLxhhSC490gIZv1lc"},
	{"kty":"RSA","n":"4eqctTbhtsMe8si5Yt-xndxVQajzaZrNYmOQD2zwuAJRqn6tILqAHaiViuRuZFd_FhPrtCssgN1IwQ0a-yNs6W-jFDnM5uVVNUlzq4ppwH7Xe7R0_VczxVYnI-DBDZiXLZJA7-HueTnrtbi_J1AGSqCPHaOBfci3d5sMDH1rtMRtSPSrq6jg0jjmljYOp83aWhAzajdNq3Qegun8Lx9Q6o6pjqtvm3LKik7cXDSvfj9hjytaoJgISog7Xw4ODSvm0NIhqcQRDXykq-KNj2iYYjPLWD0BHfoZV5v51lTTJK16EMAvFc5fbczLJN9ScbxdKJnu5l2Bxj9KapAUuc_zxQ","e":"AQAB"}
]}`))
