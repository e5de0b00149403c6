package oauthapp

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MatchCallback reports whether an authorization request of a client may use
// redirectURI. typ is the client's type, registered its callback URLs. Nothing
// is parsed, decoded or normalised: a registered URL stands for a set of
// strings,
//
//	registered = loopback / exact
//	exact      = <any other callback URL>        ; the same bytes and no others
//	loopback   = "http://" host [":" port] "/" rest
//	host       = "127.0.0.1" / "[::1]"
//	           / "localhost"                     ; of public clients only
//	port       = <decimal 1 to 65535, no leading zero>
//	rest       = <everything after>              ; the same bytes and no others
//
// A loopback URL stands for itself with any port or none, because a native
// application listens on whatever port it gets (RFC 8252, section 7.3; RFC
// 9700, section 4.1.3). The port is the only difference that is accepted:
// scheme, user information, the spelling of the host, path, query and fragment
// are the same bytes. Other names and addresses of the machine, and https, have
// no free port. A type that is not Public counts as Confidential. An empty
// redirectURI never matches.
func MatchCallback(typ ClientType, registered []string, redirectURI string) bool {
	if redirectURI == "" {
		return false
	}
	host, rest, loopback := splitLoopback(typ, redirectURI)
	for _, callback := range registered {
		if callback == redirectURI {
			return true
		}
		h, r, ok := splitLoopback(typ, callback)
		if loopback && ok && h == host && r == rest {
			return true
		}
	}
	return false
}

// splitLoopback splits a loopback URL of the grammar of MatchCallback. rest
// begins with the slash.
func splitLoopback(typ ClientType, uri string) (host, rest string, ok bool) {
	after, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", "", false
	}
	for _, host := range [...]string{"127.0.0.1", "[::1]", "localhost"} {
		portAndRest, ok := strings.CutPrefix(after, host)
		if !ok || host == "localhost" && typ != Public {
			continue
		}
		slash := strings.IndexByte(portAndRest, '/')
		if slash < 0 {
			return "", "", false
		}
		port, hasPort := strings.CutPrefix(portAndRest[:slash], ":")
		if port != "" && !hasPort || hasPort && !isPort(port) {
			return "", "", false
		}
		return host, portAndRest[slash:], true
	}
	return "", "", false
}

// isPort reports whether s is a port in its one accepted spelling.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// checkCallback accepts a callback URL only if every URL parser that will read
// it, this program's and the browser's, finds the same origin and path in it
// without repairing anything. It returns nil if the URL is fine, and otherwise
// a predicate about the URL, which tells what to write instead. The schemes are
// those of [Config.PrivateUseSchemes].
func checkCallback(s string, typ ClientType, schemes ...string) *mistake {
	if problem := checkURLCharacters(s); problem != nil {
		return problem
	}
	if strings.Contains(s, "#") {
		return wrong("url.fragment", `has a fragment; leave out the "#" and what follows it.`)
	}
	if strings.Contains(s, "*") {
		return wrong("url.wildcard", "has a wildcard; list every URL in full.")
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" {
		return wrong("url.relative", `is not absolute; write all of it, as in "https://example.com/callback".`)
	}
	if lower := strings.ToLower(scheme); lower != scheme && isURLScheme(lower) {
		return wrong("url.scheme_case", "must have its scheme in lower case: %s.", strconv.Quote(lower+":"+rest))
	}
	var problem *mistake
	switch {
	case scheme == "https" || scheme == "http":
		problem = checkWebCallback(scheme, rest)
	case privateUseScheme.MatchString(scheme):
		problem = checkPrivateUseCallback(rest, typ)
	case typ == Public && slices.Contains(schemes, scheme):
		problem = checkListedCallback(rest)
	case typ == Public:
		problem = wrong("url.scheme_public", `must begin with "https://", with "http://" and one of localhost, 127.0.0.1 or [::1], `+
			`or with a private-use scheme that has a period, as in "com.example.app:/callback".`)
	default:
		problem = wrong("url.scheme", `must begin with "https://", or with "http://" and one of localhost, 127.0.0.1 or [::1].`)
	}
	if problem != nil {
		return problem
	}
	return checkRoundTrip(s)
}

