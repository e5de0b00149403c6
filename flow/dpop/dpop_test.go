package dpop_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client with a key of any algorithm gets tokens of token_type DPoP, calls
// the API and refreshes.
func TestBoundTokens(t *testing.T) {
	for _, alg := range []string{"ES256", "EdDSA", "Ed25519", "PS256"} {
		t.Run(alg, func(t *testing.T) {
			h, c := newDefaultHost(t), newClient(t, alg)
			tokens := h.bound(h.public, c)
			require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
			require.Equal(t, http.StatusNoContent, h.call("dpop "+tokens.AccessToken, c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken)).Code)

			refreshed := h.granted(h.post("/oauth/token", h.refresh(h.public, tokens.RefreshToken), h.at(c)))
			require.Equal(t, "DPoP", refreshed.TokenType)
			require.Equal(t, http.StatusNoContent, h.calls(c, refreshed.AccessToken).Code)
			require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code, "the access token before is good until it expires")
		})
	}
}

// Ed25519 has two names as an algorithm (RFC 9864). The key is one, so a client
// may change over from one to the other, and a proof of one is none of another
// algorithm.
func TestBothNamesOfEd25519(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "EdDSA")
	tokens := h.bound(h.public, c)
	c.alg = "Ed25519"
	require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
	refreshed := h.granted(h.post("/oauth/token", h.refresh(h.public, tokens.RefreshToken), h.at(c)))
	c.alg = "EdDSA"
	require.Equal(t, http.StatusNoContent, h.calls(c, refreshed.AccessToken).Code)
	for _, alg := range []string{"ED25519", "Ed448", "ES256", "none"} {
		requireRefused(t, h.calls(c, refreshed.AccessToken, header("alg", alg)), dpop.InvalidProof, "the DPoP proof is not")
	}
}

// Clients that send no proof get what they always got.
func TestBearerTokensStay(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	tokens := h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app))))
	require.Equal(t, "Bearer", tokens.TokenType)
	require.Equal(t, http.StatusNoContent, h.call("Bearer "+tokens.AccessToken).Code)
	require.Equal(t, "Bearer", h.introspect(tokens.AccessToken)["token_type"])
	require.NotContains(t, h.introspect(tokens.AccessToken), "cnf")
	requireRefused(t, h.calls(c, tokens.AccessToken), flow.InvalidToken, "bearer token")
}

// Whoever has a bound token and not its key has nothing (RFC 9449, sections 7.1
// and 7.2).
func TestBoundTokenIsNoBearerToken(t *testing.T) {
	h, c, thief := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	token := h.bound(h.app, c).AccessToken
	requireRefused(t, h.call("Bearer "+token), flow.InvalidToken, "scheme DPoP")
	requireRefused(t, h.call("Bearer "+token, c.proof(h.now, http.MethodGet, whoami, token)), flow.InvalidToken, "scheme DPoP")
	requireRefused(t, h.call("DPoP "+token), dpop.InvalidProof, "missing")
	requireRefused(t, h.calls(thief, token), flow.InvalidToken, "another key")
	require.Equal(t, http.StatusNoContent, h.calls(c, token).Code)

	w := h.call("Basic " + token)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Len(t, w.Header().Values("WWW-Authenticate"), 2, "each scheme is told to who sends no token")
	require.NotContains(t, strings.Join(w.Header().Values("WWW-Authenticate"), ""), "error=")

	r := httptest.NewRequest(http.MethodGet, "/whoami", nil)
	r.Header.Add("Authorization", "DPoP "+token)
	r.Header.Add("Authorization", "Bearer "+token)
	r.Header.Set("DPoP", c.proof(h.now, http.MethodGet, whoami, token))
	_, err := h.Authenticate(r, flow.Guard{})
	require.ErrorContains(t, err, "more than one Authorization header")
}

