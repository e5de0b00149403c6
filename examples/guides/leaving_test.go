package guides

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # People who leave
//
// What a user authorized goes on without them, until somebody ends it. Do both
// of the following.
//
// Config.MayAct tells which scopes a user may still give for an account: all,
// some, or none. It is asked at every code exchange, refresh and consent, so
// what it takes away ends within Lifetimes.AccessToken, an hour by default. A
// handler for which that is too long has a Guard with Current: it asks at every
// call. An error is an outage, answered 503.
//
// Registry.EndAccess ends access at once, and for good. Call it from whatever
// tells you that somebody left, such as a SCIM call of a directory. Change your
// own tables first, so that CurrentUser and MayAct let them begin nothing new:
//
//	GrantsOfUser(user).ForAccount(account)   a user left an account
//	GrantsOfUser(user)                       a user was suspended or deleted
//	GrantsForAccount(account)                an account was closed; then Delete
//	                                         or Transfer each of its applications,
//	                                         which Registry.Applications lists
//
// It works in short steps, beside live traffic, and is safe to repeat: where it
// returned an error, call it again. Registry.CountGrants says beforehand how
// many grants there are, up to 1000.
//
// Where package tokens lets users make API tokens, one that is for no account
// stays when its user leaves one: your handlers look up which accounts the user
// may act for. MayAct is asked about it with the account "", where it must not
// look for a membership.
//
// Registry.Erase is for a user who asks to be forgotten. It removes what the
// library keeps of them; your events and logs are yours to clean. Applications
// belong to accounts and stay: Transfer or Delete them.
func TestLeaving(t *testing.T) {
	members := map[string]bool{"ann": true, "bob": true} // your own table
	provider := flowtest.New(t, flow.Config{
		MayAct: func(_ context.Context, user, _ string) ([]string, error) {
			if members[user] {
				return []string{"read"}, nil
			}
			return nil, nil
		},
	})
	hello := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	api := httptest.NewServer(provider.Guard(flow.Guard{Scopes: []string{"read"}, Current: true})(hello))
	defer api.Close()
	ofAnn, ofBob := provider.ActingAs("ann", "7", "read"), provider.ActingAs("bob", "7", "read")
	require.Equal(t, 200, status(t, ofAnn, api.URL))

	// MayAct has an effect while it says no.
	members["ann"] = false
	require.Equal(t, 401, status(t, ofAnn, api.URL))

	// EndAccess is for good, whatever MayAct says.
	ended, err := provider.Registry().EndAccess(t.Context(), oauthapp.GrantsOfUser("bob"), nil)
	require.NoError(t, err)
	require.Equal(t, 1, ended.Grants)
	require.Equal(t, 401, status(t, ofBob, api.URL))
}

func status(t *testing.T, client *http.Client, url string) int {
	response, err := client.Get(url)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}
