package flow

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/engine"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Each request is judged twice, by this package and by the engine, each without
// the other: to break either fails here. "yes" issues; everything else is the
// code of the refusal. Where the two differ, why says so.
const (
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

const (
	otherCode  = "the code is InvalidRequest in fosite's handler"
	notAsked   = "fosite is not told: it takes what is presented for the session's own, and unexpired"
	onlyOurs   = "fosite does not look at it"
	fositeOnly = "what we judge at the request, and what only one who breaks that gets to"
)

func params(pairs ...string) (p wire.Params) {
	for i := 0; i < len(pairs); i += 2 {
		p = append(p, wire.Param{Name: pairs[i], Value: pairs[i+1]})
	}
	return p
}

func judgementProvider(t *testing.T) *Provider {
	p, err := New(Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []Scope{{Name: "read", Default: true}, {Name: "write"}},
	})
	require.NoError(t, err)
	return p
}

func outcome(code string) string {
	if code == "" {
		return "yes"
	}
	return code
}

func ourOutcome(refusal *wire.Error) string {
	if refusal == nil {
		return "yes"
	}
	return refusal.Code
}

func engineOutcome(t *testing.T, err error) string {
	if err == nil {
		return "yes"
	}
	refusal, ok := errors.AsType[*engine.Refusal](err)
	require.True(t, ok, err)
	return refusal.Code
}

