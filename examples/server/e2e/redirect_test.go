package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// What may be registered as a callback URL, and what then matches it, leads to
// the same place in every parser that reads it on the way: Go's, Node's and
// Chromium's.
func TestParsersAgreeOnCallbacks(t *testing.T) {
	t.Parallel()
	node, c := nodeURLs(t), newChromium(t, true)
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	require.NoError(t, err)

	var accepted []string
	refused := 0
	for i, candidate := range callbackCandidates(8000) {
		app, _, err := registry.Register(t.Context(), fmt.Sprint("owner ", i), oauthapp.Registration{
			Name: "Candidate", HomepageURL: "https://app.example/", CallbackURLs: []string{candidate}, Type: oauthapp.Public,
		})
		if err != nil {
			invalid := (*oauthapp.ValidationError)(nil)
			require.ErrorAs(t, err, &invalid, "%q", candidate)
			refused++
			continue
		}
		accepted = append(accepted, app.CallbackURLs[0]) // without the white space around it
	}
	require.Greater(t, len(accepted), 1000)
	require.Greater(t, refused, 1000)

	// What matches a loopback URL without being it.
	registered := map[string]string{} // by what was requested
	for _, base := range []string{"http://127.0.0.1:8080/callback", "http://[::1]:8080/callback?a=b", "http://localhost:8080/callback"} {
		for _, requested := range mutations(rand.New(rand.NewPCG(2, 9700)), []string{base}, 8000) {
			if oauthapp.MatchCallback(oauthapp.Public, []string{base}, requested) && requested != base {
				registered[requested] = base
			}
		}
	}
	require.Greater(t, len(registered), 200)

	all := slices.Clone(accepted)
	for requested, base := range registered {
		all = append(all, requested, base)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	inNode, inChromium := node(all), c.parseURLs(all)
	require.Len(t, inNode, len(all))
	require.Len(t, inChromium, len(all))

	places := map[string]place{}
	for i, s := range all {
		want := goPlace(t, s)
		places[s] = want
		for parser, got := range map[string]*place{"Node": inNode[i], "Chromium": inChromium[i]} {
			if got == nil || *got != want {
				t.Errorf("%q: %s reads %+v, Go %+v", s, parser, got, want)
			}
		}
	}

	for requested, base := range registered {
		a, b := places[base], places[requested]
		a.Port, b.Port = "", ""
		require.Equal(t, a, b, "%q matches %q", requested, base)
	}
}

// A place is where a URL leads.
type place struct{ Scheme, User, Host, Port, Path, Query, Fragment string }

// parseURLs is JavaScript: a function from URLs to places, or null where it is
// none.
const parseURLs = `urls => urls.map(url => {
	let u;
	try { u = new URL(url); } catch { return null; }
	return {
		Scheme: u.protocol.slice(0, -1), User: u.username + u.password, Host: u.hostname, Port: u.port,
		Path: u.pathname, Query: u.search.slice(1).replaceAll("%27", "'"), Fragment: u.hash,
	};
})`

// goPlace is what net/url makes of a URL. A port that is the scheme's own is
// left out, as browsers do.
func goPlace(t *testing.T, s string) place {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err, "%q", s)
	p := place{u.Scheme, u.User.String(), u.Host, u.Port(), u.EscapedPath(), u.RawQuery, u.Fragment}
	if p.Port != "" {
		p.Host = strings.TrimSuffix(p.Host, ":"+p.Port)
	}
	if p.Scheme == "https" && p.Port == "443" || p.Scheme == "http" && p.Port == "80" {
		p.Port = ""
	}
	p.Query = strings.ReplaceAll(p.Query, "%27", "'") // browsers encode it
	return p
}

// nodeURLs returns the function of parseURLs in Node.
func nodeURLs(t *testing.T) func([]string) []*place {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "Node.js", "install Node.js 20 or newer")
	}
	return func(urls []string) (places []*place) {
		t.Helper()
		input, err := json.Marshal(urls)
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), "node", "-e",
			`const urls = JSON.parse(require("fs").readFileSync(0)); process.stdout.write(JSON.stringify((`+parseURLs+`)(urls)))`)
		cmd.Stdin = strings.NewReader(string(input))
		output, err := cmd.Output()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(output, &places))
		return places
	}
}

// parseURLs is the function of that name in Chromium.
func (c *chromium) parseURLs(urls []string) []*place {
	c.t.Helper()
	input, err := json.Marshal(urls)
	require.NoError(c.t, err)
	places, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]*place]("("+parseURLs+")("+string(input)+")"))
	require.NoError(c.t, err)
	return places
}

