package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the store and the log, events among it, must never hold, in no encoding:
// anything that opens something. Everything of that kind that there is comes up
// in one run.
func TestNothingSecretIsKeptOrLogged(t *testing.T) {
	t.Parallel()
	dsn := sqlite(t)
	s := start(t, "-store", dsn)
	secrets := map[string]string{"password": alice.password, "another password": bob.password}
	note := func(name, secret string) string {
		require.NotContains(t, secrets, name)
		require.GreaterOrEqual(t, len(secret), 12, name)
		secrets[name] = secret
		return secret
	}

	// Signing in, with a password of the wrong person first.
	b := newBrowser(t, s)
	noteCookie := func(whose string) {
		u, err := url.Parse(s.URL)
		require.NoError(t, err)
		cookies := b.client.Jar.Cookies(u)
		require.Len(t, cookies, 1)
		note("cookie of "+whose, cookies[0].Value)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(cookies[0].Value, ".")[0])
		require.NoError(t, err)
		var session struct{ ID string }
		require.NoError(t, json.Unmarshal(payload, &session))
		note("session ID of "+whose, session.ID)
	}
	login := b.get("/login?return_to=" + url.QueryEscape(home(acme)))
	noteCookie("a visitor")
	note("form token of a visitor", login.form("/login").fields.Get("form_token"))
	require.Equal(t, http.StatusUnauthorized, login.form("/login").set("email", alice.email).set("password", bob.password).submit().Status)
	after := b.signIn(b.get("/login"), alice)
	note("form token", after.form("/logout").fields.Get("form_token"))
	noteCookie("Alice")

	// Applications and their secrets.
	app := b.register(acme, "Secretive", "confidential", "https://app.example.com/callback")
	note("first client secret", app.ClientSecret)
	note("ticket of a form", b.get(app.path("edit")).form(app.path()).fields.Get("ticket"))
	reset := b.get(app.path()).form(app.path("secrets")).set("overlap", "168h").submit()
	app.ClientSecret = note("second client secret", reset.byID("client-secret"))
	public := b.register(acme, "Native", "public", "http://127.0.0.1/callback")

	// Authorizations: redeemed, denied, left, and by a public client.
	note("state", newVerifier())
	verifier := note("verifier", newVerifier())
	authorize := s.authorizeURL(app, verifier, "state", secrets["state"])
	note("ticket of the consent page", b.get(authorize).form("/oauth/authorize").fields.Get("ticket"))
	code := note("code", b.authorize(authorize, acme).Query().Get("code"))
	note("unredeemed code", b.authorize(s.authorizeURL(app, note("unused verifier", newVerifier())), acme).Query().Get("code"))
	b.get(s.authorizeURL(app, newVerifier(), "account_id", alice.account, "state", note("state of a denial", newVerifier()))).form("/oauth/authorize").submit("decision", "deny")
	tokens := s.exchange(t, app, code, verifier)
	require.Equal(t, http.StatusOK, tokens.Status)
	refreshed := s.refresh(t, app, note("refresh token", tokens.str("refresh_token")))
	require.Equal(t, http.StatusOK, refreshed.Status)
	again := s.refresh(t, app, note("second refresh token", refreshed.str("refresh_token")))
	require.Equal(t, http.StatusOK, again.Status)
	note("access token", tokens.str("access_token"))
	note("second access token", refreshed.str("access_token"))
	note("third access token", again.str("access_token"))
	note("third refresh token", again.str("refresh_token"))
	native := s.tokens(t, b, public, acme)
	note("access token of a public client", native.str("access_token"))
	note("refresh token of a public client", native.str("refresh_token"))

	// The DNSimple-compatible endpoint, with a JSON body.
	dnsimpleCode := note("code for DNSimple", b.authorize(s.authorizeURL(app, ""), acme).Query().Get("code"))
	body, err := json.Marshal(map[string]string{"client_id": app.ClientID, "client_secret": app.ClientSecret, "code": dnsimpleCode,
		"grant_type": "authorization_code", "redirect_uri": app.Callback})
	require.NoError(t, err)
	redeem := func() answer {
		return s.request(t, http.MethodPost, "/v2/oauth/access_token", string(body), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
	}
	dnsimple := redeem()
	require.Equal(t, http.StatusOK, dnsimple.Status, "%s", dnsimple.Body)
	note("access token for DNSimple", dnsimple.str("access_token"))

	// Everything that is reported, and everything sent to where it does not
	// belong.
	require.Equal(t, http.StatusOK, s.whoami(t, secrets["third access token"]).Status)
	s.whoami(t, secrets["third refresh token"])
	s.whoami(t, app.ClientSecret)
	s.request(t, http.MethodGet, "/v2/whoami?access_token="+secrets["third access token"], "", nil)
	s.request(t, http.MethodGet, "/oauth/token?code="+secrets["unredeemed code"]+"&client_secret="+app.ClientSecret, "", nil)
	s.request(t, http.MethodGet, "/nothing/"+secrets["third access token"], "", nil)
	s.post(t, "/oauth/token", url.Values{"client_id": {app.ClientSecret}, "grant_type": {"refresh_token"}})
	s.post(t, "/oauth/token", url.Values{"client_id": {app.ClientID}, "grant_type": {app.ClientSecret}, "client_secret": {app.ClientSecret + "0"}})
	s.request(t, http.MethodPost, "/oauth/token", "grant_type=refresh_token&refresh_token="+secrets["third refresh token"], func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.SetBasicAuth(app.ClientID, "not "+app.ClientSecret)
	})
	s.exchange(t, app, secrets["unredeemed code"], secrets["verifier"]) // another's verifier
	s.post(t, "/oauth/introspect", app.as(url.Values{"token": {secrets["third access token"]}}))
	s.refresh(t, app, tokens.str("refresh_token")) // reuse
	redeem()                                       // replay
	s.post(t, "/oauth/revoke", public.as(url.Values{"token": {secrets["refresh token of a public client"]}}))
	b.get("/login?return_to=" + url.QueryEscape(authorize))
	b.get(app.path("revoke")).form(app.path("revoke")).submit()
	after.form("/logout").submit()
	require.Zero(t, s.stop(t))

	places := map[string]string{"standard error": s.stderr.String(), "standard output": s.stdout.String()}
	files, err := filepath.Glob(strings.TrimPrefix(dsn, "sqlite:") + "*")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		places[filepath.Base(file)] = string(content)
	}
	require.Contains(t, places["oauthapps.db"]+places["oauthapps.db-wal"], "Secretive") // it is the right file
	for _, told := range []string{app.ID, "token.client_authentication_failed", "token.code_replay", "token.refresh_token_reuse"} {
		require.Contains(t, places["standard error"], told)
	}
	// The demo tells newcomers the passwords, and keeps its key in a file of
	// its own.
	delete(places, "standard output")
	require.GreaterOrEqual(t, len(secrets), 20)
	for place, content := range places {
		for name, secret := range secrets {
			for encoding, encoded := range encodings(secret) {
				require.False(t, strings.Contains(content, encoded), "%s, %s, in %s", name, encoding, place)
			}
		}
	}
}

// encodings are the forms in which a secret could get away, by their names.
func encodings(secret string) map[string]string {
	var percent strings.Builder
	for _, c := range []byte(secret) {
		percent.WriteString("%" + hex.EncodeToString([]byte{c}))
	}
	all := map[string]string{
		"as it is": secret, "URL-encoded": url.QueryEscape(secret), "percent-encoded": percent.String(), "percent-encoded in caps": strings.ToUpper(percent.String()),
		"in hexadecimal": hex.EncodeToString([]byte(secret)),
	}
	if strings.HasPrefix(secret, "oa_") { // the random part of a credential, without prefix, session and checksum
		all["its random part"] = secret[len(secret)-30 : len(secret)-10]
	}
	// Base64 of something around it has one of three forms, but for the first
	// and last characters, which depend on the neighbours.
	for before := range 3 {
		padded := strings.Repeat("\x00", before) + secret
		padded = padded[:len(padded)/3*3]
		all["in base64, after "+string(rune('0'+before))] = base64.StdEncoding.EncodeToString([]byte(padded))[4:]
		all["in base64url, after "+string(rune('0'+before))] = base64.URLEncoding.EncodeToString([]byte(padded))[4:]
	}
	return all
}