// Leaving the capability out opens nothing: what it has bound is refused
// everywhere.
func TestBoundTokensWithoutTheCapability(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	tokens := h.bound(h.app, c)
	code := h.code(h.app, "dpop_jkt", c.thumbprint())
	without := h.node()
	for _, scheme := range []string{"Bearer ", "DPoP "} {
		w := without.call(scheme+tokens.AccessToken, c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken))
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.NotContains(t, strings.Join(w.Header().Values("WWW-Authenticate"), ""), "DPoP")
	}
	require.Equal(t, map[string]any{"active": false}, without.introspect(tokens.AccessToken))
	requireError(t, without.post("/oauth/token", without.refresh(h.app, tokens.RefreshToken), h.at(c)), flow.InvalidGrant, "")
	requireError(t, without.post("/oauth/token", without.redemption(h.app, code), h.at(c)), flow.InvalidGrant, "")

	require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
	h.granted(h.post("/oauth/token", h.redemption(h.app, code), h.at(c)))
}

// Everything that RFC 9449, section 4.3, has a server check of a proof, and
// what the DPoP module of the FAPI 2.0 suite sends, at the token endpoint and
// at the API.
func TestRefusedProofs(t *testing.T) {
	h, c, other := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	rs, ps := newClient(t, "RS256"), newClient(t, "PS256")
	tokens, code := h.bound(h.app, c), h.code(h.app)
	private := c.jwkWithPrivate(t)
	const proofIs = "the DPoP proof"
	for name, test := range map[string]struct {
		by   client
		edit func(proof)
		raw  func(string) string
		code string
		says string
	}{
		"no typ":                {edit: header("typ", nil)},
		"typ of another token":  {edit: header("typ", "JWT")},
		"typ of access tokens":  {edit: header("typ", "at+jwt")},
		"no alg":                {edit: header("alg", nil)},
		"alg none":              {edit: header("alg", "none")},
		"alg None":              {edit: header("alg", "None")},
		"alg of another key":    {edit: header("alg", "EdDSA"), says: "not signed"},
		"alg that is no string": {edit: header("alg", 1)},
		"RS256":                 {by: rs, edit: func(proof) {}, says: "alg must be one of"},
		"PS256 key as RS256":    {by: ps, edit: header("alg", "RS256")},
		"no jwk":                {edit: header("jwk", nil), says: "jwk"},
		"jwk that is no object": {edit: header("jwk", "x")},
		"private key":           {edit: header("jwk", private)},
		"symmetric key":         {edit: header("jwk", map[string]any{"kty": "oct", "k": "c2VjcmV0"})},
		"key of another client": {edit: header("jwk", other.jwk), says: "not signed"},
		"key not on the curve":  {edit: header("jwk", map[string]any{"kty": "EC", "crv": "P-256", "x": c.jwk["x"], "y": other.jwk["y"]})},
		"key by reference":      {edit: header("jku", "https://evil.example/jwks")},
		"critical extension":    {edit: header("crit", []string{"b64"})},
		"no jti":                {edit: claim("jti", nil), says: "no jti"},
		"empty jti":             {edit: claim("jti", ""), says: "no jti"},
		"jti that is no string": {edit: claim("jti", 7)},
		"no htm":                {edit: claim("htm", nil), says: "no htm"},
		"wrong htm":             {edit: claim("htm", "PUT"), says: "htm"},
		"htm in small letters":  {edit: func(p proof) { p.claims["htm"] = strings.ToLower(p.claims["htm"].(string)) }, says: "htm"},
		"no htu":                {edit: claim("htu", nil), says: "no htu"},
		"htu of another host":   {edit: edited("htu", ".example/", ".example.evil.example/"), says: "htu"},
		"htu of another port":   {edit: edited("htu", ".example/", ".example:8443/"), says: "htu"},
		"htu of another scheme": {edit: edited("htu", "https://", "http://"), says: "htu"},
		"htu of another path":   {edit: edited("htu", ".example/", ".example/x/"), says: "htu"},
		"htu in capitals":       {edit: func(p proof) { p.claims["htu"] = strings.ToUpper(p.claims["htu"].(string)) }, says: "htu"},
		"htu with a slash":      {edit: func(p proof) { p.claims["htu"] = p.claims["htu"].(string) + "/" }, says: "htu"},
		"htu without a host":    {edit: claim("htu", "/whoami"), says: "htu"},
		"htu of the proxy":      {edit: claim("htu", "http://proxy.internal:8080/whoami"), says: "htu"},
		"no iat":                {edit: claim("iat", nil), says: "no iat"},
		"iat that is no number": {edit: claim("iat", "now")},
		"iat an hour ago":       {edit: claim("iat", h.now.Add(-time.Hour).Unix()), code: dpop.UseNonce, says: "past"},
		"iat a minute ago":      {edit: claim("iat", h.now.Add(-time.Minute).Unix()), code: dpop.UseNonce, says: "past"},
		"iat in an hour":        {edit: claim("iat", h.now.Add(time.Hour).Unix()), code: dpop.UseNonce, says: "future"},
		"iat in 31 seconds":     {edit: claim("iat", h.now.Add(31*time.Second).Unix()), code: dpop.UseNonce, says: "future"},
		"exp over":              {edit: claim("exp", h.now.Unix()), says: "exp"},
		"nbf in an hour":        {edit: claim("nbf", h.now.Add(time.Hour).Unix()), says: "nbf"},
		"made-up nonce":         {edit: claim("nonce", "made-up"), code: dpop.UseNonce, says: "nonce"},
		"nonce that is no text": {edit: claim("nonce", 1)},
		"wrong signature":       {raw: func(s string) string { return s[:len(s)-8] + "AAAAAAAA" }},
		"no signature":          {raw: func(s string) string { return s[:strings.LastIndex(s, ".")+1] }},
		"HMAC":                  {raw: func(string) string { return hmacProof(h, c) }},
		"no JWT":                {raw: func(string) string { return "proof" }},
		"two in one header":     {raw: func(s string) string { return s + ", " + s }},
		"empty header":          {raw: func(string) string { return "" }, says: "empty"},
		"too long":              {raw: func(s string) string { return s + strings.Repeat("A", 8<<10) }, says: "too long"},
		"too long a jti":        {edit: claim("jti", strings.Repeat("x", 8<<10)), says: "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			by, edit, raw := c, func(proof) {}, func(s string) string { return s }
			if test.by.key != nil {
				by = test.by
			}
			if test.edit != nil {
				edit = test.edit
			}
			if test.raw != nil {
				raw = test.raw
			}
			want, says := test.code, test.says
			if want == "" {
				want = dpop.InvalidProof
			}
			if says == "" {
				says = proofIs
			}
			requireError(t, h.post("/oauth/token", h.redemption(h.app, code), raw(h.at(by, edit))), want, says)
			requireRefused(t, h.call("DPoP "+tokens.AccessToken, raw(by.proof(h.now, http.MethodGet, whoami, tokens.AccessToken, edit))), want, says)
		})
	}
	one := h.at(c)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code), one, h.at(c)), dpop.InvalidProof, "more than one")
	two := []string{c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken), c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken)}
	requireRefused(t, h.call("DPoP "+tokens.AccessToken, two...), dpop.InvalidProof, "more than one")

	requireRefused(t, h.calls(c, tokens.AccessToken, claim("ath", nil)), dpop.InvalidProof, "ath")
	requireRefused(t, h.calls(c, tokens.AccessToken, claim("ath", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")), dpop.InvalidProof, "ath")
	requireRefused(t, h.call("DPoP "+tokens.AccessToken, h.at(c)), dpop.InvalidProof, "htm")

	// Nothing of that used up the code, the token, or the proof.
	h.granted(h.post("/oauth/token", h.redemption(h.app, code), one))
	require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
}

// What a server must not be particular about (RFC 9449, section 4.3; RFC 3986,
// section 6.2; FAPI 2.0, section 5.3.2.1).
func TestAcceptedProofs(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	tokens := h.bound(h.app, c)
	for name, edit := range map[string]func(proof){
		"htu with a query":           edited("htu", "", "", "?a=b"),
		"htu with a fragment":        edited("htu", "", "", "#f"),
		"htu with both":              edited("htu", "", "", "?a=b#f?g"),
		"host in capitals":           edited("htu", ".example", ".EXAMPLE"),
		"scheme in capitals":         edited("htu", "https:", "HTTPS:"),
		"port of the scheme":         edited("htu", ".example/", ".example:443/"),
		"needless escapes":           edited("htu", "o", "%6F"),
		"dot segments":               edited("htu", ".example/", ".example/x/.././"),
		"typ in capitals":            header("typ", "DPoP+JWT"),
		"typ with application/":      header("typ", "application/dpop+jwt"),
		"unknown header and claim":   func(p proof) { p.header["x"], p.claims["y"] = "x", 1 },
		"key with more members":      func(p proof) { p.header["jwk"].(map[string]any)["kid"] = "1" },
		"iat 10 seconds ago":         claim("iat", h.now.Add(-10*time.Second).Unix()),
		"iat in 10 seconds":          claim("iat", h.now.Add(10*time.Second).Unix()),
		"iat with a fraction":        claim("iat", float64(h.now.Unix())+0.5),
		"nbf and exp":                func(p proof) { p.claims["nbf"], p.claims["exp"] = h.now.Unix(), h.now.Add(5*time.Minute).Unix() },
		"iat 59 seconds ago":         claim("iat", h.now.Add(-59*time.Second).Unix()),
		"empty nonce counts as none": claim("nonce", ""),
	} {
		t.Run(name, func(t *testing.T) {
			h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app)), h.at(c, edit)))
			w := h.calls(c, tokens.AccessToken, edit)
			require.Equal(t, http.StatusNoContent, w.Code, w.Body.String())
		})
	}
}

