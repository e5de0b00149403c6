package registration

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// The values of metadata that this package knows of (RFC 7591, section 2).
const (
	methodNone  = "none"
	methodBasic = "client_secret_basic"
	methodPost  = "client_secret_post"
	methodKey   = "private_key_jwt"

	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
)

// metadata is what a client asks for, as far as this service goes along with
// it.
type metadata struct {
	registration oauthapp.Registration
	method       string
	grants       []string
	keys         *jose.Source    // of private_key_jwt; nil
	flags        map[string]bool // what is said of those of flagNames
}

// flagNames are metadata that are true or false (RFC 9126, section 6, and RFC
// 9449, section 5.2). Capabilities have application fields of these names.
var flagNames = []string{"dpop_bound_access_tokens", "require_pushed_authorization_requests"}

// flagFields are the fields of the capabilities that are there.
func (s *service) flagFields() []kernel.ApplicationField {
	return slices.DeleteFunc(s.kernel.ApplicationFields(), func(f kernel.ApplicationField) bool {
		return !f.Flag || !slices.Contains(flagNames, f.Name)
	})
}

// extraOf is what an application is to keep beside what every one has, by
// capability: nil for what it keeps no longer. A flag that the host has fixed
// is not the client's to change.
func (s *service) extraOf(m *metadata, kept entry, app oauthapp.Application) map[string]any {
	extra := map[string]any{Name: kept}
	if m.keys != nil {
		extra[jose.SourceName] = m.keys
	}
	for _, field := range s.flagFields() {
		text := ""
		if m.flags[field.Name] {
			text = "true"
		}
		if before, has := field.Text(app); !has || before == text {
			continue
		}
		app.Type = m.registration.Type
		if entry, problem := field.Entry(app, text); problem == nil {
			extra[field.Capability] = entry
		}
	}
	return extra
}

// parse reads client metadata. What this service does not support is left out,
// as the answer tells. What is wrong is refused.
func (s *service) parse(members map[string]json.RawMessage, open bool) (*metadata, *wire.Error) {
	m := &metadata{method: methodBasic}
	reg := &m.registration
	var refusal *wire.Error
	if refusal = s.readMethod(m, members); refusal != nil {
		return nil, refusal
	}
	if reg.CallbackURLs, refusal = redirectURIs(members["redirect_uris"]); refusal != nil {
		return nil, refusal
	}
	if types, given := texts(members["response_types"]); given && len(types) > 0 && !slices.Contains(types, "code") {
		return nil, wire.Refuse(wire.InvalidClientMetadata, "response_types: this service has code alone")
	}
	if m.grants, refusal = s.grants(members["grant_types"]); refusal != nil {
		return nil, refusal
	}
	m.flags = map[string]bool{}
	for _, name := range flagNames {
		var flag bool
		m.flags[name] = members[name] != nil && json.Unmarshal(members[name], &flag) == nil && flag
	}
	scope, _ := wire.Text(members["scope"])
	reg.Scopes = s.kernel.ScopesWithin(scope, s.cfg.Scopes)
	describe(reg, members, open)
	return m, s.check(reg)
}

// readMethod finds how a client authenticates (RFC 7591, section 2). A method
// that this service lacks becomes the default.
func (s *service) readMethod(m *metadata, members map[string]json.RawMessage) *wire.Error {
	m.registration.Type = oauthapp.Confidential
	switch method, _ := wire.Text(members["token_endpoint_auth_method"]); {
	case method == methodPost && s.kernel.HasClientAuthentication(methodPost):
		m.method = methodPost
	case method == methodNone && s.kernel.HasClientAuthentication(methodNone):
		m.method, m.registration.Type = methodNone, oauthapp.Public
	case method == methodKey && s.kernel.HasClientAuthentication(methodKey):
		uri, _ := wire.Text(members["jwks_uri"])
		m.method, m.keys = methodKey, &jose.Source{Set: members["jwks"], URI: uri}
		if err := m.keys.Check(); err != nil {
			refusal := wire.Refuse(wire.InvalidClientMetadata, err.Error())
			refusal.Reason = "the keys of the client are of no use"
			return refusal
		}
	case !s.kernel.HasClientAuthentication(methodBasic):
		return wire.Refuse(wire.InvalidClientMetadata, "token_endpoint_auth_method must be "+methodKey+", with the keys of the client")
	}
	return nil
}

