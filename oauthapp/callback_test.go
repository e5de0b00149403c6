package oauthapp

import (
	"net/url"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMatchCallback(t *testing.T) {
	const web = "https://client.example/cb"
	const loopback4 = "http://127.0.0.1/callback"
	const loopback6 = "http://[::1]:8080/callback?a=b"
	const public = "public"

	for _, tc := range []struct {
		name       string
		registered string
		requested  string
		want       any // true, false, or public, for public clients only
	}{
		{"same bytes", web, web, true},
		{"same bytes with a query", web + "?a=b", web + "?a=b", true},
		{"same bytes of localhost", "http://localhost:3000/cb", "http://localhost:3000/cb", true},
		{"same bytes of a private-use scheme", "com.example.app:/cb", "com.example.app:/cb", true},

		// Simple string comparison: RFC 6749, section 3.1.2.3; RFC 9700,
		// section 4.1.3.
		{"nothing", web, "", false},
		{"case of the path", web, "https://client.example/CB", false},
		{"trailing slash", web, web + "/", false},
		{"trailing slash missing", web + "/", web, false},
		{"case of the host", web, "https://CLIENT.example/cb", false},
		{"case of the scheme", web, "HTTPS://client.example/cb", false},
		{"default port", web, "https://client.example:443/cb", false},
		{"trailing period of the host", web, "https://client.example./cb", false},
		{"bare question mark", web, web + "?", false},
		{"white space", web, web + " ", false},
		{"line feed", web, web + "\n", false},
		{"extra query", web, web + "?x=1", false},
		{"query missing", web + "?a=b", web, false},
		{"fragment", web, web + "#f", false},
		{"bare fragment", web, web + "#", false},
		{"user", web, "https://user@client.example/cb", false},
		{"the host as the user", web, "https://client.example@evil.example/cb", false},
		{"parent segment", web, web + "/../evil", false},
		{"same segment", web, "https://client.example/./cb", false},
		{"empty segment", web, "https://client.example//cb", false},
		{"encoded parent segment", web, web + "/%2e%2e/evil", false},
		{"path parameter", web, web + "/..;/evil", false},
		{"encoded slash", web, web + "%2f..", false},
		{"encoded letter", web, "https://client.example/%63b", false},
		{"longer host", web, "https://client.example.evil/cb", false},
		{"prefixed host", web, "https://evilclient.example/cb", false},
		{"look-alike host", web, "https://xn--clent-4va.example/cb", false},
		{"sub-path", web, web + "/x", false},
		{"longer path", web, web + "x", false},
		{"shorter path", web, "https://client.example/", false},
		{"http for https", web, "http://client.example/cb", false},

		// Any port of the loopback literals: RFC 8252, section 7.3.
		{"a port", loopback4, "http://127.0.0.1:49152/callback", true},
		{"the lowest port", loopback4, "http://127.0.0.1:1/callback", true},
		{"the highest port", loopback4, "http://127.0.0.1:65535/callback", true},
		{"another port", "http://127.0.0.1:80/callback", "http://127.0.0.1:81/callback", true},
		{"no port", "http://127.0.0.1:80/callback", loopback4, true},
		{"a port of IPv6", loopback6, "http://[::1]:1/callback?a=b", true},
		{"no port of IPv6", loopback6, "http://[::1]/callback?a=b", true},

		// And nothing but the port.
		{"port 0", loopback4, "http://127.0.0.1:0/callback", false},
		{"port too high", loopback4, "http://127.0.0.1:65536/callback", false},
		{"port far too high", loopback4, "http://127.0.0.1:99999999999999999999/callback", false},
		{"empty port", loopback4, "http://127.0.0.1:/callback", false},
		{"leading zero", loopback4, "http://127.0.0.1:080/callback", false},
		{"signed port", loopback4, "http://127.0.0.1:+80/callback", false},
		{"negative port", loopback4, "http://127.0.0.1:-80/callback", false},
		{"underscore in the port", loopback4, "http://127.0.0.1:8_0/callback", false},
		{"port that is no number", loopback4, "http://127.0.0.1:http/callback", false},
		{"port in other digits", loopback4, "http://127.0.0.1:٨٠/callback", false},
		{"two ports", loopback4, "http://127.0.0.1:80:80/callback", false},
		{"loopback, extra query", loopback4, "http://127.0.0.1:9/callback?x=1", false},
		{"loopback, query missing", loopback6, "http://[::1]:9/callback", false},
		{"loopback, other query", loopback6, "http://[::1]:9/callback?a=c", false},
		{"loopback, fragment", loopback4, "http://127.0.0.1:9/callback#f", false},
		{"loopback, bare fragment", loopback4, "http://127.0.0.1:9/callback#", false},
		{"loopback, user", loopback4, "http://evil@127.0.0.1:9/callback", false},
		{"loopback, empty user", loopback4, "http://@127.0.0.1:9/callback", false},
		{"loopback, user and password", loopback4, "http://u:p@127.0.0.1:9/callback", false},
		{"loopback as the user", loopback4, "http://127.0.0.1@evil.example/callback", false},
		{"loopback and port as the user", loopback4, "http://127.0.0.1:9@evil.example/callback", false},
		{"several at signs", loopback4, "http://127.0.0.1:9@@127.0.0.1/callback", false},
		{"loopback, parent segment", loopback4, "http://127.0.0.1:9/callback/../evil", false},
		{"loopback, encoded letter", loopback4, "http://127.0.0.1:9/call%62ack", false},
		{"loopback, trailing slash", loopback4, "http://127.0.0.1:9/callback/", false},
		{"loopback, empty segment", loopback4, "http://127.0.0.1:9//callback", false},
		{"loopback, backslash", loopback4, `http://127.0.0.1:9\callback`, false},
		{"loopback, no path", loopback4, "http://127.0.0.1:9", false},
		{"loopback, query and no path", loopback4, "http://127.0.0.1:9?/callback", false},
		{"loopback, case of the scheme", loopback4, "HTTP://127.0.0.1:9/callback", false},
		{"loopback, https registered", "https://127.0.0.1/callback", "http://127.0.0.1:9/callback", false},
		{"loopback, https requested", loopback4, "https://127.0.0.1/callback", false},
		{"https on loopback, any port", "https://127.0.0.1/callback", "https://127.0.0.1:9/callback", false},
		{"other family", loopback4, "http://[::1]:9/callback", false},
		{"other family back", "http://[::1]/callback", "http://127.0.0.1:9/callback", false},
		{"another of 127/8", "http://127.0.0.2/callback", "http://127.0.0.2:9/callback", false},
		{"127.0.0.2 for 127.0.0.1", loopback4, "http://127.0.0.2:9/callback", false},
		{"127.0.0.1 as a prefix", loopback4, "http://127.0.0.10:9/callback", false},
		{"127.0.0.1 as a subdomain", loopback4, "http://127.0.0.1.evil.example/callback", false},
		{"short form", loopback4, "http://127.1:9/callback", false},
		{"decimal form", loopback4, "http://2130706433:9/callback", false},
		{"hexadecimal form", loopback4, "http://0x7f.1:9/callback", false},
		{"IPv4 in IPv6", loopback4, "http://[::ffff:127.0.0.1]:9/callback", false},
		{"long form of IPv6", "http://[::1]/callback", "http://[0:0:0:0:0:0:0:1]:9/callback", false},
		{"zone", "http://[::1]/callback", "http://[::1%25lo]:9/callback", false},
		{"localhost, a port", "http://localhost/callback", "http://localhost:9/callback", public},
		{"localhost, other port", "http://localhost:8/callback?a=b", "http://localhost:9/callback?a=b", public},
		{"localhost, no port", "http://localhost:8/callback", "http://localhost/callback", public},
		{"localhost, same port", "http://localhost:8/callback", "http://localhost:8/callback", true},
		{"localhost, port 0", "http://localhost/callback", "http://localhost:0/callback", false},
		{"localhost, empty port", "http://localhost/callback", "http://localhost:/callback", false},
		{"localhost, path", "http://localhost/callback", "http://localhost:9/", false},
		{"localhost, sub-path", "http://localhost/callback", "http://localhost:9/callback/x", false},
		{"localhost, query", "http://localhost/callback", "http://localhost:9/callback?a", false},
		{"localhost, user", "http://localhost/callback", "http://evil@localhost:9/callback", false},
		{"localhost as the user", "http://localhost/callback", "http://localhost:9@evil.example/callback", false},
		{"localhost, case", "http://localhost/callback", "http://LOCALHOST:9/callback", false},
		{"localhost, trailing period", "http://localhost/callback", "http://localhost.:9/callback", false},
		{"localhost as a prefix", "http://localhost/callback", "http://localhost.evil.example:9/callback", false},
		{"localhost as a suffix", "http://localhost/callback", "http://app.localhost:9/callback", false},
		{"localhost, https", "https://localhost/callback", "https://localhost:9/callback", false},
		{"localhost, https registered", "https://localhost/callback", "http://localhost:9/callback", false},
		{"localhost for the literal", loopback4, "http://localhost/callback", false},
		{"the literal for localhost", "http://localhost/callback", loopback4, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// It makes no difference what else is registered.
			others := []string{"https://other.example/", tc.registered, "http://127.0.0.1:7/other"}
			for typ, want := range map[ClientType]bool{
				Confidential: tc.want == true, "": tc.want == true, Public: tc.want == true || tc.want == public,
			} {
				require.Equal(t, want, MatchCallback(typ, []string{tc.registered}, tc.requested), typ)
				require.Equal(t, want, MatchCallback(typ, others, tc.requested), typ)
			}
		})
	}
	require.False(t, MatchCallback(Public, nil, web))
	require.False(t, MatchCallback(Public, []string{""}, ""))
}

