package oauthapp

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func validRegistration() Registration {
	return Registration{
		Name:         "Example",
		HomepageURL:  "https://example.com",
		CallbackURLs: []string{"https://example.com/callback"},
		Type:         Confidential,
	}
}

func TestRegistrationFields(t *testing.T) {
	offered := []string{"read", "write"}
	for _, tc := range []struct {
		name    string
		edit    func(*Registration)
		field   string // that is wrong, "" for none
		message string // part of what is said of it
	}{
		{"valid", func(r *Registration) {}, "", ""},

		{"no name", func(r *Registration) { r.Name = "" }, "name", "required"},
		{"blank name", func(r *Registration) { r.Name = " \t\u00a0\n" }, "name", "required"},
		{"longest name", func(r *Registration) { r.Name = strings.Repeat("é", 100) }, "", ""},
		{"name too long", func(r *Registration) { r.Name = strings.Repeat("é", 101) }, "name", "at most 100 characters"},
		{"name of two lines", func(r *Registration) { r.Name = "a\nb" }, "name", "one line"},
		{"NUL in the name", func(r *Registration) { r.Name = "a\x00b" }, "name", "control"},
		{"C1 control in the name", func(r *Registration) { r.Name = "a\u0085b" }, "name", "control"},
		{"line separator in the name", func(r *Registration) { r.Name = "a\u2028b" }, "name", "one line"},
		{"invalid UTF-8 in the name", func(r *Registration) { r.Name = "a\xffb" }, "name", "UTF-8"},
		{"right-to-left override", func(r *Registration) { r.Name = "a\u202egpj.exe" }, "name", "direction"},
		{"isolate", func(r *Registration) { r.Name = "a\u2066b" }, "name", "direction"},
		{"right-to-left mark", func(r *Registration) { r.Name = "a\u200fb" }, "name", "direction"},
		{"zero-width space", func(r *Registration) { r.Name = "Git\u200bHub" }, "name", "invisible"},
		{"zero-width joiner", func(r *Registration) { r.Name = "Git\u200dHub" }, "name", "invisible joiner"},
		{"Persian non-joiner", func(r *Registration) { r.Name = "می\u200cخواهم" }, "", ""},
		{"Persian non-joiner, after marks", func(r *Registration) { r.Name = "مِی\u0650\u200c\u064eخواهم" }, "", ""},
		{"Hindi joiner", func(r *Registration) { r.Name = "क्\u200dष" }, "", ""},
		{"Hindi non-joiner", func(r *Registration) { r.Name = "क्\u200cष" }, "", ""},
		{"Sinhala joiner", func(r *Registration) { r.Name = "ශ්\u200dරී" }, "", ""},
		{"joiner in Persian", func(r *Registration) { r.Name = "می\u200dخواهم" }, "name", "joiner"},
		{"non-joiner at the end", func(r *Registration) { r.Name = "می\u200c" }, "name", "joiner"},
		{"non-joiner at the beginning", func(r *Registration) { r.Name = "\u200cمی" }, "name", "joiner"},
		{"non-joiner where nothing joins", func(r *Registration) { r.Name = "د\u200cا" }, "name", "joiner"},
		{"two non-joiners", func(r *Registration) { r.Name = "می\u200c\u200cخواهم" }, "name", "joiner"},
		{"non-joiner in Latin", func(r *Registration) { r.Name = "Git\u200cHub" }, "name", "joiner"},
		{"byte order mark", func(r *Registration) { r.Name = "\ufeffGitHub" }, "name", "invisible"},
		{"soft hyphen", func(r *Registration) { r.Name = "Git\u00adHub" }, "name", "invisible"},
		{"tag characters", func(r *Registration) { r.Name = "a\U000E0041" }, "name", "invisible"},
		{"blank letters only", func(r *Registration) { r.Name = "\u3164" }, "name", "invisible"},
		{"joiner of graphemes only", func(r *Registration) { r.Name = "\u034f" }, "name", "invisible"},
		{"vowels without a form", func(r *Registration) { r.Name = "\u17b4\u17b5" }, "name", "invisible"},
		{"variation selectors only", func(r *Registration) { r.Name = "\ufe0f \ufe0e" }, "name", "accent"},
		{"accent first", func(r *Registration) { r.Name = "\u0338 is not this" }, "name", "accent"},
		{"many accents", func(r *Registration) { r.Name = "Vie" + strings.Repeat("\u0323", 5) + "t" }, "name", "accent"},
		{"accents of a language", func(r *Registration) {
			r.Name = "Vie\u0323\u0302t ⚙\ufe0f 1\ufe0f\u20e3 בְּרֵאשִׁית नि"
		}, "", ""},
		{"many accents in the description", func(r *Registration) { r.Description = "a" + strings.Repeat("\u0301", 50) }, "description", "accent"},
		{"private use", func(r *Registration) { r.Name = "\ue000" }, "name", "invisible"},
		{"markup is only text", func(r *Registration) { r.Name = `<script>alert("1")</script>` }, "", ""},
		{"other scripts", func(r *Registration) { r.Name = "例え (مثال) दो 🚀" }, "", ""},

		{"no description", func(r *Registration) { r.Description = "" }, "", ""},
		{"lines and tabs in the description", func(r *Registration) { r.Description = "a\r\n\tb\n\nc" }, "", ""},
		{"joiners in the description", func(r *Registration) { r.Description = "می\u200cخواهم 👩\u200d💻" }, "", ""},
		{"longest description", func(r *Registration) { r.Description = strings.Repeat("é", 1000) }, "", ""},
		{"description too long", func(r *Registration) { r.Description = strings.Repeat("é", 1001) }, "description", "at most 1000 characters"},
		{"override in the description", func(r *Registration) { r.Description = "\u202e" + "a" }, "description", "direction"},
		{"escape in the description", func(r *Registration) { r.Description = "a\x1b[31mb" }, "description", "control"},
		{"lone carriage return in the description", func(r *Registration) { r.Description = "a\rb" }, "description", "control"},
		{"invalid UTF-8 in the description", func(r *Registration) { r.Description = "\xc3\x28" }, "description", "UTF-8"},

		{"no homepage", func(r *Registration) { r.HomepageURL = " " }, "homepage_url", "required"},
		{"http homepage", func(r *Registration) { r.HomepageURL = "http://example.com" }, "", ""},
		{"homepage with everything", func(r *Registration) { r.HomepageURL = "https://Example.com:8443/a?b=c#d" }, "", ""},
		{"homepage in upper case", func(r *Registration) { r.HomepageURL = "HTTPS://EXAMPLE.COM/" }, "", ""},
		{"javascript homepage", func(r *Registration) { r.HomepageURL = "javascript:alert(1)" }, "homepage_url", `"https://"`},
		{"javascript homepage in disguise", func(r *Registration) { r.HomepageURL = "javascript://example.com/%0aalert(1)" }, "homepage_url", "printable"},
		{"javascript homepage with slashes", func(r *Registration) { r.HomepageURL = "JavaScript://example.com/" }, "homepage_url", `"https://"`},
		{"javascript homepage with a tab", func(r *Registration) { r.HomepageURL = "java\tscript:alert(1)" }, "homepage_url", "control"},
		{"javascript homepage as an entity", func(r *Registration) { r.HomepageURL = "&#106;avascript:alert(1)" }, "homepage_url", `"https://"`},
		{"data homepage", func(r *Registration) { r.HomepageURL = "data:text/html,x" }, "homepage_url", `"https://"`},
		{"ftp homepage", func(r *Registration) { r.HomepageURL = "ftp://example.com" }, "homepage_url", `"https://"`},
		{"homepage without scheme", func(r *Registration) { r.HomepageURL = "example.com" }, "homepage_url", `"https://"`},
		{"homepage without host", func(r *Registration) { r.HomepageURL = "https:///a" }, "homepage_url", "no host"},
		{"homepage with user", func(r *Registration) { r.HomepageURL = "https://github.com@evil.example" }, "homepage_url", "user name"},
		{"homepage with a backslash", func(r *Registration) { r.HomepageURL = `https:\\example.com` }, "homepage_url", "backslash"},
		{"homepage with markup", func(r *Registration) { r.HomepageURL = `https://example.com/"onclick="` }, "homepage_url", "percent-encode"},
		{"homepage with a bad port", func(r *Registration) { r.HomepageURL = "https://example.com:99999" }, "homepage_url", "port"},
		{"homepage too long", func(r *Registration) { r.HomepageURL = "https://example.com/" + strings.Repeat("a", 2000) }, "homepage_url", "2000"},

		{"no callback", func(r *Registration) { r.CallbackURLs = nil }, "callback_url", "required"},
		{"blank callbacks", func(r *Registration) { r.CallbackURLs = []string{"", " ", "\r"} }, "callback_url", "required"},
		{"callback of two lines", func(r *Registration) { r.CallbackURLs = []string{"https://a/\nhttps://b/"} }, "callback_url", "control"},
		{"bad callback among good ones", func(r *Registration) { r.CallbackURLs = []string{"https://a/", "http://b/", "https://c/"} }, "callback_url", `"http://b/" must begin with "https://"`},
		{"callback listed twice in two ways", func(r *Registration) { r.CallbackURLs = []string{"https://a", "https://a/"} }, "callback_url", "twice"},
		{"callback without path and host", func(r *Registration) { r.CallbackURLs = []string{"https://"} }, "callback_url", "no host"},
		{"callback without path, with a fragment", func(r *Registration) { r.CallbackURLs = []string{"https://a#b"} }, "callback_url", "fragment"},
		{"callback without path, with a backslash", func(r *Registration) { r.CallbackURLs = []string{`https://a\b`} }, "callback_url", "backslash"},
		{"callback listed twice", func(r *Registration) { r.CallbackURLs = []string{"https://a/", " https://a/"} }, "callback_url", "twice"},
		{"most callbacks", func(r *Registration) { r.CallbackURLs = callbacks(20) }, "", ""},
		{"too many callbacks", func(r *Registration) { r.CallbackURLs = callbacks(21) }, "callback_url", "are too many: 21; remove some, as an application may have up to 20"},
		{"private-use callback of a confidential one", func(r *Registration) { r.CallbackURLs = []string{"com.example.app:/cb"} }, "callback_url", "public"},
		{"private-use callback of a public one", func(r *Registration) {
			r.Type, r.CallbackURLs = Public, []string{"com.example.app:/cb"}
		}, "", ""},

		{"unknown type", func(r *Registration) { r.Type = "native" }, "client_type", `"confidential" or "public"`},
		{"type in upper case", func(r *Registration) { r.Type = "Public" }, "client_type", `"confidential" or "public"`},

		{"some scopes", func(r *Registration) { r.Scopes = []string{"write"} }, "", ""},
		{"unknown scope", func(r *Registration) { r.Scopes = []string{"read", "admin"} }, "scopes", `"admin" is not a scope of this service; choose from read, write.`},
		{"empty scope", func(r *Registration) { r.Scopes = []string{""} }, "scopes", "choose from"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reg := validRegistration()
			tc.edit(&reg)
			_, problems := reg.normalize(rules{scopes: offered})
			if tc.field == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, tc.field, problems[0].Field)
			require.Contains(t, problems[0].Message, tc.message)
		})
	}
}

