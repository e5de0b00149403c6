package dpop

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// targetOf returns the URI of a request as proofs name it: the origin that
// clients know, and the path that they asked for. The Host header, which
// anybody can send, has no part in it. The request line has the path as it was
// sent, also where a handler in front stripped a prefix.
func targetOf(origin string, r *http.Request) (string, error) {
	asked := r.URL
	if r.RequestURI != "" {
		var err error
		if asked, err = url.ParseRequestURI(r.RequestURI); err != nil {
			return "", errNoURI
		}
	}
	return normalize(origin + asked.EscapedPath())
}

// originOf returns the scheme and authority of a URL.
func originOf(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "", errNoURI
	}
	return u.Scheme + "://" + u.Host, nil
}

var errNoURI = errors.New("it is no http or https URI")

// normalize returns the one form of an http or https URI without its query and
// fragment (RFC 9449, section 4.3; RFC 3986, sections 6.2.2 and 6.2.3): scheme
// and host in lower case, no port where it is the scheme's own, no dot
// segments, and percent-encoding where it is needed alone.
func normalize(uri string) (string, error) {
	uri, _, _ = strings.Cut(uri, "#")
	uri, _, _ = strings.Cut(uri, "?")
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", errNoURI
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	switch u.Scheme { // which the parser has in lower case
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", errNoURI
	}
	if host == "" {
		return "", errNoURI
	}
	if u.Path == "" {
		return u.Scheme + "://" + host + "/", nil
	}
	plain, err := url.Parse(u.Scheme + "://" + host + normalizeEscapes(u.EscapedPath()))
	if err != nil {
		return "", errNoURI
	}
	return u.Scheme + "://" + host + plain.ResolveReference(plain).EscapedPath(), nil // without dot segments
}

// normalizeEscapes decodes what need not be encoded, and writes the rest in
// capitals. The path is well-formed.
func normalizeEscapes(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		decoded, err := url.PathUnescape(path[i : i+3])
		switch {
		case err == nil && isUnreserved(decoded[0]):
			b.WriteByte(decoded[0])
		case err == nil:
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func isUnreserved(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("-._~", c) >= 0
}