func TestCallbackRules(t *testing.T) {
	const any, public ClientType = "", Public // of either type, of public ones only
	for _, tc := range []struct {
		url     string
		allowed ClientType
	}{
		{"https://example.com/", any},
		{"https://unused.invalid/", any}, // of those to which no browser is sent, says Registration
		{"https://example.com/oauth/callback", any},
		{"https://example.com/oauth/callback/", any},
		{"https://example.com:8443/cb", any},
		{"https://example.com:443/cb", any},
		{"https://example.com/cb?tenant=7&next=%2Fhome", any},
		{"https://example.com/cb?a[b]=c", any},
		{"https://example.com/~me/caf%C3%A9;v=1/a:b@c", any},
		{"https://example.com/.well-known/cb..json/...", any},
		{"https://xn--mller-kva.example/cb", any},
		{"https://my_app.example/cb", any},
		{"https://_acme._tcp.example_/cb", any},
		{"https://a-b.1st.example/cb", any},
		{"https://intranet/cb", any},
		{"https://localhost/cb", any},
		{"https://192.0.2.1/cb", any},
		{"https://[2001:db8::1]:8443/cb", any},
		{"http://localhost/cb", any},
		{"http://localhost:3000/cb", any},
		{"http://127.0.0.1/cb", any},
		{"http://127.0.0.1:8080/", any},
		{"http://[::1]/cb", any},
		{"http://[::1]:65535/cb", any},
		{"com.example.app:/callback", public},
		{"com.example.app:/", public},
		{"com.example-app.ios-2:/callback?a=b", public},
	} {
		t.Run(tc.url, func(t *testing.T) {
			require.Empty(t, checkCallback(tc.url, Public))
			if tc.allowed == public {
				require.Contains(t, checkCallback(tc.url, Confidential).text, "public applications only")
			} else {
				require.Empty(t, checkCallback(tc.url, Confidential))
			}
			require.True(t, MatchCallback(Confidential, []string{tc.url}, tc.url))
		})
	}
}