// check has the registry judge a registration.
func (s *service) check(reg *oauthapp.Registration) *wire.Error {
	kept, err := s.kernel.Registry.CheckOwnerless(*reg)
	if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok && invalid.Message("homepage_url") != "" {
		reg.HomepageURL = ""
		kept, err = s.kernel.Registry.CheckOwnerless(*reg)
	}
	if err == nil {
		*reg = kept
		return nil
	}
	return refuseInvalid(err)
}

// refuseInvalid says what is wrong with metadata, or that the store failed.
func refuseInvalid(err error) *wire.Error {
	invalid, ok := errors.AsType[*oauthapp.ValidationError](err)
	if !ok {
		return wire.Outage(err)
	}
	refusal := wire.Refuse(wire.InvalidClientMetadata, "client_name: "+invalid.Message("name"))
	refusal.Reason = "the client metadata is not valid"
	if message := invalid.Message("callback_url"); message != "" {
		refusal = wire.Refuse(wire.InvalidRedirectURI, message)
		refusal.Reason = "a redirect URI is not valid"
	}
	return refusal
}

func redirectURIs(member json.RawMessage) ([]string, *wire.Error) {
	uris, ok := texts(member)
	if !ok || len(uris) == 0 {
		return nil, wire.Refuse(wire.InvalidRedirectURI, "redirect_uris must be a list of one URI at least")
	}
	var distinct []string
	for _, uri := range uris {
		if !slices.Contains(distinct, uri) {
			distinct = append(distinct, uri)
		}
	}
	return distinct, nil
}

// grants are the grant types of a client. Who gets a code can refresh.
func (s *service) grants(member json.RawMessage) ([]string, *wire.Error) {
	asked, given := texts(member)
	if !given || len(asked) == 0 {
		asked = []string{grantCode}
	}
	grants := []string{}
	if slices.Contains(asked, grantCode) {
		grants = append(grants, grantCode)
	}
	if slices.Contains(asked, grantDevice) && s.kernel.HasGrant(grantDevice) {
		grants = append(grants, grantDevice)
	}
	if len(grants) == 0 {
		return nil, wire.Refuse(wire.InvalidClientMetadata, "grant_types: none of them is for clients that register themselves")
	}
	return append(grants, grantRefresh), nil
}

// describe fills in what users see. A client without a name has that of where
// it sends them.
func describe(reg *oauthapp.Registration, members map[string]json.RawMessage, open bool) {
	reg.Name, _ = wire.Text(members["client_name"])
	reg.HomepageURL, _ = wire.Text(members["client_uri"])
	hosts := make([]string, 0, len(reg.CallbackURLs))
	for _, callback := range reg.CallbackURLs {
		if u, err := url.Parse(callback); err == nil && u.Scheme == "https" {
			hosts = append(hosts, u.Host)
		}
	}
	if u, err := url.Parse(reg.HomepageURL); err != nil || open && (u.Scheme != "https" || !slices.Contains(hosts, u.Host)) {
		reg.HomepageURL = ""
	}
	if strings.TrimSpace(reg.Name) == "" {
		reg.Name = "Unnamed client"
		if len(hosts) > 0 && len(hosts[0]) <= 100 {
			reg.Name = hosts[0]
		}
	}
}

// texts reads an array of strings.
func texts(member json.RawMessage) ([]string, bool) {
	var all []string
	if member == nil || json.Unmarshal(member, &all) != nil {
		return nil, false
	}
	return all, true
}