func callbacks(n int) (urls []string) {
	for i := range n {
		urls = append(urls, fmt.Sprintf("https://example.com/%d", i))
	}
	return urls
}

func TestRegistrationIsNormalized(t *testing.T) {
	reg := Registration{
		Name:         "  Example\u00a0",
		Description:  "\r\nTwo\r\nlines \n",
		HomepageURL:  "\thttps://example.com\n",
		CallbackURLs: []string{" https://example.com/b?c=%2f\r", "", "https://example.com/a"},
		Type:         Confidential,
		Scopes:       []string{"write", "read", "write"},
	}
	kept, problems := reg.normalize(rules{scopes: []string{"read", "write"}})
	require.Empty(t, problems)
	require.Equal(t, Registration{
		Name:         "Example",
		Description:  "Two\nlines",
		HomepageURL:  "https://example.com",
		CallbackURLs: []string{"https://example.com/b?c=%2f", "https://example.com/a"},
		Type:         Confidential,
		Scopes:       []string{"read", "write"},
	}, kept)
	require.Equal(t, []string{"write", "read", "write"}, reg.Scopes, "what the caller passed stays as it was")
}

func TestEveryBadFieldIsReportedAtOnce(t *testing.T) {
	_, problems := Registration{
		Description:  "\x00",
		HomepageURL:  "x",
		CallbackURLs: []string{"http://example.com/", "https://ok.example/", "javascript:x"},
		Type:         "x",
		Scopes:       []string{"a", "b"},
	}.normalize(rules{})
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
		require.Regexp(t, `^["A-Z].*\.$`, p.Message, "a sentence")
	}
	require.Equal(t, []string{"name", "description", "homepage_url", "client_type", "callback_url", "callback_url", "scopes", "scopes"}, fields)

	err := &ValidationError{problems}
	require.Contains(t, err.Error(), "oauthapp: invalid input: name: Name is required")
	require.Contains(t, err.Message("callback_url"), "http://example.com/")
	require.Contains(t, err.Message("callback_url"), "javascript:x")
	require.NotContains(t, err.Message("callback_url"), "ok.example")
	require.Empty(t, err.Message("owner"))
}

