package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// A client that wants its user to sign in again gets that, once, and its
// answer.
func TestPromptLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Careful", "confidential", "https://app.example.com/callback")
	for _, params := range [][]string{{"prompt", "login"}, {"max_age", "0"}} {
		login := b.get(s.authorizeURL(app, newVerifier(), append(params, "login_hint", alice.email)...))
		require.Equal(t, http.StatusOK, login.Status, login.Body)
		form := login.form("/login")
		require.NotNil(t, form, login.Body)
		require.True(t, flow.ParseReturnTo(form.fields.Get("return_to")).Anew)
		require.Equal(t, alice.email, form.fields.Get("email"))
		consent := form.set("password", alice.password).submit()
		require.Equal(t, http.StatusOK, consent.Status, consent.Body)
		code := consent.form("/oauth/authorize").submit("decision", "authorize").redirect().Query().Get("code")
		require.NotEmpty(t, code)
	}
	answer := b.get(s.authorizeURL(app, newVerifier(), "prompt", "none", "max_age", "0")).redirect().Query()
	require.Equal(t, "login_required", answer.Get("error"))
}
