package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The token response of RFC 6749, section 5.1, and what its tokens open.
func TestAuthorizationCodeFlow(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	for _, clientType := range []string{"confidential", "public"} {
		t.Run(clientType, func(t *testing.T) {
			b := b.in(t)
			app := b.register(acme, "Flow "+clientType, clientType, "http://127.0.0.1/callback")
			verifier := newVerifier()
			state := `a&b=c#d%20e+f"<x>é`
			callback := b.authorize(s.authorizeURL(app, verifier, "state", state, "scope", "read write"), acme)
			require.Equal(t, "127.0.0.1", callback.Host)
			require.Empty(t, callback.Fragment)
			q := callback.Query()
			require.Equal(t, []string{state}, q["state"])
			require.Equal(t, []string{s.URL}, q["iss"]) // RFC 9207
			require.Len(t, q["code"], 1)

			tokens := s.exchange(t, app, q.Get("code"), verifier)
			require.Equal(t, http.StatusOK, tokens.Status, "%s", tokens.Body)
			require.Equal(t, "no-store", tokens.Header.Get("Cache-Control"))
			require.Contains(t, tokens.Header.Get("Content-Type"), "application/json")
			require.Equal(t, "Bearer", tokens.str("token_type"))
			require.Equal(t, float64(3600), tokens.JSON["expires_in"])
			require.Equal(t, "read write", tokens.str("scope"))
			require.NotEmpty(t, tokens.str("refresh_token"))

			me := s.whoami(t, tokens.str("access_token"))
			require.Equal(t, http.StatusOK, me.Status)
			var body struct {
				Data struct{ User, Account map[string]any }
			}
			require.NoError(t, json.Unmarshal([]byte(me.Body), &body))
			require.Equal(t, float64(1), body.Data.User["id"])
			require.Equal(t, alice.email, body.Data.User["email"])
			require.Equal(t, float64(2), body.Data.Account["id"])
			require.Contains(t, body.Data.Account, "email")
		})
	}
}

// A request without scope gets read, as the demo documents.
func TestDefaultScope(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Default", "confidential", "https://app.example.com/callback")
	for asked, want := range map[string]string{
		"":                                "read",
		"openid offline_access":           "read",
		"openid write offline_access":     "write",
		"offline_access read write write": "read write",
	} {
		tokens := s.tokens(t, b, app, acme, "scope", asked)
		require.Equal(t, want, tokens.str("scope"), asked)
		introspected := s.post(t, "/oauth/introspect", app.as(url.Values{"token": {tokens.str("access_token")}}))
		require.Equal(t, want, introspected.str("scope"), "%s: %s", asked, introspected.Body)
	}
	refused := b.get(s.authorizeURL(app, newVerifier(), "scope", "openid profile")).redirect()
	require.Equal(t, "invalid_scope", refused.Query().Get("error"))
}