// edited replaces a part of a claim, or adds to it.
func edited(name, old, replacement string, more ...string) func(proof) {
	return func(p proof) {
		s := p.claims[name].(string)
		if old != "" {
			s = strings.Replace(s, old, replacement, 1)
		}
		p.claims[name] = s + strings.Join(more, "")
	}
}

// hmacProof is signed with the public key as a secret.
func hmacProof(h *host, c client) string {
	p := c.parts(h.now, http.MethodPost, tokenURL, "")
	p.header["alg"] = "HS256"
	header, _ := json.Marshal(p.header)
	claims, _ := json.Marshal(p.claims)
	signed := b64(header) + "." + b64(claims)
	secret, _ := json.Marshal(c.jwk)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

// The metadata, the challenges and the answers tell what a client needs to know
// (RFC 9449, sections 5, 5.1, 6.2 and 7.1).
func TestWhatClientsAreTold(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	for path, member := range map[string]string{
		"/.well-known/oauth-authorization-server/auth": "token_endpoint",
		"/.well-known/oauth-protected-resource":        "resource",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example"+path, nil))
		var metadata map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &metadata), w.Body.String())
		require.Contains(t, metadata, member)
		require.Equal(t, []any{"ES256", "EdDSA", "Ed25519", "PS256"}, metadata["dpop_signing_alg_values_supported"])
	}
	tokens := h.bound(h.app, c)
	described := h.introspect(tokens.AccessToken)
	require.Equal(t, "DPoP", described["token_type"])
	require.Equal(t, map[string]any{"jkt": c.thumbprint()}, described["cnf"])

	w := h.post("/oauth/token", h.refresh(h.app, tokens.RefreshToken), h.at(c))
	require.Contains(t, w.Header().Get("Access-Control-Expose-Headers"), "DPoP-Nonce")
}