// A message shows what was written, shortened and harmless to terminals and
// logs.
func TestMessagesQuoteInput(t *testing.T) {
	_, problems := Registration{
		Name: "a", HomepageURL: "https://a", Type: Public,
		CallbackURLs: []string{"https://a/\x1b[31m\u202e" + strings.Repeat("x", 500)},
	}.normalize(rules{})
	require.Len(t, problems, 1)
	require.NotContains(t, problems[0].Message, "\x1b")
	require.NotContains(t, problems[0].Message, "\u202e")
	require.Less(t, len(problems[0].Message), 300)
}

// What URL parsers make of a callback URL without a path is what is registered.
func TestCallbackWithoutPath(t *testing.T) {
	for typed, want := range map[string]string{
		"https://client.example":          "https://client.example/",
		"https://client.example:8443":     "https://client.example:8443/",
		"https://client.example?tenant=7": "https://client.example/?tenant=7",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080/",
		"http://[::1]":                    "http://[::1]/",
		"https://client.example/":         "https://client.example/",
		"https://client.example/cb?a=b/c": "https://client.example/cb?a=b/c",
	} {
		reg := validRegistration()
		reg.CallbackURLs = []string{typed}
		kept, problems := reg.normalize(rules{})
		require.Empty(t, problems, typed)
		require.Equal(t, []string{want}, kept.CallbackURLs)
		require.Equal(t, []string{typed}, reg.CallbackURLs)
		require.Equal(t, typed == want, MatchCallback(Public, kept.CallbackURLs, typed), "the bytes are compared")
	}
}

