package clientmetadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// isURL reports whether a client ID is for this capability.
func isURL(clientID string) bool { return strings.HasPrefix(clientID, "https://") }

// checkClientID accepts an https URL with a path, and without a fragment, user
// information and dot segments (section 3 of the draft), that all parsers read
// alike. Callback URLs have the same rules.
func checkClientID(clientID string) error {
	if !isURL(clientID) {
		return errors.New("it does not begin with https://")
	}
	if len(clientID) > clientauth.MaxForeignClientID {
		return fmt.Errorf("it has more than %d bytes", clientauth.MaxForeignClientID)
	}
	if err := oauthapp.CheckCallback(oauthapp.Confidential, clientID); err != nil {
		return fmt.Errorf("it %w", err)
	}
	return nil
}

// hostOf is the host of a client ID that was checked, with its port.
func hostOf(clientID string) string {
	u, err := url.Parse(clientID)
	if err != nil {
		return ""
	}
	return u.Host
}

// A client is what a document says, as far as this service goes along with it.
type client struct {
	registration oauthapp.Registration
	keys         *jose.Source // nil for a public client
}

const privateKeyJWT = "private_key_jwt"

// maxCallbacks is how many callback URLs an application has at most.
const maxCallbacks = 20

// parse reads the document of a client (section 4 of the draft). An error is a
// phrase for the client's developer.
func (s *source) parse(clientID string, body []byte) (*client, error) {
	var members map[string]json.RawMessage // whose names are exact, unlike those of structs
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, errors.New("the document is not a JSON object")
	}
	switch id, ok := wire.Text(members["client_id"]); {
	case !ok || id != clientID:
		return nil, errors.New("client_id of the document is not its URL")
	case members["client_secret"] != nil || members["client_secret_expires_at"] != nil:
		return nil, errors.New("the document has a client secret, which everybody can read")
	}
	if grants := texts(members["grant_types"]); len(grants) > 0 && !slices.ContainsFunc(grants, s.hasGrant) {
		return nil, errors.New("grant_types of the document has none that this service offers")
	}
	c := &client{registration: oauthapp.Registration{ClientID: clientID, Type: oauthapp.Public}}
	if err := s.readMethod(c, members); err != nil {
		return nil, err
	}
	reg := &c.registration
	for _, callback := range texts(members["redirect_uris"]) {
		if len(reg.CallbackURLs) < maxCallbacks && !slices.Contains(reg.CallbackURLs, callback) && s.kernel.Registry.CheckCallback(reg.Type, callback) == nil {
			reg.CallbackURLs = append(reg.CallbackURLs, callback)
		}
	}
	if len(reg.CallbackURLs) == 0 {
		return nil, errors.New("redirect_uris of the document has none that this service accepts")
	}
	scope, _ := wire.Text(members["scope"])
	reg.Scopes = s.kernel.ScopesWithin(scope, s.cfg.Scopes)
	return c, s.describe(reg, members)
}

// hasGrant reports whether a client can get tokens with a grant type.
func (s *source) hasGrant(grant string) bool {
	return grant != "refresh_token" && s.kernel.HasGrant(grant)
}

// readMethod finds how a client authenticates: with the method that the
// document names, or else one of those that it supports as well.
func (s *source) readMethod(c *client, members map[string]json.RawMessage) error {
	methods := texts(members["token_endpoint_auth_method"])
	for _, name := range []string{"token_endpoint_auth_methods", "token_endpoint_auth_methods_supported"} {
		methods = append(methods, texts(members[name])...)
	}
	if len(methods) == 0 {
		methods = []string{"none"}
	}
	for _, method := range methods {
		switch {
		case method == "none" && s.kernel.HasClientAuthentication("none"):
			return nil
		case method == privateKeyJWT && s.kernel.HasClientAuthentication(privateKeyJWT):
			return s.readKeys(c, members)
		}
	}
	return errors.New("token_endpoint_auth_method of the document is none that this service takes from a client that is not registered")
}

func (s *source) readKeys(c *client, members map[string]json.RawMessage) error {
	uri, _ := wire.Text(members["jwks_uri"])
	found := &jose.Source{Set: members["jwks"], URI: uri}
	if err := found.Check(); err != nil {
		return fmt.Errorf("the keys of the document are of no use: %w", err)
	}
	c.keys, c.registration.Type = found, oauthapp.Confidential
	return nil
}

// describe fills in what users see of a client: nothing that the service would
// not let an application have, and no page of another host.
func (s *source) describe(reg *oauthapp.Registration, members map[string]json.RawMessage) error {
	host := hostOf(reg.ClientID)
	home := "https://" + host + "/"
	reg.Name, _ = wire.Text(members["client_name"])
	reg.HomepageURL, _ = wire.Text(members["client_uri"])
	if u, err := url.Parse(reg.HomepageURL); err != nil || u.Scheme != "https" || u.Host != host {
		reg.HomepageURL = home
	}
	kept, err := s.kernel.Registry.CheckOwnerless(*reg)
	if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
		if invalid.Message("name") != "" {
			reg.Name = shortened(host)
		}
		if invalid.Message("homepage_url") != "" {
			reg.HomepageURL = home
		}
		kept, err = s.kernel.Registry.CheckOwnerless(*reg)
	}
	if err != nil {
		return errors.New("this service takes no client of this host")
	}
	*reg = kept
	return nil
}

// shortened is the end of a host, which tells whose it is, where all of it is
// too long for a name.
func shortened(host string) string {
	const most = 100
	if len(host) <= most {
		return host
	}
	return "…" + host[len(host)-most+1:]
}

// texts reads the strings of an array, or one string. Other values are left
// out.
func texts(member json.RawMessage) (all []string) {
	if s, ok := wire.Text(member); ok {
		return []string{s}
	}
	var values []json.RawMessage
	if member == nil || json.Unmarshal(member, &values) != nil {
		return nil
	}
	for _, value := range values {
		if s, ok := wire.Text(value); ok {
			all = append(all, s)
		}
	}
	return all
}