func TestCodeIsJudgedTwice(t *testing.T) {
	p := judgementProvider(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const callback = "https://client.example/cb"
	presented := credential.Parsed{Session: uuid.Must(uuid.NewV7()), Digest: credential.DigestOf("code")}
	type state struct {
		typ      oauthapp.ClientType
		form     map[string]string
		session  *store.Session
		owner    string // of the session: its client ID
		scopes   []string
		callback []string
	}
	for name, test := range map[string]struct {
		edit         func(*state)
		ours, theirs string
		why          string
	}{
		"good":                       {func(*state) {}, "", "", ""},
		"good, confidential":         {func(s *state) { s.typ = oauthapp.Confidential }, "", "", ""},
		"no verifier":                {func(s *state) { delete(s.form, "code_verifier") }, InvalidGrant, InvalidGrant, ""},
		"no verifier, confidential":  {func(s *state) { delete(s.form, "code_verifier"); s.typ = oauthapp.Confidential }, InvalidGrant, InvalidGrant, ""},
		"wrong verifier":             {func(s *state) { s.form["code_verifier"] = strings.Repeat("w", 43) }, InvalidGrant, InvalidGrant, ""},
		"challenge as verifier":      {func(s *state) { s.form["code_verifier"] = rfcChallenge }, InvalidGrant, InvalidGrant, ""},
		"short verifier":             {func(s *state) { s.form["code_verifier"] = rfcVerifier[:42] }, InvalidGrant, InvalidGrant, ""},
		"long verifier":              {func(s *state) { s.form["code_verifier"] = strings.Repeat("v", 129) }, InvalidGrant, InvalidGrant, ""},
		"verifier with a space":      {func(s *state) { s.form["code_verifier"] = rfcVerifier[:42] + " " }, InvalidGrant, InvalidGrant, ""},
		"verifier without challenge": {func(s *state) { s.session.Code.CodeChallenge = ""; s.typ = oauthapp.Confidential }, InvalidGrant, InvalidGrant, ""},
		"public without either":      {func(s *state) { s.session.Code.CodeChallenge = ""; delete(s.form, "code_verifier") }, InvalidGrant, InvalidRequest, otherCode},
		"confidential without either": {func(s *state) {
			s.session.Code.CodeChallenge, s.typ = "", oauthapp.Confidential
			delete(s.form, "code_verifier")
		}, "", "", ""},
		"no redirect_uri":             {func(s *state) { delete(s.form, "redirect_uri") }, InvalidGrant, InvalidGrant, ""},
		"other redirect_uri":          {func(s *state) { s.form["redirect_uri"] = callback + "/" }, InvalidGrant, InvalidGrant, ""},
		"redirect_uri of nowhere":     {func(s *state) { s.session.Code.RedirectURI, s.form["redirect_uri"] = "", "https://evil.example/" }, InvalidGrant, "", onlyOurs},
		"only callback, sent now":     {func(s *state) { s.session.Code.RedirectURI = "" }, "", "", ""},
		"session of another client":   {func(s *state) { s.session = nil }, InvalidGrant, InvalidGrant, ""},
		"another client's session":    {func(s *state) { s.owner = "other" }, "", InvalidGrant, fositeOnly},
		"used":                        {func(s *state) { s.session.Code.RedeemedAt = now }, InvalidGrant, InvalidGrant, ""},
		"expired":                     {func(s *state) { s.session.Code.ExpiresAt = now }, InvalidGrant, "", notAsked},
		"another code of the session": {func(s *state) { s.session.Code.Digest = credential.DigestOf("other") }, InvalidGrant, "", notAsked},
		"nothing left to ask for":     {func(s *state) { s.scopes = nil }, InvalidScope, "", onlyOurs},
		"one of several callback URLs": {func(s *state) {
			s.callback = append(s.callback, "https://client.example/2")
			s.session.Code.RedirectURI = ""
		}, InvalidGrant, "", onlyOurs},
	} {
		t.Run(name, func(t *testing.T) {
			s := state{
				typ:      oauthapp.Public,
				form:     map[string]string{"code": "code", "redirect_uri": callback, "code_verifier": rfcVerifier, "grant_type": authorizationCodeGrant},
				owner:    "client",
				scopes:   []string{"read"},
				callback: []string{callback},
				session: &store.Session{ID: presented.Session, Code: store.Code{
					Digest: presented.Digest, ExpiresAt: now.Add(time.Minute), RedirectURI: callback, CodeChallenge: rfcChallenge,
				}},
			}
			test.edit(&s)
			request := &tokenRequest{&kernel.TokenRequest{Now: now, Presented: presented, Client: store.Client{
				Application: oauthapp.Application{ClientID: "client", Type: s.typ, CallbackURLs: s.callback},
				Session:     s.session,
			}}, s.scopes}
			for name, value := range s.form {
				request.Params = append(request.Params, wire.Param{Name: name, Value: value})
			}
			refusal, _ := request.judgeCode()
			require.Equal(t, outcome(test.ours), ourOutcome(refusal), "ours alone")

			var session *engine.Session
			if s.session != nil {
				session = &engine.Session{
					ClientID: s.owner, RedirectURI: s.session.Code.RedirectURI, CodeChallenge: s.session.Code.CodeChallenge,
					Scopes: s.scopes, Used: !s.session.Code.RedeemedAt.IsZero(),
				}
			}
			err := p.engine.Exchange(t.Context(), authorizationCodeGrant, engineClient(request.Client, "", s.scopes), session, request.Params)
			require.Equal(t, outcome(test.theirs), engineOutcome(t, err), "fosite alone")
			require.Equal(t, test.ours == test.theirs, test.why == "", "where the two differ it says why")
		})
	}
}

func TestRefreshTokenIsJudgedTwice(t *testing.T) {
	p := judgementProvider(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	token := p.credentials.NewRefreshToken(uuid.Must(uuid.NewV7()), credential.NewFamily()).Reveal()
	presented, err := p.credentials.Parse(credential.RefreshToken, token)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		edit         func(*store.Session, *engine.Session, *tokenRequest)
		ours, theirs string
		why          string
	}{
		"good": {func(*store.Session, *engine.Session, *tokenRequest) {}, "", "", ""},
		"used": {func(s *store.Session, e *engine.Session, _ *tokenRequest) {
			s.Refresh.Digest, e.Used = credential.DigestOf("newer"), true
		}, InvalidGrant, InvalidGrant, ""},
		"another client's session": {func(_ *store.Session, e *engine.Session, _ *tokenRequest) { e.ClientID = "other" }, "", InvalidGrant, fositeOnly},
		"another family": {func(s *store.Session, _ *engine.Session, _ *tokenRequest) {
			s.RefreshFamily = credential.NewFamily().Digest()
		}, InvalidGrant, "", notAsked},
		"expired":           {func(s *store.Session, _ *engine.Session, _ *tokenRequest) { s.Refresh.ExpiresAt = now }, InvalidGrant, "", notAsked},
		"session expired":   {func(s *store.Session, _ *engine.Session, _ *tokenRequest) { s.ExpiresAt = now }, InvalidGrant, "", notAsked},
		"nothing to reach":  {func(_ *store.Session, _ *engine.Session, r *tokenRequest) { r.scopes = nil }, InvalidScope, "", onlyOurs},
		"more than granted": {func(_ *store.Session, e *engine.Session, _ *tokenRequest) { e.Scopes = []string{"read", "write"} }, "", InvalidScope, fositeOnly},
	} {
		t.Run(name, func(t *testing.T) {
			s := &store.Session{
				ID: presented.Session, ExpiresAt: now.Add(time.Hour), RefreshFamily: presented.Family.Digest(),
				Refresh: store.RefreshToken{Digest: presented.Digest, ExpiresAt: now.Add(time.Minute)},
			}
			request := &tokenRequest{&kernel.TokenRequest{
				Now: now, Presented: presented, Params: params("grant_type", refreshTokenGrant, "refresh_token", token),
				Client: store.Client{Application: oauthapp.Application{ClientID: "client", Type: oauthapp.Public}, Session: s},
			}, []string{"read"}}
			session := &engine.Session{ClientID: "client", Scopes: []string{"read"}}
			test.edit(s, session, request)
			refusal, _ := request.judgeRefreshToken()
			require.Equal(t, outcome(test.ours), ourOutcome(refusal), "ours alone")
			err := p.engine.Exchange(t.Context(), refreshTokenGrant, engineClient(request.Client, "", []string{"read"}), session, request.Params)
			require.Equal(t, outcome(test.theirs), engineOutcome(t, err), "fosite alone")
			require.Equal(t, test.ours == test.theirs, test.why == "", "where the two differ it says why")
		})
	}
}

func TestAuthorizationIsJudgedTwice(t *testing.T) {
	p := judgementProvider(t)
	const callback = "https://client.example/cb"
	for name, test := range map[string]struct {
		typ          oauthapp.ClientType
		params       wire.Params
		redirectURI  string // that was matched
		ours, theirs string
		why          string
	}{
		"good":                        {oauthapp.Public, params("code_challenge", rfcChallenge, "code_challenge_method", "S256"), callback, "", "", ""},
		"confidential without":        {oauthapp.Confidential, nil, callback, "", "", ""},
		"public without challenge":    {oauthapp.Public, nil, callback, InvalidRequest, InvalidRequest, ""},
		"plain":                       {oauthapp.Public, params("code_challenge", rfcChallenge, "code_challenge_method", "plain"), callback, InvalidRequest, InvalidRequest, ""},
		"no method":                   {oauthapp.Public, params("code_challenge", rfcChallenge), callback, InvalidRequest, InvalidRequest, ""},
		"unknown method":              {oauthapp.Public, params("code_challenge", rfcChallenge, "code_challenge_method", "s256"), callback, InvalidRequest, InvalidRequest, ""},
		"method without challenge":    {oauthapp.Confidential, params("code_challenge_method", "S256"), callback, InvalidRequest, "", onlyOurs},
		"short challenge":             {oauthapp.Public, params("code_challenge", "abc", "code_challenge_method", "S256"), callback, InvalidRequest, "", onlyOurs},
		"redirect_uri not absolute":   {oauthapp.Confidential, nil, "/relative", "", InvalidRequest, fositeOnly},
		"redirect_uri over http":      {oauthapp.Confidential, nil, "http://client.example/cb", "", InvalidRequest, fositeOnly},
		"redirect_uri has a fragment": {oauthapp.Confidential, nil, callback + "#x", "", InvalidRequest, fositeOnly},
		"another redirect_uri sent":   {oauthapp.Confidential, params("redirect_uri", "https://evil.example/"), callback, "", InvalidRequest, fositeOnly},
	} {
		t.Run(name, func(t *testing.T) {
			client := store.Client{Application: oauthapp.Application{ClientID: "client", Type: test.typ}}
			require.Equal(t, outcome(test.ours), ourOutcome(p.judgeChallenge(&authorizationRequest{params: test.params, client: client})), "ours alone")
			err := p.engine.Authorize(t.Context(), engineClient(client, test.redirectURI, []string{"read"}), test.params)
			require.Equal(t, outcome(test.theirs), engineOutcome(t, err), "fosite alone")
			require.Equal(t, test.ours == test.theirs, test.why == "", "where the two differ it says why")
		})
	}
}

// What the engine says of a request stays inside, but for its code.
func TestFromEngine(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"refusal":           {&engine.Refusal{Code: InvalidGrant}, 400, InvalidGrant},
		"unauthorized":      {&engine.Refusal{Code: UnauthorizedClient}, 400, UnauthorizedClient},
		"unregistered code": {&engine.Refusal{Code: "invalid_state"}, 400, InvalidRequest},
		"fault":             {errors.New("internals"), 500, ServerError},
	} {
		t.Run(name, func(t *testing.T) {
			e := fromEngine(test.err)
			require.Equal(t, test.status, e.Status)
			require.Equal(t, test.code, e.Code)
			require.NotContains(t, e.Description, "internals")
		})
	}
}