func TestSameName(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"Example", "Example", true},
		{"My app", "My\u00a0app", true},
		{" My app ", "My\u3000app", true},
		{"My app", "My  app", true},
		{"Caf\u00e9", "Cafe\u0301", true},
		{"Vi\u1ec7t", "Vie\u0302\u0323t", true},
		{"Vi\u1ec7t", "Vie\u0323\u0302t", true},
		{"한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", true},
		{"می\u200cخواهم", "میخواهم", true},
		{"Example", "example", false},
		{"Example", "Ехample", false},
		{"Cafe", "Caf\u00e9", false},
		{"My app", "Myapp", false},
		{"Example", "", false},
	} {
		require.Equal(t, tc.want, SameName(tc.a, tc.b), "%q, %q", tc.a, tc.b)
		require.Equal(t, tc.want, SameName(tc.b, tc.a), "%q, %q", tc.b, tc.a)
	}
}

// Whoever has a name can confirm it.
func FuzzSameName(f *testing.F) {
	f.Add("e\u0301\u0323 \u00a0한글\u200d")
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			return
		}
		require.True(t, SameName(name, name))
		require.True(t, SameName(norm.NFC.String(name), norm.NFD.String(name)), "%q", name)
		require.True(t, SameName(" "+strings.ReplaceAll(name, " ", "\u3000"), name), "%q", name)
	})
}