// Errors of the authorization endpoint: to the client by redirect where that is
// safe, else to the user on a page (RFC 6749, section 4.1.2.1).
func TestAuthorizationErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Errors", "confidential", "https://app.example.com/callback")
	public := b.register(acme, "Native", "public", "http://127.0.0.1/callback")
	verifier := newVerifier()

	for name, u := range map[string]string{
		"no client":            s.authorizeURL(app, verifier, "client_id", ""),
		"unknown client":       s.authorizeURL(app, verifier, "client_id", "nobody"),
		"other redirect":       s.authorizeURL(app, verifier, "redirect_uri", "https://app.example.com/callback/"),
		"other host":           s.authorizeURL(app, verifier, "redirect_uri", "https://evil.example/callback"),
		"query added":          s.authorizeURL(app, verifier, "redirect_uri", "https://app.example.com/callback?x=1"),
		"fragment added":       s.authorizeURL(app, verifier, "redirect_uri", "https://app.example.com/callback#"),
		"user info":            s.authorizeURL(public, verifier, "redirect_uri", "http://evil@127.0.0.1:9/callback"),
		"other loopback":       s.authorizeURL(public, verifier, "redirect_uri", "http://127.0.0.2/callback"),
		"localhost":            s.authorizeURL(public, verifier, "redirect_uri", "http://localhost/callback"),
		"encoded path":         s.authorizeURL(public, verifier, "redirect_uri", "http://127.0.0.1:9/call%62ack"),
		"https loopback":       s.authorizeURL(public, verifier, "redirect_uri", "https://127.0.0.1:9/callback"),
		"client twice":         s.authorizeURL(app, verifier) + "&client_id=" + app.ClientID,
		"redirect twice":       s.authorizeURL(app, verifier) + "&redirect_uri=" + url.QueryEscape(app.Callback),
		"other redirect, deny": s.authorizeURL(app, verifier, "redirect_uri", "https://evil.example/", "response_type", "token"),
	} {
		t.Run("page/"+name, func(t *testing.T) {
			p := b.in(t).get(u)
			require.GreaterOrEqual(t, p.Status, 400, "%s", p.Body)
			require.Less(t, p.Status, 500)
			require.Empty(t, p.Header.Get("Location"))
			require.Contains(t, p.Header.Get("Content-Type"), "text/html")
			for _, link := range p.links() {
				require.NotContains(t, link.Host, "evil.example")
			}
		})
	}

	for name, c := range map[string]struct{ url, code string }{
		"no response_type":   {s.authorizeURL(app, verifier, "response_type", ""), "invalid_request"},
		"implicit":           {s.authorizeURL(app, verifier, "response_type", "token"), "unsupported_response_type"},
		"hybrid":             {s.authorizeURL(app, verifier, "response_type", "code id_token"), "unsupported_response_type"},
		"wrong case":         {s.authorizeURL(app, verifier, "response_type", "Code"), "unsupported_response_type"},
		"unknown scope":      {s.authorizeURL(app, verifier, "scope", "read admin"), "invalid_scope"},
		"plain PKCE":         {s.authorizeURL(app, verifier, "code_challenge_method", "plain"), "invalid_request"},
		"PKCE without S256":  {s.authorizeURL(app, verifier, "code_challenge_method", ""), "invalid_request"},
		"method alone":       {s.authorizeURL(app, verifier, "code_challenge", ""), "invalid_request"},
		"short challenge":    {s.authorizeURL(app, verifier, "code_challenge", "abc"), "invalid_request"},
		"public, no PKCE":    {s.authorizeURL(public, ""), "invalid_request"},
		"scope twice":        {s.authorizeURL(app, verifier) + "&scope=read&scope=write", "invalid_request"},
		"response_mode":      {s.authorizeURL(app, verifier, "response_mode", "fragment"), "invalid_request"},
		"request object":     {s.authorizeURL(app, verifier, "request", "e30.e30."), "request_not_supported"},
		"request by address": {s.authorizeURL(app, verifier, "request_uri", "http://127.0.0.1:1/"), "request_uri_not_supported"},
	} {
		t.Run("redirect/"+name, func(t *testing.T) {
			u := c.url + "&state=unchanged"
			require.Equal(t, "/login", newBrowser(t, s).get(u).URL.Path, "nobody is sent away before signing in")
			target := b.in(t).get(u).redirect()
			q := target.Query()
			require.Equal(t, []string{c.code}, q["error"], "%s", target)
			require.Equal(t, []string{"unchanged"}, q["state"])
			require.Equal(t, []string{s.URL}, q["iss"])
			require.NotContains(t, q, "code")
			require.Empty(t, target.Fragment)
			require.Regexp(t, `^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`, q.Get("error_description"))
		})
	}

	t.Run("denied", func(t *testing.T) {
		q := b.in(t).get(s.authorizeURL(app, verifier)).form("/oauth/authorize").submit("decision", "deny").redirect().Query()
		require.Equal(t, "access_denied", q.Get("error"))
		require.Equal(t, s.URL, q.Get("iss"))
		require.NotContains(t, q, "state") // none in the request, none in the answer
	})
	t.Run("unknown parameters are ignored", func(t *testing.T) {
		u := s.authorizeURL(app, verifier, "approval_prompt", "force", "foo", "1", "nonce", "x") + "&hd=&scope=&response_mode=query"
		require.NotEmpty(t, b.in(t).authorize(u, acme).Query().Get("code"))
	})
	t.Run("nothing is granted by looking", func(t *testing.T) {
		other := b.in(t).register(acme, "Unseen", "confidential", "https://app.example.com/callback")
		p := b.in(t).get(s.authorizeURL(other, verifier))
		require.Equal(t, http.StatusOK, p.Status)
		require.Nil(t, grantForm(b.in(t), acme, other))
	})
}