// callbackCandidates are n strings around what may be registered, the same ones
// each time.
func callbackCandidates(n int) []string {
	r := rand.New(rand.NewPCG(1, 6749))
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	wellFormed := make([]string, n/4)
	for i := range wellFormed {
		host := pick("client.example", "a-b.1st.example", "intranet", "192.0.2.1", "[2001:db8::1]", "localhost", "xn--mller-kva.example", "my_app.example",
			"xn--i1b6b1a6a2e.example", "xn--hgbk6aj7f53bba", "xn--4dbcagdahymbxekheh6e0a7fei0b.example", "127.0.0.1", "[::1]")
		port := pick("", "", ":1", ":443", ":80", ":8443", ":65535")
		scheme := "https://"
		if host == "localhost" || host == "127.0.0.1" || host == "[::1]" {
			scheme = pick("https://", "http://")
		}
		if r.IntN(8) == 0 {
			scheme, host, port = pick("com.example.app:", "org.example-2.app:"), "", ""
		}
		if r.IntN(4) == 0 {
			scheme, host = "https://", punycodeHost(r)
		}
		path := ""
		for range 1 + r.IntN(3) {
			path += "/" + pick("cb", "a", "~me", "caf%C3%A9", "a:b@c", "v;p=1", "...", "%20", "!$&'()+,=", "%25", "%e2%80%AE")
		}
		path += pick("", "", "/", "?a=b", "?a[b]=c&d='e'", "?next=%2Fhome", "?a=b?c/d", "?%2e%2e/")
		wellFormed[i] = scheme + host + port + path
	}
	return append(wellFormed, mutations(r, wellFormed, n-len(wellFormed))...)
}

// punycodeHost is a host of letters, marks and signs of all kinds, whether they
// may stand together or not.
func punycodeHost(r *rand.Rand) string {
	scripts := []*unicode.RangeTable{
		unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Devanagari,
		unicode.Bengali, unicode.Tamil, unicode.Telugu, unicode.Khmer, unicode.Thai, unicode.Hangul, unicode.Han, unicode.Mn, unicode.So, unicode.Nd,
	}
	script := scripts[r.IntN(len(scripts))]
	var label []rune
	for range 1 + r.IntN(4) {
		if r.IntN(6) == 0 {
			script = scripts[r.IntN(len(scripts))]
		}
		run := script.R16[r.IntN(len(script.R16))]
		label = append(label, rune(run.Lo)+rune(run.Stride)*rune(r.IntN(1+int(run.Hi-run.Lo)/int(run.Stride))))
		if r.IntN(8) == 0 {
			label = append(label, []rune("a1-_\u200c\u200d\u0301\u0323")[r.IntN(8)])
		}
	}
	encoded, err := idna.Punycode.ToASCII(string(label))
	if err != nil {
		return "xn--a"
	}
	return encoded + []string{"", ".example", ".1st", ".xn--hgbk6aj7f53bba"}[r.IntN(4)]
}

// mutations makes n strings out of others by inserting, deleting and repeating
// what URL parsers are known to stumble over.
func mutations(r *rand.Rand, from []string, n int) []string {
	mutated := make([]string, n)
	for i := range mutated {
		s := from[r.IntN(len(from))]
		for range 1 + r.IntN(2) {
			at := r.IntN(len(s) + 1)
			switch r.IntN(4) {
			case 0, 1:
				s = s[:at] + pieces[r.IntN(len(pieces))] + s[at:]
			case 2:
				s = s[:at] + s[min(len(s), at+1+r.IntN(3)):]
			default: // in place of the port, or of anything between a colon and a slash
				if before, after, ok := cutLast(s, ":"); ok {
					_, path, _ := strings.Cut(after, "/")
					port := pieces[r.IntN(len(pieces))]
					if r.IntN(2) == 0 {
						port = strconv.Itoa(r.IntN(70_000))
					}
					s = before + ":" + port + "/" + path
				}
			}
		}
		mutated[i] = s
	}
	return mutated
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

var pieces = []string{
	"/", "//", "\\", "/\\", ":", "@", "evil@", "@evil.example", "?", "#", "%", "%2f", "%5C", "%2e", "%2e%2e/", "../", "./", "..;/", ";",
	".", "..", "*", " ", "\t", "\n", "\r", "\x00", "\x7f", "%00", "%0a", "%zz", "\u202e", "é", "。", "／", "ﬀ", "\xff", "[", "]", "[::1]", "127.0.0.1",
	"0x7f.1", "2130706433", "0", "1", "08", "80", "8080", "443", "49152", "65535", "65536", "99999999999", "+1", "-1", "1e3", "٣", ":80", ":0", ":080",
	"http:", "https:", "https://", "javascript:", "data:", "HTTP", "A", "%41", "%61", "_", "-", "xn--", "xn--a.", "xn--zz", "localhost", ".local",
	"evil.example", "evil.example/", "<", ">", "\"", "'", "`", "{", "}", "|", "^", "~", "!", "$", "&", "(", ")", "+", ",", "=",
}
