package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Published clients push their authorization requests.
func TestNodeClientsPush(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, client := range []string{"oauth4webapi", "openid-client"} {
		for _, auth := range []string{"basic", "post", "none"} {
			t.Run(client+" "+auth, func(t *testing.T) {
				t.Parallel()
				node := nodeClient(t, client)
				b := signIn(t, s, alice)
				clientType := "confidential"
				if auth == "none" {
					clientType = "public"
				}
				app := b.register(alice.account, client+" "+auth, clientType, "https://app.example.com/callback")
				node.start(s, app, map[string]string{"auth": auth, "pushed": "yes"})
				url := node.question()
				require.Contains(t, url, "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A")
				require.NotContains(t, url, "state=")
				steps := node.goOn(b, url, alice.account)
				require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
				require.True(t, steps.Rotated)
				require.Equal(t, "invalid_token", steps.Refused)
			})
		}
	}
}
