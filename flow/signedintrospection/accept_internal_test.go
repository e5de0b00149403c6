package signedintrospection

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// RFC 9701, section 4, and RFC 9110, section 12.5.1.
func TestPrefersSigned(t *testing.T) {
	for _, test := range []struct {
		accept []string
		signed bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{"application/*"}, false},
		{[]string{"application/json"}, false},
		{[]string{"application/jwt"}, false},
		{[]string{"application/token-introspection"}, false},
		{[]string{"application/token-introspection+jwt"}, true},
		{[]string{"Application/Token-Introspection+JWT"}, true},
		{[]string{" application/token-introspection+jwt ; q=1.000 "}, true},
		{[]string{"application/token-introspection+jwt;q=0.001"}, true},
		{[]string{"application/token-introspection+jwt;q=0"}, false},
		{[]string{"application/token-introspection+jwt;q=0", "*/*"}, false},
		{[]string{"application/token-introspection+jwt, application/json"}, true},
		{[]string{"application/json", "application/token-introspection+jwt"}, true},
		{[]string{"application/json, application/token-introspection+jwt;q=0.9"}, false},
		{[]string{"application/json;q=0.9, application/token-introspection+jwt"}, true},
		{[]string{"*/*, application/token-introspection+jwt;q=0.5"}, false},
		{[]string{"application/*, application/token-introspection+jwt;q=0.5"}, false},
		{[]string{"*/*;q=0.1, application/token-introspection+jwt;q=0.5"}, true},
		{[]string{"*/*, application/json;q=0.1, application/token-introspection+jwt;q=0.5"}, true},
		{[]string{"application/json;q=0.1, */*, application/token-introspection+jwt;q=0.5"}, true},
		{[]string{"application/*;q=0.1, */*, application/token-introspection+jwt;q=0.5"}, true},
		{[]string{"text/html, image/png, application/token-introspection+jwt;q=0.2"}, true},

		// What is malformed counts as not there.
		{[]string{"application/token-introspection+jwt;q=2"}, false},
		{[]string{"application/token-introspection+jwt;q=-1"}, false},
		{[]string{"application/token-introspection+jwt;q=NaN"}, false},
		{[]string{"application/token-introspection+jwt;q=Inf"}, false},
		{[]string{"application/token-introspection+jwt;q="}, false},
		{[]string{"application/token-introspection+jwt;q=1;q=0"}, false},
		{[]string{"application/token-introspection+jwt x"}, false},
		{[]string{",,;,application/token-introspection+jwt,"}, true},
		{[]string{`application/json;p="a,b", application/token-introspection+jwt`}, true},
	} {
		require.Equal(t, test.signed, prefersSigned(test.accept), "%q", test.accept)
	}
}

// Whatever the header holds, a signed answer goes to who names it alone, and
// naming nothing else is always enough.
func FuzzPrefersSigned(f *testing.F) {
	for _, seed := range []string{"", "*/*", MediaType, MediaType + ";q=0.5, */*;q=0.1", `a/b;p="x,` + MediaType, "\x00,;q=,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		signed := prefersSigned([]string{accept})
		if signed && !strings.Contains(strings.ToLower(accept), MediaType) {
			t.Errorf("%q does not name it", accept)
		}
		if signed && prefersSigned([]string{accept, MediaType + ";q=0"}) {
			t.Errorf("%q: a weight of nothing is no yes", accept)
		}
		if !strings.Contains(accept, "*/*") && !strings.Contains(accept, "/") && !prefersSigned([]string{accept, MediaType}) {
			t.Errorf("%q keeps it from who names it", accept)
		}
	})
}
