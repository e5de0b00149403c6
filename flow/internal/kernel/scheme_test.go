package kernel

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
)

// A token that is bound to something is judged by what binds it, with whatever
// scheme it is presented.
func TestBoundTokensAreJudgedUnderEveryScheme(t *testing.T) {
	var all Contributions
	add := func(owner, name string) {
		check := func(_ *http.Request, scheme, _ string, _ *store.Session) *wire.Error {
			if scheme != name {
				return wire.Refuse(wire.InvalidToken, "the scheme must be "+name)
			}
			return nil
		}
		scheme := Scheme{Name: name, Check: check}
		require.NoError(t, all.Add(owner, Contribution{Schemes: []Scheme{scheme}, ClaimsExtra: true}))
	}
	require.NoError(t, all.Add("flow", Contribution{Schemes: []Scheme{{Name: Bearer}}}))
	add("proof", "Proof")
	add("other", "Other")
	for _, test := range []struct {
		scheme, extra string
		good          bool
	}{
		{"Bearer", "", true}, {"Proof", "", true}, {"other", "", true},
		{"Bearer", `{"proof":1}`, false}, {"Other", `{"proof":1}`, false}, {"proof", `{"proof":1}`, true},
		{"Proof", `{"proof":1,"other":1}`, false}, {"Other", `{"proof":1,"other":1}`, false},
	} {
		refusal := all.CheckScheme(nil, test.scheme, "token", &store.Session{Extra: []byte(test.extra)})
		require.Equal(t, test.good, refusal == nil, test)
	}
}