// The consent form is bound to the request that was shown.
func TestConsentIsBoundToItsRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Bound", "confidential", "https://app.example.com/callback")
	other := b.register(acme, "Other", "confidential", "https://other.example.com/callback")
	consent := b.get(s.authorizeURL(app, newVerifier(), "scope", "read"))
	otherForm := b.get(s.authorizeURL(other, newVerifier(), "scope", "read write")).form("/oauth/authorize")

	for name := range otherForm.fields {
		f := consent.form("/oauth/authorize")
		if f.fields.Get(name) == otherForm.fields.Get(name) {
			continue
		}
		f.fields.Set(name, otherForm.fields.Get(name))
		p := f.submit("decision", "authorize")
		require.GreaterOrEqual(t, p.Status, 400, "%s exchanged", name)
		require.Empty(t, p.Header.Get("Location"))
	}
	f := consent.form("/oauth/authorize")
	f.fields.Set("account_id", carol.account)
	p := f.submit("decision", "authorize")
	require.NotContains(t, p.Header.Get("Location"), "code=", "an account of somebody else")

	bobs := signIn(t, s, bob)
	p = bobs.post("/oauth/authorize", consent.form("/oauth/authorize").set("decision", "authorize").fields)
	require.Equal(t, http.StatusBadRequest, p.Status, "a form made for Alice")
	require.Empty(t, p.Header.Get("Location"))
	require.NotEmpty(t, consent.form("/oauth/authorize").submit("decision", "authorize").redirect().Query().Get("code"))
}

// Consent is remembered for a confidential client and the account that was
// chosen, never for a public one (OAuth 2.1, section 7.3.1).
func TestRememberedConsent(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	confidential := b.register(acme, "Known", "confidential", "https://app.example.com/callback")
	public := b.register(acme, "Native", "public", "http://127.0.0.1/callback")
	for _, app := range []application{confidential, public} {
		s.tokens(t, b, app, acme, "scope", "read")
	}
	again := b.get(s.authorizeURL(confidential, newVerifier(), "scope", "read", "account_id", acme))
	require.NotEmpty(t, again.redirect().Query().Get("code"))
	require.Equal(t, http.StatusOK, b.get(s.authorizeURL(confidential, newVerifier(), "scope", "read write", "account_id", acme)).Status, "more scopes")
	require.Equal(t, http.StatusOK, b.get(s.authorizeURL(confidential, newVerifier(), "scope", "read", "account_id", alice.account)).Status, "another account")
	require.Equal(t, http.StatusOK, b.get(s.authorizeURL(public, newVerifier(), "scope", "read", "account_id", acme)).Status, "public client")
}