// Nothing is issued that the engine does not agree to, neither a code nor
// tokens: here it demands the proof key that the flow itself does not.
func TestNothingIsIssuedWithoutTheEngine(t *testing.T) {
	p, err := extend(t, memory.New())
	require.NoError(t, err)
	lenient, strict := p.engine, engine.New(true)
	issue := func() (kernel.Code, *wire.Error) {
		a := p.identified(url.Values{"client_id": {p.app.ClientID}, "response_type": {"code"}})
		return p.issueCode(httptest.NewRequest(http.MethodGet, "/", nil), a, kernel.Consent{UserID: "1", AccountID: "1", At: p.now()})
	}
	p.engine = strict
	_, refusal := issue()
	require.NotNil(t, refusal)

	p.engine = lenient
	code, refusal := issue()
	require.Nil(t, refusal)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code.Value}, "client_id": {p.app.ClientID}, "client_secret": {p.secret}}
	p.engine = strict
	status, answer := p.post("/oauth/token", form)
	require.Equal(t, http.StatusBadRequest, status, answer)
	p.engine = lenient
	status, answer = p.post("/oauth/token", form)
	require.Equal(t, http.StatusOK, status, answer)
}

// The engine has an opinion of its own of clients that act for themselves; what
// package clientcredentials judges is in its tests.
func TestClientCredentialsAreJudgedTwice(t *testing.T) {
	p := judgementProvider(t)
	for name, test := range map[string]struct {
		typ             oauthapp.ClientType
		granted, scopes []string
		theirs          string
	}{
		"good":               {oauthapp.Confidential, []string{"read", "write"}, []string{"write"}, ""},
		"public":             {oauthapp.Public, []string{"read"}, []string{"read"}, InvalidGrant},
		"more than granted":  {oauthapp.Confidential, []string{"read"}, []string{"read", "write"}, InvalidScope},
		"of what is granted": {oauthapp.Confidential, []string{"read.all"}, []string{"read"}, InvalidScope},
	} {
		t.Run(name, func(t *testing.T) {
			request := &kernel.TokenRequest{
				HTTP:   httptest.NewRequest(http.MethodPost, "/oauth/token", nil),
				Client: store.Client{Application: oauthapp.Application{ClientID: "client", Type: test.typ}},
			}
			require.Equal(t, outcome(test.theirs), ourOutcome(p.agreeClientCredentials(request, test.granted, test.scopes)))
		})
	}
}
