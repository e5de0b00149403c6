package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// A grant other than of a code or a refresh token tells a suspended client that
// it may not use the endpoint.
func TestSuspendedAtOtherGrants(t *testing.T) {
	suspended := oauthapp.Application{Standing: oauthapp.Standing{Suspended: true}}
	require.Equal(t, InvalidGrant, refuseSuspendedGrant(suspended, "refresh_token").Code)
	require.Equal(t, UnauthorizedClient, refuseSuspendedGrant(suspended, "client_credentials").Code)
	require.Nil(t, refuseSuspendedGrant(oauthapp.Application{Standing: oauthapp.Standing{Reason: "It was."}}, "client_credentials"))
}
