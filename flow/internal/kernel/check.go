package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	capabilityName = regexp.MustCompile(`^[a-z0-9.-]{1,32}$`)
	paramName      = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)             // RFC 6749, section 8.2
	memberName     = regexp.MustCompile(`^[A-Za-z0-9._#-]+$`)            // with the language after "#" (RFC 7591, section 2.2)
	visible        = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)   // also a URI (RFC 6749, section 8.3)
	token          = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110, section 5.6.2
	fieldName      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

var (
	routeMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

	// documentPaths are those of the metadata, where the issuer has no path.
	documentPaths = []string{"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"}

	// ownParams are parameters that mean something else where authorization
	// requests are sent: of client authentication, and of the consent page.
	ownParams = []string{"client_secret", "client_assertion", "client_assertion_type", "ticket", "decision", "optional_scopes"}

	// ownFields are the other fields of the form of an application, and of the
	// errors about one.
	ownFields = []string{
		"name", "description", "homepage_url", "callback_url", "client_id", "client_type", "client_secret", "scopes", "after",
		"confirm_name", "overlap", "reason", "trusted", "extra", "ticket", "version", "newest",
	}
)

// check refuses what could not work, so that it is found when the provider is
// made and not by a request.
func (c Contribution) check() error {
	for _, one := range []func() error{
		c.checkRoutes, c.checkGrants, c.checkClientAuthentication, c.checkParams, c.checkSchemes, c.checkSources, c.checkField, c.checkAccountPage, c.checkMembers,
	} {
		if err := one(); err != nil {
			return err
		}
	}
	return nil
}

func (c Contribution) checkRoutes() error {
	for _, route := range c.Routes {
		name := route.Method + " " + route.Path
		switch {
		case !strings.HasPrefix(route.Path, "/") || route.Path == "/" || route.Handler == nil:
			return fmt.Errorf("the route %s must have a handler and a path that begins with a slash and goes on", name)
		case !slices.Contains(routeMethods, route.Method):
			return fmt.Errorf("the route %s must have the method GET, POST, PUT or DELETE", name)
		case slices.Contains(documentPaths, route.Path):
			return fmt.Errorf("the route %s has a path of the metadata", name)
		}
		if reason := collide(route.Path); reason != "" {
			return fmt.Errorf("the path of the route %s is no pattern: %s", name, reason)
		}
	}
	return nil
}

// collide reports why a mux cannot have patterns together, or "".
func collide(patterns ...string) (reason string) {
	defer func() {
		if p := recover(); p != nil {
			reason = fmt.Sprint(p)
		}
	}()
	mux := http.NewServeMux()
	for _, pattern := range patterns {
		mux.HandleFunc(pattern, http.NotFound)
	}
	return ""
}

// checkPaths refuses two paths that match the same request, such as /a/{x} and
// /a/b. Every path is registered for each method and for all, so that its
// endpoint answers 405, and a mux has no order for that.
func (all *Contributions) checkPaths(name string, c Contribution) error {
	for i, route := range c.Routes {
		for _, other := range slices.Concat(all.Routes, c.Routes[:i]) {
			apart := other.Path == route.Path || isLiteral(other.Path) && isLiteral(route.Path)
			if apart || collide(other.Path, "GET "+route.Path) == "" && collide("GET "+other.Path, route.Path) == "" {
				continue
			}
			owner := all.owners[claimOfRoute(other)]
			return fmt.Errorf("%s and %s both answer a request, with the routes %s and %s", owner, name, other.Path, route.Path)
		}
	}
	return nil
}

// isLiteral reports whether a pattern matches one path alone.
func isLiteral(path string) bool {
	return !strings.Contains(path, "{") && !strings.HasSuffix(path, "/")
}

func (c Contribution) checkGrants() error {
	for _, grant := range c.Grants {
		if !visible.MatchString(grant.Type) || grant.Exchange == nil {
			return fmt.Errorf("the grant %q must have a function Exchange and a type of visible characters, without quotation marks and backslashes", grant.Type)
		}
		if err := checkParamNames("the grant "+grant.Type, grant.Params); err != nil {
			return err
		}
	}
	return nil
}