func TestRefusedCallbacks(t *testing.T) {
	for _, tc := range []struct {
		url     string
		message string // part of it
	}{
		{"example.com/cb", "not absolute"},
		{"/cb", "not absolute"},
		{"//example.com/cb", "not absolute"},
		{"://example.com/cb", "not absolute"},
		{"https", "not absolute"},
		{"https:example.com/cb", `must begin with "https://"`},
		{"https:/example.com/cb", `must begin with "https://"`},
		{"https:///cb", "no host"},
		{"https://", "no host"},
		{"https://:443/cb", "no host"},
		{"http:", `must begin with "http://"`},

		// The whole URL is registered, path and all: RFC 9700, section 4.1.3.
		{"https://example.com", `has no path; write "https://example.com/"`},
		{"https://example.com?a=b", "no path"},
		{"http://127.0.0.1:8080", "no path"},
		{"http://localhost", "no path"},

		{"http://example.com/cb", `"http://" is for localhost, 127.0.0.1 and [::1] only`},
		{"http://127.0.0.2/cb", "only"},
		{"http://0.0.0.0/cb", "only"},
		{"http://[::]/cb", "only"},
		{"http://app.localhost/cb", "only"},
		{"http://localhost.example.com/cb", "only"},
		{"http://127.0.0.1.example.com/cb", "only"},
		{"http://[::ffff:127.0.0.1]/cb", "IPv6"},
		{"http://[0:0:0:0:0:0:0:1]/cb", "IPv6"},

		{"https://example.com/cb#f", "fragment"},
		{"https://example.com/cb#", "fragment"},
		{"http://127.0.0.1/cb#", "fragment"},
		{"https://user@example.com/cb", "user name"},
		{"https://user:password@example.com/cb", "user name"},
		{"https://@example.com/cb", "user name"},
		{"http://evil@127.0.0.1/cb", "user name"},
		{"https://*.example.com/cb", "wildcard"},
		{"https://example.com/*", "wildcard"},
		{"https://example.com/cb?a=*", "wildcard"},

		{"https://example.com/a/../cb", "segment"},
		{"https://example.com/./cb", "segment"},
		{"https://example.com/cb/..", "segment"},
		{"https://example.com/cb/.", "segment"},
		{"https://example.com/%2e%2e/cb", "segment"},
		{"https://example.com/.%2E/cb", "segment"},
		{"https://example.com/..;/cb", "segment"},
		{"https://example.com/%2e;a=b/cb", "segment"},
		{"https://example.com//cb", "empty segment"},
		{"https://example.com/cb//", "empty segment"},
		{"https://example.com/a%2fcb", "encoded slash"},
		{"https://example.com/a%5Ccb", "encoded slash"},
		{`https://example.com\cb`, "backslash"},
		{`https:\\example.com\cb`, "backslash"},
		{`https://good.example\@evil.example/cb`, "backslash"},

		{"https://example.com/c b", "space or control"},
		{"https://example.com/c\tb", "space or control"},
		{"https://example.com/c\nb", "space or control"},
		{"https://exam\rple.com/cb", "space or control"},
		{"https://example.com/c\x00b", "space or control"},
		{"https://example.com/c\x7fb", "space or control"},
		{"https://example.com/%0d%0aSet-Cookie", "printable"},
		{"https://example.com/%00", "printable"},
		{"https://example.com/%7F", "printable"},
		{"https://example.com/%", "percent"},
		{"https://example.com/%zz", "percent"},
		{"https://example.com/%+1", "percent"},
		{"https://example.com/cb?a=%4", "percent"},
		{"https://müller.example/cb", "punycode"},
		{"https://example.com/café", "ASCII"},
		{"https://example.com/\u202ebc", "ASCII"},
		{"https://example.com/\xff", "ASCII"},
		{`https://example.com/"onload="`, "percent-encode"},
		{"https://example.com/<script>", "percent-encode"},
		{"https://example.com/{id}", "percent-encode"},
		{"https://example.com/a|b", "percent-encode"},
		{"https://example.com/a^b", "percent-encode"},
		{"https://example.com/`", "percent-encode"},

		{"HTTPS://example.com/cb", `lower case: "https://example.com/cb"`},
		{"Http://127.0.0.1/cb", "lower case"},
		{"https://Example.com/cb", `lower case: "example.com"`},
		{"http://LOCALHOST/cb", "lower case"},
		{"https://example.com./cb", "ends with a period"},
		{"https://example..com/cb", "bad host"},
		{"https://.example.com/cb", "bad host"},
		{"https://-example.com/cb", "bad host"},
		{"https://example-.com/cb", "bad host"},
		{"https://exa~mple.com/cb", "bad host"},
		{"https://exa%6dple.com/cb", "bad host"},
		{"https://exa!mple.com/cb", "bad host"},
		{"https://" + strings.Repeat("a", 64) + ".com/cb", "bad host"},
		{"https://" + strings.Repeat("a.", 126) + "com/cb", "bad host"},
		{"https://0x7f.1/cb", "bad IP address"},
		{"https://127.1/cb", "bad IP address"},
		{"https://2130706433/cb", "bad IP address"},
		{"https://0177.0.0.1/cb", "bad IP address"},
		{"https://1.2.3.0x4/cb", "bad IP address"},
		{"https://example.0x/cb", "bad IP address"},
		{"https://256.1.1.1/cb", "bad IP address"},
		{"https://[2001:DB8::1]/cb", "lower case"},
		{"https://[2001:db8:0::1]/cb", "IPv6"},
		{"https://[fe80::1%25eth0]/cb", "IPv6"},
		{"https://[192.0.2.1]/cb", "IPv6"},
		{"https://[::1/cb", "IPv6"},
		{"https://[::f/cb", "port"},
		{"https://[::1]1/cb", "IPv6"},
		{"https://[[::1]]/cb", "IPv6"},
		{"https://[]/cb", "IPv6"},
		{"https://example.com:/cb", "port"},
		{"https://example.com:0/cb", "port"},
		{"https://example.com:080/cb", "port"},
		{"https://example.com:65536/cb", "port"},
		{"https://example.com:http/cb", "port"},
		{"https://example.com:1:2/cb", "bad host"},
		{"https://[::1]x:1/cb", "IPv6"},

		{"https://example.com/cb?", "bare"},
		{"https://example.com/cb?a;b", "semicolon"},
		{"https://example.com/cb?state=1", `"state"`},
		{"https://example.com/cb?a=b&c%6fde=1", `"code"`},
		{"https://example.com/cb?iss", `"iss"`},
		{"https://example.com/cb?error=", `"error"`},

		{"javascript:alert(1)", "must begin"},
		{"JavaScript:alert(1)", "lower case"},
		{"javascript://example.com/%0aalert(1)", "printable"},
		{"javascript://example.com/?alert(1)", "must begin"},
		{"java\tscript:alert(1)", "space or control"},
		{"data:text/html,x", "must begin"},
		{"vbscript:x", "must begin"},
		{"file:///etc/passwd", "must begin"},
		{"blob:https://example.com/x", "must begin"},
		{"about:blank", "must begin"},
		{"view-source:https://example.com/", "must begin"},
		{"ws://example.com/cb", "must begin"},
		{"ftp://example.com/cb", "must begin"},
		{"mailto:a@example.com", "must begin"},
		{"urn:ietf:wg:oauth:2.0:oob", "must begin"},
		{"intent://example.com/cb", "must begin"},

		// RFC 8252, section 7.1.
		{"myapp:/cb", "period"},
		{"myapp://cb", "period"},
		{"com.example.app:callback", "one slash"},
		{"com.example.app://callback", "one slash"},
		{"com.example.app:", "one slash"},
		{"com.example.app:/../cb", "segment"},
		{"com.example.app:/a//b", "empty segment"},
		{"com.example.app:/cb#", "fragment"},
		{"com..app:/cb", "must begin"},
		{"com.example.:/cb", "must begin"},
		{".com.example:/cb", "must begin"},
		{"1com.example:/cb", "must begin"},
		{"com.exa+mple:/cb", "must begin"},
		{"Com.Example.App:/cb", "lower case"},

		{"https://example.com/" + strings.Repeat("a", maxURLBytes), "at most 2000 bytes"},
	} {
		t.Run(tc.url, func(t *testing.T) {
			require.Contains(t, checkCallback(tc.url, Public).text, tc.message)
			require.NotEmpty(t, checkCallback(tc.url, Confidential))
		})
	}
	longest := "https://example.com/"
	longest += strings.Repeat("a", maxURLBytes-len(longest))
	require.Empty(t, checkCallback(longest, Confidential))
	require.NotEmpty(t, checkCallback(longest+"a", Confidential))
}

