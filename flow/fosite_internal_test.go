package flow

import (
	"errors"
	"net/http"
	"testing"

	"github.com/ory/fosite"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Should the endpoint let something through that it must not, the engine still
// issues nothing.
func TestEngineHasItsOwnOpinion(t *testing.T) {
	p := engineProvider(t)
	app, _, err := p.registry.Register(t.Context(), "owner", oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", Type: oauthapp.Public,
		CallbackURLs: []string{"https://client.example/cb"},
	})
	require.NoError(t, err)
	challenge := parameter{"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}
	begin := func(edit func(*unit)) (string, *Error) {
		u := &unit{
			now: p.now(), client: store.Client{Application: app}, params: parameters{challenge, {"code_challenge_method", "S256"}}, scopes: []string{"read"},
			redirectURI: "https://client.example/cb", userID: "1", accountID: "1",
		}
		edit(u)
		return p.engine.begin(t.Context(), u)
	}
	code, refusal := begin(func(*unit) {})
	require.Nil(t, refusal)
	require.NotEmpty(t, code)
	for name, edit := range map[string]func(*unit){
		"public without challenge": func(u *unit) { u.params = nil },
		"plain": func(u *unit) {
			u.params = parameters{challenge, {"code_challenge_method", "plain"}}
		},
		"redirect_uri not matched":      func(u *unit) { u.redirectURI = "/relative" },
		"redirect_uri over plain http":  func(u *unit) { u.redirectURI = "http://client.example/cb" },
		"redirect_uri with a fragment":  func(u *unit) { u.redirectURI = "https://client.example/cb#x" },
		"redirect_uri but another sent": func(u *unit) { u.params = parameters{{"redirect_uri", "https://evil.example/"}} },
	} {
		t.Run(name, func(t *testing.T) {
			code, refusal := begin(edit)
			require.Empty(t, code)
			require.NotNil(t, refusal)
			require.Equal(t, InvalidRequest, refusal.Code)
		})
	}
}

// The answer tells what the unit knows, and only what fosite adds to it otherwise.
func TestExplain(t *testing.T) {
	down := errors.New("connection refused")
	for name, test := range map[string]struct {
		u      unit
		err    error
		status int
		code   string
	}{
		"store down":                  {unit{failure: down}, fosite.ErrServerError.WithWrap(down), 503, TemporarilyUnavailable},
		"store down while refusing":   {unit{failure: down, refusal: refuse(InvalidGrant, "used")}, fosite.ErrInvalidGrant, 503, TemporarilyUnavailable},
		"lost race":                   {unit{failure: store.ErrUsed}, fosite.ErrServerError, 400, InvalidGrant},
		"session gone":                {unit{failure: store.ErrNotFound}, fosite.ErrServerError, 400, InvalidGrant},
		"our refusal":                 {unit{refusal: refuse(InvalidScope, "too much")}, fosite.ErrNotFound, 400, InvalidScope},
		"fosite's refusal":            {unit{}, fosite.ErrInvalidGrant.WithDebug("internals"), 400, InvalidGrant},
		"fosite's unregistered code":  {unit{}, fosite.ErrInvalidState, 400, InvalidRequest},
		"fosite's fault":              {unit{}, fosite.ErrServerError.WithDebug("internals"), 500, ServerError},
		"an error that is not coded":  {unit{}, down, 500, ServerError},
		"fosite's unauthorized grant": {unit{}, fosite.ErrUnauthorizedClient, 400, UnauthorizedClient},
	} {
		t.Run(name, func(t *testing.T) {
			e := test.u.explain(test.err)
			require.Equal(t, test.status, e.Status)
			require.Equal(t, test.code, e.Code)
			require.NotContains(t, e.Description, "internals")
			require.NotContains(t, e.Description, down.Error())
		})
	}
}

func engineProvider(t *testing.T) *Provider {
	p, err := New(Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []Scope{{Name: "read", Default: true}},
	})
	require.NoError(t, err)
	return p
}