func (c Contribution) checkClientAuthentication() error {
	for _, method := range c.ClientAuthentication {
		what := fmt.Sprintf("the client authentication method %q", method.Name)
		switch {
		case !visible.MatchString(method.Name) || method.Name == "none":
			return fmt.Errorf("%s must have a name of visible characters, without quotation marks and backslashes, and other than none, which public clients have", what)
		case method.Present == nil || method.Verify == nil:
			return fmt.Errorf("%s must have the functions Present and Verify", what)
		case method.Scheme != "" && !token.MatchString(method.Scheme):
			return fmt.Errorf("%s must have a scheme that is a token of HTTP", what)
		case slices.Contains(method.Params, "client_id"):
			return fmt.Errorf("%s has client_id without naming it", what)
		}
		if err := checkParamNames(what, method.Params); err != nil {
			return err
		}
	}
	return nil
}

func (c Contribution) checkParams() error {
	for _, param := range c.AuthorizationParams {
		if err := checkParamNames("an authorization request", []string{param.Name}); err != nil {
			return err
		}
		if slices.Contains(ownParams, param.Name) {
			return fmt.Errorf("the authorization parameter %s has a name that the library uses itself", param.Name)
		}
	}
	return nil
}

func checkParamNames(owner string, names []string) error {
	for _, name := range names {
		if !paramName.MatchString(name) {
			return fmt.Errorf("the parameter %q of %s must have a name of letters, digits, \".\", \"_\" and \"-\"", name, owner)
		}
	}
	return nil
}

func (c Contribution) checkSchemes() error {
	for _, scheme := range c.Schemes {
		if !token.MatchString(scheme.Name) || scheme.Check == nil && scheme.Name != Bearer {
			return fmt.Errorf("the scheme %q must have a function Check and a name that is a token of HTTP", scheme.Name)
		}
	}
	for _, header := range c.ExposedHeaders {
		if !token.MatchString(header) {
			return fmt.Errorf("the exposed header %q must have a name that is a token of HTTP", header)
		}
	}
	return nil
}

func (c Contribution) checkSources() error {
	if c.Requests != nil && (c.Requests.Find == nil || c.Requests.Decided == nil) {
		return errors.New("pushed authorization requests must have the functions Find and Decided")
	}
	if c.Clients != nil && (c.Clients.Match == nil || c.Clients.Resolve == nil || c.Clients.Keep == nil) {
		return errors.New("clients that nobody registered must have the functions Match, Resolve and Keep")
	}
	return nil
}

func (c Contribution) checkField() error {
	field := c.ApplicationField
	switch {
	case field == nil:
		return nil
	case !fieldName.MatchString(field.Name):
		return fmt.Errorf("the application field %q must have a name of small letters, digits and \"_\" that begins with a letter", field.Name)
	case slices.Contains(ownFields, field.Name), strings.HasPrefix(field.Name, "was_"):
		return fmt.Errorf("the application field %s has a name that the form uses itself", field.Name)
	case field.Label == nil || field.Text == nil || field.Entry == nil:
		return fmt.Errorf("the application field %s must have a label and the functions Text and Entry", field.Name)
	}
	return nil
}

func (c Contribution) checkAccountPage() error {
	if c.AccountPage != nil && (c.AccountPage.Label == nil || c.AccountPage.URL == nil) {
		return errors.New("the page of an account must have a label and the function URL")
	}
	return nil
}

func (c Contribution) checkMembers() error {
	for _, members := range []map[string]any{c.Metadata, c.ResourceMetadata} {
		for name, value := range members {
			if !memberName.MatchString(name) {
				return fmt.Errorf("the metadata member %q must have a name of letters, digits, \".\", \"_\", \"-\" and \"#\"", name)
			}
			if _, err := json.Marshal(value); err != nil {
				return fmt.Errorf("the metadata member %s must have a value for JSON: %w", name, err)
			}
		}
	}
	return nil
}