func TestIsOffUnlessAskedFor(t *testing.T) {
	h, c := newHost(t, memory.New()), newClient(t, "ES256")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example/.well-known/oauth-authorization-server/auth", nil))
	require.NotContains(t, strings.ToLower(w.Body.String()), "dpop")
	tokens := h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app, "dpop_jkt", "x")), h.at(c)))
	require.Equal(t, "Bearer", tokens.TokenType)
	require.Equal(t, http.StatusNoContent, h.call("Bearer "+tokens.AccessToken).Code)
	require.Equal(t, http.StatusUnauthorized, h.calls(c, tokens.AccessToken).Code)
}

func TestFindings(t *testing.T) {
	for required, count := range map[bool]int{false: 1, true: 0} {
		found := 0
		cfg := flow.Config{Extensions: []flow.Extension{dpop.New(dpop.Config{RequireBinding: required})}}
		for _, f := range cfg.Check() {
			if strings.Contains(f.Message, "DPoP") {
				require.Equal(t, flow.Advice, f.Severity)
				found++
			}
		}
		require.Equal(t, count, found)
	}
}

// One capability can be listed by several providers, as by a host's own and by
// that of its tests: each judges by its own issuer.
func TestOneCapabilityOfTwoProviders(t *testing.T) {
	capability := dpop.New(dpop.Config{})
	h, c := newHost(t, memory.New(), capability), newClient(t, "ES256")
	flowtest.New(t, flow.Config{Extensions: []flow.Extension{capability}})
	tokens := h.bound(h.public, c)
	require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
}
