package kernel

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Whatever a session with the most resources refreshes for, it has room for
// what it keeps, beside the two thumbprints of package dpop. Each access token
// that it still knows is for the resources and scopes that it was issued for,
// and none that has two newer ones for each of its resources. Of tokens for one
// resource each, the newest of each is known, with up to 184 scopes.
func TestWhatASessionKeepsOfResources(t *testing.T) {
	for _, scopes := range []int{1, 184, 300} {
		t.Run(fmt.Sprint(scopes), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(scopes)))
			s := &store.Session{}
			for i := range scopes {
				s.Scopes = append(s.Scopes, fmt.Sprint("scope", i))
			}
			kept := Resources{}
			for i := range MaxResources {
				kept.Granted = append(kept.Granted, ResourceKey(fmt.Sprint("https://", i, ".example")))
			}
			type token struct {
				store.AccessToken
				audience Audience
			}
			var issued []token
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			for i := range 120 {
				audience := Audience(1) << random.IntN(MaxResources)
				if i < 60 {
					audience = Audience(1 + random.IntN(255))
				}
				now = now.Add(time.Second)
				next := token{store.AccessToken{Digest: credential.DigestOf(fmt.Sprint(i)), IssuedAt: now, ExpiresAt: now.Add(time.Hour)}, audience}
				for _, scope := range s.Scopes {
					if random.IntN(2) == 0 {
						next.Scopes = append(next.Scopes, scope)
					}
				}
				kept = kept.Next(s, audience, now, false)
				s.PreviousAccess, s.Access = s.Access, next.AccessToken
				issued = append(issued, next)

				entry, err := json.Marshal(kept)
				require.NoError(t, err)
				thumbprint := strings.Repeat("x", 43)
				s.Extra, err = json.Marshal(Extra{ResourcesEntry: entry, "dpop": json.RawMessage(`{"access":"` + thumbprint + `","previous":"` + thumbprint + `"}`)})
				require.NoError(t, err)
				require.LessOrEqual(t, len(s.Extra), store.MaxExtra)

				if i%7 != 0 {
					continue
				}
				newer := [MaxResources]int{}
				for n := len(issued) - 1; n >= max(0, len(issued)-60); n-- {
					was := issued[n]
					wanted := false // of each of its resources, as one of the newest two
					for bit := range MaxResources {
						if was.audience&(1<<bit) != 0 {
							wanted = wanted || newer[bit] < 2
							newer[bit]++
						}
					}
					known, keys, ok := AccessTokenOf(s, was.Digest)
					if ok {
						require.Equal(t, was.AccessToken, known)
						require.Equal(t, kept.Keys(was.audience), keys)
						require.True(t, wanted || n == len(issued)-2)
					}
					if n >= len(issued)-2 {
						require.True(t, ok)
					}
				}
				for bit := range MaxResources { // the newest of each, while all are for one
					for n := len(issued) - 1; i >= 90 && scopes <= 184 && n >= 0; n-- {
						if issued[n].audience == 1<<bit {
							_, _, ok := AccessTokenOf(s, issued[n].Digest)
							require.True(t, ok, "%d of %d", n, i)
							break
						}
					}
				}
			}
		})
	}
}