// Errors of the token endpoint (RFC 6749, section 5.2). None uses up the code.
func TestTokenErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Errors", "confidential", "https://app.example.com/callback")
	other := b.register(acme, "Other", "confidential", "https://app.example.com/callback")
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier), acme).Query().Get("code")
	good := func(changes ...string) url.Values {
		return changed(app.as(redemption(app, code, verifier)), changes...)
	}
	flipped := code[:len(code)-8] + string(code[len(code)-8]^1) + code[len(code)-7:]

	for _, c := range []struct {
		name   string
		fields url.Values
		status int
		code   string
	}{
		{"no grant_type", good("grant_type", ""), 400, "invalid_request"},
		{"unknown grant_type", good("grant_type", "password"), 400, "unsupported_grant_type"},
		{"client credentials", good("grant_type", "client_credentials"), 400, "unauthorized_client"},
		{"no code", good("code", ""), 400, "invalid_request"},
		{"nonsense code", good("code", "nonsense"), 400, "invalid_grant"},
		{"damaged code", good("code", flipped), 400, "invalid_grant"},
		{"no redirect_uri", good("redirect_uri", ""), 400, "invalid_grant"},
		{"other redirect_uri", good("redirect_uri", "https://app.example.com/other"), 400, "invalid_grant"},
		{"no verifier", good("code_verifier", ""), 400, "invalid_grant"},
		{"wrong verifier", good("code_verifier", newVerifier()), 400, "invalid_grant"},
		{"no verifier, second try", good("code_verifier", ""), 400, "invalid_grant"}, // no downgrade
		{"no client", good("client_id", "", "client_secret", ""), 401, "invalid_client"},
		{"unknown client", good("client_id", "nobody"), 401, "invalid_client"},
		{"no secret", good("client_secret", ""), 401, "invalid_client"},
		{"wrong secret", good("client_secret", other.ClientSecret), 401, "invalid_client"},
		{"another client's code", good("client_id", other.ClientID, "client_secret", other.ClientSecret), 400, "invalid_grant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.post(t, "/oauth/token", c.fields)
			require.Equal(t, c.status, a.Status, "%s", a.Body)
			if c.code == "invalid_grant" && strings.Contains(c.name, "no ") {
				require.Contains(t, []string{"invalid_grant", "invalid_request"}, a.str("error")) // the RFCs leave the choice
			} else {
				require.Equal(t, c.code, a.str("error"), "%s", a.Body)
			}
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
			require.Contains(t, a.Header.Get("Content-Type"), "application/json")
			require.Regexp(t, `^[\x20-\x21\x23-\x5B\x5D-\x7E]*$`, a.str("error_description"))
		})
	}

	raw := func(name string, status int, change func(*http.Request), body string) {
		t.Run(name, func(t *testing.T) {
			a := s.request(t, http.MethodPost, "/oauth/token", body, func(r *http.Request) {
				r.Header.Set("Content-Type", formType)
				if change != nil {
					change(r)
				}
			})
			require.Equal(t, status, a.Status, "%s", a.Body)
			require.NotEmpty(t, a.str("error"))
		})
	}
	body := good().Encode()
	raw("repeated parameter", 400, nil, body+"&code="+url.QueryEscape(code))
	raw("JSON", 400, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, `{"grant_type":"authorization_code"}`)
	raw("no content type", 400, func(r *http.Request) { r.Header.Del("Content-Type") }, body)
	raw("parameters in the query", 400, func(r *http.Request) { r.URL.RawQuery = body }, "")
	raw("two ways of authentication", 400, func(r *http.Request) { r.SetBasicAuth(app.ClientID, app.ClientSecret) }, body)
	raw("bad escape", 400, nil, body+"&scope=%zz")
	raw("wrong secret in the header", 401, func(r *http.Request) { r.SetBasicAuth(app.ClientID, "wrong") }, redemption(app, code, verifier).Encode())
	wrong := s.request(t, http.MethodPost, "/oauth/token", redemption(app, code, verifier).Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.SetBasicAuth(app.ClientID, "wrong")
	})
	require.Contains(t, wrong.Header.Get("WWW-Authenticate"), "Basic ")
	unknown := s.request(t, http.MethodPost, "/oauth/token", redemption(app, code, verifier).Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.SetBasicAuth("nobody", "wrong")
	})
	require.Equal(t, wrong.Body, unknown.Body, "which clients exist is not told")
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		a := s.request(t, method, "/oauth/token", "", nil)
		require.Equal(t, http.StatusMethodNotAllowed, a.Status, method)
		require.Contains(t, a.Header.Get("Allow"), "POST")
	}

	// After all that the code is as good as new, once.
	tokens := s.request(t, http.MethodPost, "/oauth/token", "x=%zz&x=%ff&;=&"+redemption(app, code, verifier).Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType+";charset=")
		r.SetBasicAuth(app.ClientID, app.ClientSecret)
	})
	require.Equal(t, http.StatusOK, tokens.Status, "%s", tokens.Body)

	// A replay is refused and ends what the code gave.
	require.Equal(t, "invalid_grant", s.exchange(t, app, code, verifier).str("error"))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, "invalid_grant", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
}

