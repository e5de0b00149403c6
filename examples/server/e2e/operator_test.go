package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const operatorToken = "an-operator"

// operate sends a request to the operator's interface, which must agree.
func (s *server) operate(t testing.TB, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/operator/"+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	req.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s", said)
}

// An application that is suspended between consent and exchange gets nothing,
// and once it is reinstated, all that it had.
func TestSuspendedMidFlow(t *testing.T) {
	t.Parallel()
	s := start(t, "-operator-token", operatorToken, "-store", sqlite(t))
	b := signIn(t, s, alice)
	app := b.register(acme, "Suspended", "confidential", callback)
	standing := "applications/" + app.ClientID + "/standing"
	before := s.tokens(t, b, app, acme)
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier), acme).Query().Get("code")

	s.operate(t, http.MethodPut, standing, `{"standing":"suspended","reason":"It sends spam."}`)
	refused := s.exchange(t, app, code, verifier)
	require.Equal(t, http.StatusBadRequest, refused.Status)
	require.Equal(t, "invalid_grant", s.refresh(t, app, before.str("refresh_token")).str("error"))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, before.str("access_token")).Status)
	require.NotContains(t, refused.Body, "spam")
	shown := b.get(s.authorizeURL(app, verifier))
	require.Contains(t, shown.text(), "This application is suspended")
	require.Contains(t, b.get(app.path()).text(), "It sends spam.")

	s.operate(t, http.MethodPut, standing, `{"standing":"live"}`)
	require.Equal(t, http.StatusOK, s.exchange(t, app, code, verifier).Status)
	require.Equal(t, http.StatusOK, s.whoami(t, before.str("access_token")).Status)
	require.Equal(t, http.StatusOK, s.refresh(t, app, before.str("refresh_token")).Status)
}

// Until the operator approves an application, it works for the users of its
// account and for nobody else. Then the consent page says what the service
// knows of it.
func TestApproval(t *testing.T) {
	t.Parallel()
	s := start(t, "-operator-token", operatorToken, "-require-approval")
	developer, stranger := signIn(t, s, alice), signIn(t, s, carol)
	app := developer.register(acme, "Awaited", "confidential", callback)
	require.Contains(t, developer.get(app.path()).text(), "Awaiting approval")
	require.NotEmpty(t, signIn(t, s, bob).authorize(s.authorizeURL(app, newVerifier()), acme).Query().Get("code"))
	require.Equal(t, http.StatusForbidden, stranger.get(s.authorizeURL(app, newVerifier())).Status)

	s.operate(t, http.MethodPut, "applications/"+app.ClientID+"/approved", `{"approved":true}`)
	s.operate(t, http.MethodPut, "applications/"+app.ClientID+"/verified", `{"verified":true}`)
	require.NotContains(t, developer.get(app.path()).text(), "Awaiting approval")
	require.Contains(t, stranger.get(s.authorizeURL(app, newVerifier())).text(), "verified")
	require.NotEmpty(t, stranger.authorize(s.authorizeURL(app, newVerifier()), carol.account).Query().Get("code"))
}

// Who leaves an account gets no more tokens for it, and whoever comes back has
// what nobody ended.
func TestUserLeavesAccount(t *testing.T) {
	t.Parallel()
	s := start(t, "-operator-token", operatorToken)
	b := signIn(t, s, bob)
	app := b.register(bob.account, "Bob's", "confidential", callback)
	ofAcme, own := s.tokens(t, b, app, acme), s.tokens(t, b, app, bob.account)

	s.operate(t, http.MethodDelete, "users/2/accounts/"+acme, "")
	require.Equal(t, "invalid_grant", s.refresh(t, app, ofAcme.str("refresh_token")).str("error"))
	require.Equal(t, http.StatusOK, s.refresh(t, app, own.str("refresh_token")).Status)
	require.Equal(t, http.StatusNotFound, b.get(home(acme)).Status)

	s.operate(t, http.MethodDelete, "users/2/access", "")
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, own.str("access_token")).Status)
}

// An application goes to another account with a code that its owner hands over.
// Its users notice nothing.
func TestTransfer(t *testing.T) {
	t.Parallel()
	s := start(t, "-store", sqlite(t))
	giver, receiver := signIn(t, s, alice), signIn(t, s, carol)
	app := giver.register(acme, "Given away", "confidential", callback)
	tokens := s.tokens(t, giver, app, acme)

	offer := giver.get(app.path("transfer")).form(app.path("transfer")).submit()
	code := offer.byID("transfer-code")
	require.NotEmpty(t, code, "%s", offer.Body)
	receive := home(carol.account) + "/receive"
	offered := receiver.get(receive).form(receive).set("code", code).submit()
	require.Contains(t, offered.text(), "Receive Given away?")
	require.Contains(t, offered.text(), "Acme Inc")
	received := offered.form(receive).submit("decision", "accept")
	require.Less(t, received.Status, 300, "%s", received.Body)

	require.Equal(t, http.StatusNotFound, giver.get(app.path()).Status)
	require.Contains(t, receiver.get(home(carol.account)).text(), "Given away")
	require.Equal(t, http.StatusOK, s.refresh(t, app, tokens.str("refresh_token")).Status)
	own := home(alice.account) + "/receive"
	again := giver.get(own).form(own).set("code", code).submit()
	require.GreaterOrEqual(t, again.Status, 400, "a code is good once: %s", again.text())
}