// Each message is a sentence that follows the URL, and names something to do.
func TestCallbackMessagesAreSentences(t *testing.T) {
	for _, bad := range []string{
		"x", "https:", "https://c", "http://c/", "javascript:x", "a.b:c", "https://u@c/", "https://C/", "https://c/#",
		"https://c/*", "https://c:0/", "https://1/", "https://[x]/", "https://c./", "https://c~/", "https://xn--a/", "https://c/.", "https://c//",
		"https://c/%2f", "https://c/?", "https://c/?;", "https://c/?code=", "https://c/ ", "https://c/é", `https://c/\`, "https://c/%",
	} {
		message := checkCallback(bad, Public).text
		require.Regexp(t, `^(is|has|must|ends) .*\.$`, message, bad)
	}
}

// The rules before it leave nothing for it to find; it holds should url.Parse
// change.
func TestRoundTrip(t *testing.T) {
	require.Empty(t, checkRoundTrip("https://example.com/%7Ea?b"))
	require.Contains(t, checkRoundTrip("https://example.com/\x7f").text, "is not a URL")
	require.Contains(t, checkRoundTrip("HTTPS://example.com/a b").text, `normal form: "https://example.com/a%20b"`)
}

// FuzzValidateCallback: an accepted callback URL means the same to every
// reader.
func FuzzValidateCallback(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/cb", "https://example.com:8443/a/b/?c=d", "http://127.0.0.1:1/", "http://[::1]/cb",
		"com.example.app:/cb", "https://xn--a.example/%C3%A9", "https://1.2.3.4/", "https://[2001:db8::1]/",
		"https://a@b/", "https://a/../b", "https://a//b", "https://a/#", `https://a\b`, "https://a/?b;c", "https://0x1/",
		"javascript:alert(1)", "https://a:0/", "http://localhost./cb", "https://a/%2e%2e", "https://a/..;/b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkCallback(s, Public) != nil {
			require.NotEmpty(t, checkCallback(s, Confidential), "public applications may register all that others may")
			return
		}
		require.True(t, MatchCallback(Confidential, []string{s}, s))
		require.LessOrEqual(t, len(s), maxURLBytes)

		u, err := url.Parse(s)
		require.NoError(t, err)
		require.Equal(t, s, u.String(), "the URL survives parsing")
		require.True(t, u.IsAbs())
		require.Nil(t, u.User)
		require.Empty(t, u.Opaque)
		require.NotContains(t, s, "#")
		require.NotContains(t, s, "*")
		require.NotContains(t, s, `\`)
		switch u.Scheme {
		case "https":
			require.NotEmpty(t, u.Hostname())
		case "http":
			require.Contains(t, []string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
		default:
			require.Contains(t, u.Scheme, ".")
			require.Empty(t, u.Host)
			require.NotEmpty(t, checkCallback(s, Confidential))
		}
		if port := u.Port(); port != "" {
			n, err := strconv.Atoi(port)
			require.NoError(t, err)
			require.True(t, 1 <= n && n <= 65535)
		}
		require.True(t, strings.HasPrefix(u.Path, "/"))
		clean := path.Clean(u.Path)
		require.Contains(t, []string{clean, clean + "/"}, u.Path, "nothing is left to resolve in the path")
		resolved, err := (&url.URL{Scheme: "https", Host: "other.example", Path: "/x"}).Parse(s)
		require.NoError(t, err)
		require.Equal(t, s, resolved.String(), "resolving it changes nothing")
	})
}

// FuzzMatchCallback: an accepted URI differs from the registered one in nothing
// but the port of a loopback literal, or of localhost for public clients.
func FuzzMatchCallback(f *testing.F) {
	f.Add("https://example.com/cb", "https://example.com/cb")
	f.Add("https://example.com/cb", "https://example.com/cb/")
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb")
	f.Add("http://[::1]:1/cb?a=b", "http://[::1]:65535/cb?a=b")
	f.Add("http://127.0.0.1/cb", "http://u@127.0.0.1:8080/cb")
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:0/cb")
	f.Add("http://localhost/cb", "http://localhost:1/cb")
	f.Add("https://127.0.0.1/cb", "http://127.0.0.1:1/cb")
	f.Fuzz(func(t *testing.T, registered, requested string) {
		if checkCallback(registered, Public) != nil || !MatchCallback(Public, []string{registered}, requested) || registered == requested {
			return
		}
		a, err := url.Parse(registered)
		require.NoError(t, err)
		b, err := url.Parse(requested)
		require.NoError(t, err)
		require.Equal(t, "http", b.Scheme)
		require.Contains(t, []string{"127.0.0.1", "::1", "localhost"}, b.Hostname())
		require.Equal(t, b.Hostname() != "localhost", MatchCallback(Confidential, []string{registered}, requested))
		require.NotEqual(t, a.Port(), b.Port())
		require.Equal(t, a.Hostname(), b.Hostname())

		withoutPort := func(s string, u *url.URL) string {
			if u.Port() == "" {
				return s
			}
			return strings.Replace(s, ":"+u.Port()+"/", "/", 1)
		}
		require.Equal(t, withoutPort(registered, a), withoutPort(requested, b))
		if len(requested) <= maxURLBytes {
			require.Empty(t, checkCallback(requested, Public), "what is accepted could have been registered")
		}
	})
}

func BenchmarkMatchCallback(b *testing.B) {
	registered := []string{"https://example.com/oauth/callback", "http://localhost:3000/callback", "http://127.0.0.1/callback"}
	b.ReportAllocs()
	for b.Loop() {
		if !MatchCallback(Public, registered, "http://127.0.0.1:49152/callback") {
			b.Fatal("refused")
		}
	}
}