// Of 50 redemptions of a code at the same time, one succeeds.
func TestConcurrentRedemptions(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"memory", sqlite(t)} {
		t.Run(store[:6], func(t *testing.T) {
			t.Parallel()
			s := start(t, "-store", store)
			b := signIn(t, s, alice)
			app := b.register(acme, "Eager", "confidential", "https://app.example.com/callback")
			for range 3 {
				verifier := newVerifier()
				code := b.authorize(s.authorizeURL(app, verifier, "account_id", acme), acme).Query().Get("code")
				require.Equal(t, map[string]int{"": 1, "invalid_grant": 49}, outcomes(50, func() answer { return s.exchange(t, app, code, verifier) }))
			}
		})
	}
}

// outcomes counts the error codes, "" for success, of n calls at the same time.
func outcomes(n int, call func() answer) map[string]int {
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		counts = map[string]int{}
		gate   = make(chan struct{})
	)
	for range n {
		wg.Go(func() {
			<-gate
			a := call()
			outcome := a.str("error")
			if outcome == "" && a.Status != http.StatusOK {
				outcome = a.Body
			}
			mu.Lock()
			counts[outcome]++
			mu.Unlock()
		})
	}
	close(gate)
	wg.Wait()
	return counts
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Refreshing", "confidential", "https://app.example.com/callback")
	other := b.register(acme, "Other", "confidential", "https://app.example.com/callback")
	first := s.tokens(t, b, app, acme, "scope", "read write")

	refreshing := func(token, scope string, as application) answer {
		return s.post(t, "/oauth/token", as.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}}))
	}
	require.Equal(t, "invalid_grant", refreshing(first.str("refresh_token"), "", other).str("error"), "another client's")
	require.Equal(t, "invalid_grant", refreshing(first.str("access_token"), "", app).str("error"), "an access token")
	require.Equal(t, "invalid_scope", refreshing(first.str("refresh_token"), "read write admin", app).str("error"))
	require.Equal(t, "invalid_request", refreshing("", "", app).str("error"))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, first.str("refresh_token")).Status, "a refresh token opens no API")

	second := refreshing(first.str("refresh_token"), "read", app)
	require.Equal(t, http.StatusOK, second.Status, "%s", second.Body)
	require.Equal(t, "read", second.str("scope"))
	third := refreshing(second.str("refresh_token"), "", app)
	require.Equal(t, http.StatusOK, third.Status, "%s", third.Body)
	require.Equal(t, "read write", third.str("scope"), "narrowing is for the access token")

	// A token from before the previous one has been stolen, or its successor
	// has: the family ends.
	require.Equal(t, "invalid_grant", refreshing(first.str("refresh_token"), "", app).str("error"))
	require.Equal(t, "invalid_grant", refreshing(third.str("refresh_token"), "", app).str("error"))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, third.str("access_token")).Status)
}

// Lifetimes are the flags'.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	s := start(t, "-code-ttl", "1s")
	b := signIn(t, s, alice)
	app := b.register(acme, "Short", "confidential", "https://app.example.com/callback")
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier), acme).Query().Get("code")
	time.Sleep(time.Second) // later by any amount is as good
	require.Equal(t, "invalid_grant", s.exchange(t, app, code, verifier).str("error"))

	s = start(t, "-access-token-ttl", "7m", "-refresh-token-ttl", "30m")
	b = signIn(t, s, alice)
	app = b.register(acme, "Short", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, acme)
	require.Equal(t, float64(420), tokens.JSON["expires_in"])
}