// privateUseScheme is a domain name reversed (RFC 8252, section 7.1). The
// period sets it apart from every scheme that has a meaning of its own, such as
// javascript.
var privateUseScheme = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$`)

func checkWebCallback(scheme, rest string) *mistake {
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return wrong("url.slashes", "must begin with %s.", strconv.Quote(scheme+"://"))
	}
	authority, path, query, hasQuery := splitAuthority(rest)
	host, problem := checkAuthority(authority)
	switch {
	case problem != nil:
		return problem
	case scheme == "http" && host != "localhost" && host != "127.0.0.1" && host != "[::1]":
		return wrong("url.http", `must begin with "https://"; "http://" is for localhost, 127.0.0.1 and [::1] only.`)
	case path == "":
		return wrong("url.no_path", "has no path; write %s.", strconv.Quote(scheme+"://"+authority+"/"))
	}
	return checkPathAndQuery(path, query, hasQuery)
}

// withPath returns a callback URL with the path "/" if it has none, as URL
// parsers do.
func withPath(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	authority, path, query, hasQuery := splitAuthority(rest)
	if !ok || scheme != "https" && scheme != "http" || authority == "" || path != "" || strings.ContainsAny(s, `\#`) {
		return s
	}
	s = scheme + "://" + authority + "/"
	if hasQuery {
		s += "?" + query
	}
	return s
}

func checkPrivateUseCallback(rest string, typ ClientType) *mistake {
	if typ != Public {
		return wrong("url.own_scheme", `must begin with "https://", or with "http://" and one of localhost, 127.0.0.1 or [::1]; `+
			`a scheme of your own is for public applications only.`)
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return wrong("url.one_slash", `must have one slash after its scheme, as in "com.example.app:/callback".`)
	}
	return checkPathAndQuery(path, query, hasQuery)
}

// listableScheme matches the schemes that a host may list, except knownSchemes.
// Those have a meaning of their own: with most of them a browser, or a program
// that it opens, would take the code to whatever host a callback URL names.
var (
	listableScheme = regexp.MustCompile(`^[a-z][a-z0-9]{1,31}$`)
	knownSchemes   = []string{
		"http", "https", "ws", "wss", "ftp", "file", "data", "blob", "about", "javascript", "vbscript", "filesystem", "mailto", "tel", "sms",
		"chrome", "content", "intent", "jar", "resource", "urn", "cid", "mid", "ssh", "git", "ldap", "ldaps", "telnet", "gopher",
		"sftp", "smb", "nfs", "afp", "dav", "davs", "rtsp", "vnc", "rdp", "irc", "ircs", "nntp", "news", "imap", "pop", "sip", "sips", "xmpp",
		"feed", "webcal", "magnet", "callto", "market",
	}
	listedHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

// checkListedCallback checks what follows a scheme that the host lists. Unlike
// a private-use scheme it may be followed by a host, as applications with such
// schemes seldom follow RFC 8252.
func checkListedCallback(rest string) *mistake {
	path, query, hasQuery := strings.Cut(rest, "?")
	if after, found := strings.CutPrefix(path, "//"); found {
		host, _, hasPath := strings.Cut(after, "/")
		if hasPath && !listedHost.MatchString(host) {
			return wrong("url.listed_host", "must have lower-case letters, digits, periods and hyphens between the slashes.")
		}
		path = after[len(host):]
	}
	if !strings.HasPrefix(path, "/") {
		return wrong("url.listed_path", "has no path; begin it with a slash.")
	}
	return checkPathAndQuery(path, query, hasQuery)
}

// splitAuthority splits what follows "scheme://".
func splitAuthority(s string) (authority, path, query string, hasQuery bool) {
	path, query, hasQuery = strings.Cut(s, "?")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:], query, hasQuery
	}
	return path, "", query, hasQuery
}

