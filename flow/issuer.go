package flow

import (
	"errors"
	"net"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// issuerPath admits what needs no escaping in a URL and means nothing to a mux.
var issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// parseIssuer checks an issuer identifier (RFC 8414, section 2), which clients
// compare byte for byte.
func parseIssuer(issuer string) (*url.URL, error) {
	if issuer == "" {
		return nil, errors.New("is required")
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, errors.New("must be a URL") // the parser's error would quote all of it
	}
	switch {
	case !isSecure(u):
		return nil, errors.New("must be an https URL, or an http URL of a loopback host")
	case u.Hostname() == "" || u.User != nil:
		return nil, errors.New("must have a host and no user")
	case !issuerPath.MatchString(u.EscapedPath()) || u.Path != "" && path.Clean(u.Path) != u.Path:
		return nil, errors.New("must have a path of letters, digits and ._~- without a trailing slash, or none")
	case u.String() != issuer || strings.ToLower(u.Host) != u.Host || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must have no query and no fragment, and a scheme and host in lower case")
	}
	return u, nil
}

// isSecure reports whether what is sent to a URL can be read by nobody on the
// way.
func isSecure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u)
}

// isLoopback reports whether a URL leads to the machine that opens it.
func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