// RFC 7009.
func TestRevocation(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	for _, clientType := range []string{"confidential", "public"} {
		for _, kind := range []string{"access_token", "refresh_token"} {
			t.Run(clientType+" "+kind, func(t *testing.T) {
				b := b.in(t)
				app := b.register(acme, "Revoking "+clientType, clientType, "http://127.0.0.1/callback")
				other := b.register(acme, "Other", "confidential", "https://app.example.com/callback")
				tokens := s.tokens(t, b, app, acme)
				revoke := func(as application, token string) answer {
					return s.post(t, "/oauth/revoke", as.as(url.Values{"token": {token}}))
				}
				require.Equal(t, http.StatusOK, revoke(app, "unknown").Status)
				require.Equal(t, "invalid_request", revoke(app, "").str("error"))
				require.Equal(t, http.StatusBadRequest, revoke(other, tokens.str(kind)).Status)
				require.Equal(t, http.StatusUnauthorized, s.post(t, "/oauth/revoke", url.Values{"token": {tokens.str(kind)}}).Status)
				require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)

				a := revoke(app, tokens.str(kind))
				require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
				require.JSONEq(t, `{}`, a.Body)
				require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
				require.Equal(t, "invalid_grant", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
				require.Equal(t, http.StatusOK, revoke(app, tokens.str(kind)).Status, "again")
			})
		}
	}
}

// RFC 7662.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Asking", "confidential", "https://app.example.com/callback")
	other := b.register(acme, "Other", "confidential", "https://app.example.com/callback")
	public := b.register(acme, "Native", "public", "http://127.0.0.1/callback")
	tokens := s.tokens(t, b, app, acme, "scope", "read write")
	introspect := func(as application, token string) answer {
		return s.post(t, "/oauth/introspect", as.as(url.Values{"token": {token}}))
	}
	a := introspect(app, tokens.str("access_token"))
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, true, a.JSON["active"])
	require.Equal(t, "read write", a.str("scope"))
	require.Equal(t, app.ClientID, a.str("client_id"))
	require.Equal(t, s.URL, a.str("iss"))
	require.Equal(t, "1", a.str("sub"))
	require.Equal(t, float64(3600), a.JSON["exp"].(float64)-a.JSON["iat"].(float64))
	require.Contains(t, a.Header.Get("Cache-Control"), "no-store")

	for name, inactive := range map[string]answer{
		"unknown":          introspect(app, "unknown"),
		"another client's": introspect(other, tokens.str("access_token")),
		"a secret":         introspect(app, app.ClientSecret),
	} {
		require.Equal(t, http.StatusOK, inactive.Status, name)
		require.JSONEq(t, `{"active":false}`, inactive.Body, name)
	}
	require.Equal(t, http.StatusUnauthorized, introspect(public, tokens.str("access_token")).Status)
	require.Equal(t, http.StatusUnauthorized, s.post(t, "/oauth/introspect", url.Values{"token": {tokens.str("access_token")}}).Status)
	require.Equal(t, http.StatusUnauthorized, s.request(t, http.MethodPost, "/oauth/introspect", "token="+tokens.str("access_token"), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		bearer(tokens.str("access_token"))(r)
	}).Status, "a user's token is no client")
	require.Equal(t, "invalid_request", introspect(app, "").str("error"))
}

// RFC 8414 and RFC 9728; every advertised endpoint answers.
func TestMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	as := s.request(t, http.MethodGet, "/.well-known/oauth-authorization-server", "", nil)
	require.Equal(t, http.StatusOK, as.Status)
	require.Contains(t, as.Header.Get("Content-Type"), "application/json")
	for member, value := range map[string]any{
		"issuer":                                         s.URL,
		"authorization_endpoint":                         s.URL + "/oauth/authorize",
		"token_endpoint":                                 s.URL + "/oauth/token",
		"revocation_endpoint":                            s.URL + "/oauth/revoke",
		"introspection_endpoint":                         s.URL + "/oauth/introspect",
		"response_types_supported":                       []any{"code"},
		"code_challenge_methods_supported":               []any{"S256"},
		"authorization_response_iss_parameter_supported": true,
	} {
		require.Equal(t, value, as.JSON[member], member)
	}
	require.ElementsMatch(t, []any{"authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}, as.JSON["grant_types_supported"])
	require.ElementsMatch(t, []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}, as.JSON["token_endpoint_auth_methods_supported"])
	require.ElementsMatch(t, []any{"read", "write"}, as.JSON["scopes_supported"])
	require.NotContains(t, as.Body, "/v2/oauth/access_token")
	require.NotContains(t, as.Body, "[]")
	for _, endpoint := range []string{"token_endpoint", "revocation_endpoint", "introspection_endpoint"} {
		path := strings.TrimPrefix(as.str(endpoint), s.URL)
		require.Equal(t, http.StatusUnauthorized, s.post(t, path, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}}).Status, endpoint)
	}
	require.Equal(t, http.StatusNotFound, s.request(t, http.MethodGet, "/.well-known/openid-configuration", "", nil).Status)

	resource := s.request(t, http.MethodGet, "/.well-known/oauth-protected-resource", "", nil)
	require.Equal(t, http.StatusOK, resource.Status)
	require.Equal(t, s.URL, resource.str("resource"))
	require.Equal(t, []any{s.URL}, resource.JSON["authorization_servers"])
}