// checkAuthority returns the host, with the brackets of an IPv6 address.
func checkAuthority(authority string) (host string, problem *mistake) {
	if strings.Contains(authority, "@") {
		return "", wrong("url.user", `has a user name or password; leave out what stands before the "@".`)
	}
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host = authority[:i]
		if !isPort(authority[i+1:]) {
			return "", wrong("url.port", "has a bad port; write a number from 1 to 65535 without leading zeros, or no port and no colon.")
		}
	}
	return host, checkHost(host)
}

func checkPathAndQuery(path, query string, hasQuery bool) *mistake {
	lower := strings.ToLower(path)
	if strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") {
		return wrong("url.encoded_slash", `has an encoded slash or backslash in its path; choose a path without "%%2F" and "%%5C".`)
	}
	segments := strings.Split(lower[1:], "/")
	for i, segment := range segments {
		if segment == "" && i < len(segments)-1 {
			return wrong("url.empty_segment", `has an empty segment ("//") in its path; write one slash.`)
		}
		// A path parameter follows a semicolon; some servers cut it off.
		name, _, _ := strings.Cut(strings.ReplaceAll(segment, "%2e", "."), ";")
		if name == "." || name == ".." {
			return wrong("url.dots", `has a "." or ".." segment in its path; write the path that it leads to.`)
		}
	}
	if hasQuery {
		return checkCallbackQuery(query)
	}
	return nil
}

// responseParameters are the parameters that an authorization response adds to
// the query (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207). None may occur
// twice.
var responseParameters = []string{"code", "state", "iss", "error", "error_description", "error_uri"}

func checkCallbackQuery(query string) *mistake {
	if query == "" {
		return wrong("url.empty_query", `ends with a bare "?"; leave that out.`)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return wrong("url.query", `has a query that cannot be read; write "%%3B" for a semicolon.`)
	}
	for _, name := range responseParameters {
		if values.Has(name) {
			return wrong("url.parameter", "has the query parameter %s, which this service adds itself when it redirects to the URL; choose another name.", strconv.Quote(name))
		}
	}
	return nil
}

// checkRoundTrip refuses a URL that parsing and formatting would change.
func checkRoundTrip(s string) *mistake {
	u, err := url.Parse(s)
	if err != nil {
		return wrong("url.none", `is not a URL; write one as in "https://example.com/callback".`)
	}
	if normal := u.String(); normal != s {
		return wrong("url.normal_form", "must be in normal form: %s.", strconv.Quote(normal))
	}
	return nil
}

// isURLScheme reports whether s is a lower-case scheme of RFC 3986, section
// 3.1.
func isURLScheme(s string) bool {
	return s != "" && 'a' <= s[0] && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}

// checkURLCharacters accepts the characters of RFC 3986, section 2, up to
// maxURLBytes.
func checkURLCharacters(s string) *mistake {
	if len(s) > maxURLBytes {
		return wrong("url.too_long", "is too long; shorten it to at most %d bytes.", maxURLBytes)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f:
			return wrong("url.space", "has a space or control character; percent-encode or remove it.")
		case c > 0x7f:
			return wrong("url.ascii", "has a character that is not ASCII; write punycode in the host and percent-encode it elsewhere.")
		case c == '\\':
			return wrong("url.backslash", `has a backslash; write "/".`)
		case strings.IndexByte("\"<>^`{|}", c) >= 0:
			return wrong("url.character", "has the character %s; percent-encode it.", strconv.QuoteRune(rune(c)))
		case c == '%' && !isPercentEncoded(s[i:]):
			return wrong("url.percent", `has a "%%" that does not begin a percent-encoded printable character; write "%%25" for the percent sign.`)
		}
	}
	return nil
}

// isPercentEncoded reports whether s begins with a percent-encoded byte that is
// not a control character.
func isPercentEncoded(s string) bool {
	if len(s) < 3 {
		return false
	}
	b, err := strconv.ParseUint(s[1:3], 16, 8)
	return err == nil && b >= ' ' && b != 0x7f
}