// The -issuer is the external URL, wherever the server listens.
func TestIssuerFlag(t *testing.T) {
	t.Parallel()
	s := start(t, "-issuer", "https://auth.example.com")
	as := s.request(t, http.MethodGet, "/.well-known/oauth-authorization-server", "", nil)
	require.Equal(t, "https://auth.example.com", as.str("issuer"))
	require.Equal(t, "https://auth.example.com/oauth/token", as.str("token_endpoint"))
	login := s.request(t, http.MethodGet, "/login", "", nil)
	require.Equal(t, http.StatusOK, login.Status)
	require.NotEmpty(t, login.Header.Get("Strict-Transport-Security"))
	for _, cookie := range login.Header.Values("Set-Cookie") {
		require.Contains(t, cookie, "Secure")
		require.Contains(t, cookie, "HttpOnly")
	}
}

// RFC 6750.
func TestProtectedAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "API", "confidential", "https://app.example.com/callback")
	token := s.tokens(t, b, app, acme).str("access_token")

	none := s.request(t, http.MethodGet, "/v2/whoami", "", nil)
	require.Equal(t, http.StatusUnauthorized, none.Status)
	require.Contains(t, none.Header.Get("WWW-Authenticate"), "Bearer ")
	require.Contains(t, none.Header.Get("WWW-Authenticate"), `resource_metadata="`+s.URL+"/.well-known/oauth-protected-resource")
	require.NotContains(t, none.Header.Get("WWW-Authenticate"), "error=")

	for name, bad := range map[string]string{"nonsense": "nonsense", "shortened": token[:len(token)-1], "secret": app.ClientSecret} {
		a := s.whoami(t, bad)
		require.Equal(t, http.StatusUnauthorized, a.Status, name)
		require.Contains(t, a.Header.Get("WWW-Authenticate"), `error="invalid_token"`, name)
	}
	require.Equal(t, http.StatusUnauthorized, s.request(t, http.MethodGet, "/v2/whoami?access_token="+token, "", nil).Status, "in the query")
	require.Equal(t, http.StatusOK, s.request(t, http.MethodGet, "/v2/whoami", "", func(r *http.Request) {
		r.Header.Set("Authorization", "bearer "+token)
	}).Status, "the scheme in lower case")
	require.Equal(t, http.StatusMethodNotAllowed, s.request(t, http.MethodPost, "/v2/whoami", "", bearer(token)).Status)
	rateLimited(t, s.whoami(t, token))
}

// rateLimited asserts the headers that published clients read.
func rateLimited(t *testing.T, a answer) {
	t.Helper()
	limit, remaining, reset := intHeader(t, a, "X-RateLimit-Limit"), intHeader(t, a, "X-RateLimit-Remaining"), intHeader(t, a, "X-RateLimit-Reset")
	require.Positive(t, limit)
	require.Less(t, remaining, limit)
	require.GreaterOrEqual(t, remaining, 0)
	require.GreaterOrEqual(t, int64(reset), time.Now().Unix())
}

func intHeader(t *testing.T, a answer, name string) int {
	t.Helper()
	n, err := strconv.Atoi(a.Header.Get(name))
	require.NoError(t, err, name)
	return n
}

func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/nothing", "/v2/nothing", "/oauth/nothing", "/accounts/", "/.well-known/nothing"} {
		a := s.request(t, http.MethodGet, path, "", nil)
		require.Contains(t, []int{http.StatusNotFound, http.StatusSeeOther}, a.Status, path) // pages ask to sign in first
		require.NotContains(t, a.Body, "goroutine ")
	}
}
