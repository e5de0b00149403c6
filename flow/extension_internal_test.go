package flow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A voucher is a capability that adds one of everything: a grant that exchanges
// a voucher for tokens of a user, and access tokens that are bound to a colour.
type voucher struct {
	name   string
	edit   func(*kernel.Contribution)
	failed error
	k      *kernel.Kernel

	resources []string // that its user was asked for

	handedIn  handedIn
	judged    []kernel.AuthorizationRequest
	resolved  []bool // whether somebody was signed in
	decisions []kernel.Decision
}

func (v *voucher) Name() string { return v.name }
func (v *voucher) Findings() []kernel.Finding {
	return []kernel.Finding{{Warning: true, Field: "Extensions", Message: "Vouchers are for this test.", Reference: "RFC 6749, section 4.5"}}
}

func (v *voucher) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	v.k = k
	c := kernel.Contribution{
		Routes: []kernel.Route{{Method: http.MethodGet, Path: "/vouchers", Handler: v.page}},
		Grants: []kernel.Grant{{
			Type:     "urn:example:voucher",
			Params:   []string{"voucher", "colour", "scope"},
			Exchange: v.exchange,
		}},
		ClientAuthentication: []clientauth.Method{{
			Name:      "knock",
			Params:    []string{"door"},
			Scheme:    "Knock",
			Challenge: `times="3"`,
			Present: func(r *http.Request, params wire.Params) (clientauth.Presented, bool, *wire.Error) {
				return clientauth.Presented{ClientID: params.Get("client_id"), Proof: params.Get("door")}, clientauth.HasScheme(r, "Knock"), nil
			},
			Verify: func(r *http.Request, client store.Client, p clientauth.Presented, _ time.Time) (clientauth.Verdict, error) {
				if r.Header.Get("Authorization") != "Knock thrice" || p.Proof != client.Application.Name {
					return clientauth.Verdict{Reason: "wrong knock"}, nil
				}
				return clientauth.Verdict{}, nil
			},
		}},
		AuthorizationParams: []kernel.AuthorizationParam{{
			Name: "colour",
			Check: func(value string) *wire.Error {
				if value == "grey" {
					return wire.Refuse(wire.InvalidRequest, "colour must not be grey")
				}
				return nil
			},
			Keep: func(value string) any { return value },
		}},
		ApplicationField: &kernel.ApplicationField{
			Name: "vouchers", Label: page.Plain("Vouchers"), Hint: page.Plain("How many it accepts."),
			Text:  func(oauthapp.Application) (string, bool) { return "", true },
			Entry: func(_ oauthapp.Application, text string) (any, *page.Message) { return text, nil },
		},
		Schemes: []kernel.Scheme{{
			Name:      "Colour",
			Challenge: `colours="red"`,
			Check: func(r *http.Request, scheme, _ string, s *store.Session) *wire.Error {
				extra, err := kernel.ExtraOf(s)
				if err != nil {
					return wire.Internal(err)
				}
				if scheme == kernel.Bearer || string(extra["voucher"]) != `"`+r.Header.Get("Colour")+`"` {
					refusal := wire.Refuse(wire.InvalidToken, "the token is bound to a colour")
					refusal.Challenge = `shade="dark"`
					return refusal
				}
				return nil
			},
		}},
		JudgeTokenRequest: v.judge,
		AnswerHeader:      func(h http.Header, r *http.Request) { h.Set("Next-Colour", "after "+r.Header.Get("Colour")) },
		ExposedHeaders:    []string{"Next-Colour"},
		Metadata:          map[string]any{"vouchers_supported": true},
		TokenMembers: func(*kernel.TokenRequest, *kernel.Tokens) map[string]any {
			return map[string]any{"voucher": "used", "scope": "all"}
		},
		IntrospectionMembers: func(*store.Session, credential.Digest) map[string]any { return map[string]any{"colour": "red"} },
		Pages: page.Further{
			Files:   fstest.MapFS{"voucher.html": {Data: []byte(`{{define "title"}}Voucher{{end}}{{define "main"}}<p>{{.Page}}</p>{{end}}`)}},
			Samples: map[string][]page.Sample{"voucher.html": {{State: "A voucher", Data: "sample"}}},
		},
		WriteIntrospection: writeVoucherIntrospection,
		KeySet:             []byte(voucherKeySet),
		ClaimsExtra:        true,
	}
	v.addAuthorization(&c)
	if v.edit != nil {
		v.edit(&c)
	}
	return c, v.failed
}

const voucherKeySet = `{"keys":[]}`

func writeVoucherIntrospection(w http.ResponseWriter, r *http.Request, client store.Client, answer any) bool {
	if r.Header.Get("Accept") != "text/voucher" {
		return false
	}
	b, _ := json.Marshal(answer)
	wire.WriteAs(w, http.StatusOK, "text/voucher", append([]byte(client.Application.Name), b...))
	return true
}

func (v *voucher) page(w http.ResponseWriter, r *http.Request) {
	v.k.WritePage(w, r, http.StatusOK, "voucher.html", "<voucher>")
}

// judge binds the tokens to the colour that a token request has in its header.
// Pale tokens may only read.
func (v *voucher) judge(t *kernel.TokenRequest) *wire.Error {
	switch colour := t.HTTP.Header.Get("Colour"); colour {
	case "":
	case "grey":
		return wire.Refuse(wire.InvalidRequest, "the colour must not be grey")
	case "none":
		t.Limit(nil)
	case "pale":
		t.Limit([]string{"read"})
	case "foreign":
		if err := t.Keep("other", colour); err != nil {
			return wire.Internal(err)
		}
	default:
		if err := t.Keep(v.name, colour); err != nil {
			return wire.Internal(err)
		}
	}
	return nil
}

func (v *voucher) exchange(t *kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
	if !t.Params.Has("voucher") {
		return kernel.Tokens{}, wire.Refuse(wire.InvalidRequest, "voucher is missing")
	}
	if t.Params.Get("voucher") != "good" {
		return kernel.Tokens{}, wire.Refuse(wire.InvalidGrant, "the voucher is not good")
	}
	scopes, refusal := v.k.RequestedScopes(t.Client.Application, t.Params.Get("scope"), nil)
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	if colour := t.Params.Get("colour"); colour != "" {
		if err := t.Keep(v.name, colour); err != nil {
			return kernel.Tokens{}, wire.Internal(err)
		}
	}
	issued, refusal := v.k.Issue.Tokens(t, kernel.Consent{UserID: "1", AccountID: "1", Scopes: scopes, Resources: v.resources}, t.Params.Has("colour"))
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	v.k.Emit(t.HTTP, t.Issued(oauthapp.TokenIssued, &issued))
	return issued, nil
}

type extended struct {
	*Provider
	t      *testing.T
	store  store.Store
	app    oauthapp.Application
	secret string
	events *[]oauthapp.Event
}

func extend(t *testing.T, backend store.Store, extensions ...Extension) (*extended, error) {
	var events []oauthapp.Event
	var delivering sync.Mutex
	p, err := New(Config{
		Issuer: "https://id.example", Store: backend, Extensions: extensions,
		CurrentUser: func(r *http.Request) (*User, error) {
			if r.Header.Get("Signed-Out") != "" {
				return nil, nil
			}
			return &User{ID: "1", Name: "Ada", Accounts: []Account{{ID: "1", Name: "Ada"}}}, nil
		},
		LoginURL: func(string) string { return "/login" },
		Scopes:   []Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}},
		Events: func(_ context.Context, e oauthapp.Event) {
			delivering.Lock()
			defer delivering.Unlock()
			events = append(events, e)
		},
	})
	if err != nil {
		return nil, err
	}
	app, secret, err := p.registry.Register(t.Context(), "owner", oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{"https://client.example/cb"},
	})
	require.NoError(t, err)
	return &extended{p, t, backend, app, secret.Reveal(), &events}, nil
}

func (p *extended) send(path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://id.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", wire.FormType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func (p *extended) post(path string, form url.Values, headers ...string) (int, map[string]any) {
	w := p.send(path, form, headers...)
	var answer map[string]any
	require.NoError(p.t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	return w.Code, answer
}

func (p *extended) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example"+path, nil))
	return w
}

// What a capability adds is there: routes, pages, a grant, client
// authentication, metadata, members of answers.
func TestWhatACapabilityAdds(t *testing.T) {
	p, err := extend(t, memory.New(), &voucher{name: "voucher"})
	require.NoError(t, err)

	w := p.get("/vouchers")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "<p>&lt;voucher&gt;</p>")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "; form-action 'self'", "as every page of the library")
	require.Equal(t, "same-origin", w.Header().Get("Cross-Origin-Opener-Policy"))

	var metadata map[string]any
	require.NoError(t, json.Unmarshal(p.get("/.well-known/oauth-authorization-server").Body.Bytes(), &metadata))
	require.Equal(t, true, metadata["vouchers_supported"])
	require.Contains(t, metadata["grant_types_supported"], "urn:example:voucher")
	require.Contains(t, metadata["token_endpoint_auth_methods_supported"], "knock")
	require.Contains(t, metadata["introspection_endpoint_auth_methods_supported"], "knock")

	form := url.Values{"grant_type": {"urn:example:voucher"}, "voucher": {"good"}, "client_id": {p.app.ClientID}, "door": {"Client"}}
	failed := p.send("/oauth/token", form, "Authorization", "Knock twice")
	require.Equal(t, http.StatusUnauthorized, failed.Code)
	require.Equal(t, []string{`Basic realm="https://id.example", charset="UTF-8"`, `Knock realm="https://id.example", times="3"`}, failed.Header().Values("WWW-Authenticate"))
	status, _ := p.post("/oauth/token", url.Values{"grant_type": form["grant_type"], "client_id": form["client_id"]}, "Authorization", "Knock thrice")
	require.Equal(t, http.StatusUnauthorized, status, "without its parameter")
	status, _ = p.post("/oauth/token", form, "Authorization", "Ring thrice")
	require.Equal(t, http.StatusUnauthorized, status)
	status, answer := p.post("/oauth/token", form, "Authorization", "knock thrice")
	require.Equal(t, http.StatusUnauthorized, status, answer)
	status, answer = p.post("/oauth/token", form, "Authorization", "Knock thrice")
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, "used", answer["voucher"])
	require.Equal(t, "read", answer["scope"], "a member that is there already stays as it is")
	status, refused := p.post("/oauth/token", url.Values{"grant_type": form["grant_type"], "client_id": form["client_id"], "door": form["door"]}, "Authorization", "Knock thrice")
	require.Equal(t, []any{http.StatusBadRequest, "invalid_request"}, []any{status, refused["error"]})

	_, described := p.post("/oauth/introspect", url.Values{"token": {answer["access_token"].(string)}, "client_id": form["client_id"], "door": form["door"]}, "Authorization", "Knock thrice")
	require.Equal(t, true, described["active"])
	require.Equal(t, "red", described["colour"])

	found := false
	for _, f := range p.cfg.Check() {
		found = found || f.Severity == Warning && f.Message == "Vouchers are for this test."
	}
	require.True(t, found)
}

// A session that begins with its tokens can be refreshed, keeps what its
// capability binds it to, and says so wherever its token_type is told.
func TestSessionsThatBeginWithTokens(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	client := url.Values{"client_id": {p.app.ClientID}, "client_secret": {p.secret}}
	post := func(path string, pairs ...string) map[string]any {
		form := url.Values{"client_id": client["client_id"], "client_secret": client["client_secret"]}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		_, answer := p.post(path, form)
		return answer
	}
	requireBound := func(answer map[string]any, event oauthapp.EventType) {
		t.Helper()
		require.Equal(t, "Colour", answer["token_type"], answer)
		access := answer["access_token"].(string)
		require.Equal(t, http.StatusNoContent, p.call("Authorization", "Colour "+access, "Colour", "red").Code)
		require.Equal(t, http.StatusUnauthorized, p.call("Authorization", "Bearer "+access, "Colour", "red").Code)
		require.Equal(t, "Colour", post("/oauth/introspect", "token", access)["token_type"])
		changes := slices.DeleteFunc(slices.Clone(*p.events), func(e oauthapp.Event) bool { return e.Type == oauthapp.RequestRefused })
		e := changes[len(changes)-1]
		session, err := p.store.Session(t.Context(), e.SessionID)
		require.NoError(t, err)
		require.Equal(t, []any{event, session.GrantID, "1", "1"}, []any{e.Type, e.GrantID, e.UserID, e.AccountID})
	}

	first := post("/oauth/token", "grant_type", "urn:example:voucher", "voucher", "good", "colour", "red", "scope", "write read")
	require.Equal(t, "read write", first["scope"])
	requireBound(first, oauthapp.TokenIssued)
	again := post("/oauth/token", "grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string), "scope", "read")
	require.Equal(t, "read", again["scope"])
	requireBound(again, oauthapp.TokenRefreshed)

	once := post("/oauth/token", "grant_type", "urn:example:voucher", "voucher", "good")
	require.Equal(t, []any{"Bearer", nil, "read"}, []any{once["token_type"], once["refresh_token"], once["scope"]})
	refused := post("/oauth/token", "grant_type", "urn:example:voucher", "voucher", "good", "scope", "admin")
	require.Equal(t, InvalidScope, refused["error"])
	long := post("/oauth/token", "grant_type", "urn:example:voucher", "voucher", "good", "colour", strings.Repeat("x", store.MaxExtra))
	require.NotEmpty(t, long["error"], "more than a session can keep")
}

// requestOf is a token request of the application with its secret.
func (p *extended) requestOf(pairs ...string) url.Values {
	form := url.Values{"client_id": {p.app.ClientID}, "client_secret": {p.secret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func (p *extended) voucherRequest() url.Values {
	return p.requestOf("grant_type", "urn:example:voucher", "voucher", "good", "colour", "red", "scope", "read write")
}

// A capability is asked about every token request, of whatever grant. What it
// refuses changes nothing; what it keeps the session keeps.
func TestCapabilitiesJudgeTokenRequests(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	kept := func() string {
		s, err := p.store.Session(t.Context(), (*p.events)[len(*p.events)-1].SessionID)
		require.NoError(t, err)
		return string(s.Extra)
	}

	code := p.requestOf("grant_type", "authorization_code", "code", p.code(""))
	for colour, want := range map[string][]any{
		"grey": {http.StatusBadRequest, InvalidRequest}, "none": {http.StatusBadRequest, InvalidScope}, "foreign": {http.StatusInternalServerError, ServerError},
	} {
		status, refused := p.post("/oauth/token", code, "Colour", colour)
		require.Equal(t, want, []any{status, refused["error"]}, colour)
		status, refused = p.post("/oauth/token", p.voucherRequest(), "Colour", colour)
		require.Equal(t, want, []any{status, refused["error"]}, colour)
	}
	status, first := p.post("/oauth/token", code, "Colour", "blue")
	require.Equal(t, http.StatusOK, status, "what was refused left the code as it was")
	require.Equal(t, []any{"Colour", `{"voucher":"blue"}`}, []any{first["token_type"], kept()})

	refresh := p.requestOf("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string))
	for _, colour := range []string{"grey", "none", "foreign"} {
		status, _ := p.post("/oauth/token", refresh, "Colour", colour)
		require.NotEqual(t, http.StatusOK, status)
	}
	_, second := p.post("/oauth/token", refresh, "Colour", "green")
	require.Equal(t, []any{"Colour", `{"voucher":"green"}`}, []any{second["token_type"], kept()})

	_, narrow := p.post("/oauth/token", p.voucherRequest(), "Colour", "pale")
	require.Equal(t, "read", narrow["scope"])
	_, wide := p.post("/oauth/token", p.requestOf("grant_type", "refresh_token", "refresh_token", narrow["refresh_token"].(string)))
	require.Equal(t, "read write", wide["scope"], "what the user granted stays with the session")
}

// A repeat of a refresh is judged as every other request, and keeps what the
// rotation kept: with anything else it is refused.
func TestCapabilitiesJudgeRepeats(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	_, first := p.post("/oauth/token", p.voucherRequest())
	refresh := p.requestOf("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string))
	_, second := p.post("/oauth/token", refresh, "Colour", "green")
	for _, colour := range []string{"grey", "blue", "none", "pale"} {
		status, answer := p.post("/oauth/token", refresh, "Colour", colour)
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", colour, answer)
	}
	_, again := p.post("/oauth/token", refresh, "Colour", "green")
	require.Equal(t, second["access_token"], again["access_token"])
	require.Equal(t, "Colour", again["token_type"])
	status, _ := p.post("/oauth/token", p.requestOf("grant_type", "refresh_token", "refresh_token", second["refresh_token"].(string)), "Colour", "green")
	require.Equal(t, http.StatusOK, status, "a repeat that was refused harmed nothing")
}

// Of refreshes that race with different colours, one wins. The others get its
// tokens if they are of its colour, and nothing otherwise.
func TestCapabilitiesJudgeRacingRefreshes(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	for range 20 {
		_, first := p.post("/oauth/token", p.voucherRequest())
		refresh := p.requestOf("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string))
		answers := make([]map[string]any, 8)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { _, answers[i] = p.post("/oauth/token", refresh, "Colour", []string{"green", "blue"}[i%2]) })
		}
		all.Wait()
		won := map[any][]int{}
		for i, answer := range answers {
			if answer["error"] == nil {
				won[answer["access_token"]] = append(won[answer["access_token"]], i%2)
			}
		}
		require.Len(t, won, 1)
		for token, by := range won {
			require.Subset(t, [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}}, [][]int{by})
			colour := []string{"green", "blue"}[by[0]]
			require.Equal(t, http.StatusNoContent, p.call("Authorization", "Colour "+token.(string), "Colour", colour).Code)
		}
	}
}

// The answers of the token endpoint and of the API have the header of a
// capability, whatever they are, and scripts may read it.
func TestHeadersOfCapabilities(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	for status, colour := range map[int]string{http.StatusOK: "red", http.StatusBadRequest: "grey"} {
		w := p.send("/oauth/token", p.voucherRequest(), "Colour", colour, "Origin", "https://spa.example")
		require.Equal(t, status, w.Code)
		require.Equal(t, "after "+colour, w.Header().Get("Next-Colour"))
		require.Equal(t, "Retry-After, WWW-Authenticate, Next-Colour", w.Header().Get("Access-Control-Expose-Headers"))
		require.Equal(t, "no-cache", w.Header().Get("Pragma"))
	}
	require.Equal(t, "after red", p.call("Authorization", "Bearer "+p.begin(""), "Colour", "red").Header().Get("Next-Colour"))
	require.Equal(t, "after red", p.call("Colour", "red").Header().Get("Next-Colour"))
	require.Empty(t, p.send("/oauth/revoke", url.Values{}).Header().Get("Next-Colour"))
}

// code lets the user authorize the application with a parameter of the
// capability, and returns the code.
func (p *extended) code(colour string) string {
	request := url.Values{"client_id": {p.app.ClientID}, "response_type": {"code"}, "colour": {colour}}
	if colour == "" {
		request.Del("colour")
	}
	code, refusal := p.issueCode(httptest.NewRequest(http.MethodGet, "/", nil), p.identified(request), kernel.Consent{UserID: "1", AccountID: "1", At: p.now()})
	require.Nil(p.t, refusal)
	return code.Value
}

// begin lets the user authorize the application with a parameter of the
// capability, and returns an access token.
func (p *extended) begin(colour string) string {
	status, answer := p.post("/oauth/token", p.requestOf("grant_type", "authorization_code", "code", p.code(colour)))
	require.Equal(p.t, http.StatusOK, status, answer)
	return answer["access_token"].(string)
}

func (p *extended) identified(request url.Values) *authorizationRequest {
	params, refusal := wire.ParseForm(request.Encode(), p.authorizationParams)
	require.Nil(p.t, refusal)
	a := &authorizationRequest{sent: params, params: params}
	require.Nil(p.t, p.identify(httptest.NewRequest(http.MethodGet, "/", nil), a, true))
	a.scopes = []string{"read"}
	return a
}

func (p *extended) call(headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w
}

// A capability that signs has its public keys published, once for all that do:
// in a place that the metadata names, for scripts too, for five minutes. It
// writes the answers of the introspection endpoint that ask for its form.
func TestCapabilitiesThatSign(t *testing.T) {
	only := func(c *kernel.Contribution) { *c = kernel.Contribution{KeySet: []byte(voucherKeySet)} }
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"}, &voucher{name: "second", edit: only})
	get := func(p *extended, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example"+path, nil))
		return w
	}
	var metadata map[string]any
	require.NoError(t, json.Unmarshal(get(p, "/.well-known/oauth-authorization-server").Body.Bytes(), &metadata))
	require.Equal(t, "https://id.example/oauth/jwks", metadata["jwks_uri"])
	w := get(p, "/oauth/jwks")
	require.Equal(t, voucherKeySet, w.Body.String())
	for name, value := range map[string]string{
		"Content-Type":                "application/jwk-set+json",
		"Cache-Control":               "public, max-age=300",
		"X-Content-Type-Options":      "nosniff",
		"Access-Control-Allow-Origin": "*",
	} {
		require.Equal(t, value, w.Header().Get(name), name)
	}
	require.NotEmpty(t, w.Header().Get("ETag"))

	form := url.Values{"token": {p.begin("")}, "client_id": {p.app.ClientID}, "client_secret": {p.secret}}
	_, plain := p.post("/oauth/introspect", form, "Accept", "application/json")
	require.Equal(t, true, plain["active"])
	w = p.send("/oauth/introspect", form, "Accept", "text/voucher")
	require.Equal(t, []string{"text/voucher", "no-store"}, []string{w.Header().Get("Content-Type"), w.Header().Get("Cache-Control")})
	body, ok := strings.CutPrefix(w.Body.String(), "Client")
	require.True(t, ok)
	var told map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &told))
	require.Equal(t, plain, told)
	form.Set("client_secret", "wrong")
	status, refused := p.post("/oauth/introspect", form, "Accept", "text/voucher")
	require.Equal(t, []any{http.StatusUnauthorized, InvalidClient}, []any{status, refused["error"]})

	without := mustExtend(t, memory.New())
	require.Equal(t, http.StatusNotFound, get(without, "/oauth/jwks").Code)
	require.NotContains(t, get(without, "/.well-known/oauth-authorization-server").Body.String(), "jwks_uri")
}

// A token that is bound by a capability is taken with its scheme alone, and a
// token that is not with Bearer. Without the capability it is refused
// everywhere.
func TestTokensThatACapabilityBinds(t *testing.T) {
	backend := memory.New()
	p, err := extend(t, backend, &voucher{name: "voucher"})
	require.NoError(t, err)
	bound, free := p.begin("red"), p.begin("")

	require.Equal(t, http.StatusNoContent, p.call("Authorization", "Colour "+bound, "Colour", "red").Code)
	require.Equal(t, http.StatusNoContent, p.call("Authorization", "cOLOUR "+bound, "Colour", "red").Code)
	require.Equal(t, http.StatusUnauthorized, p.call("Authorization", "Colour "+bound, "Colour", "blue").Code)
	w := p.call("Authorization", "Bearer "+bound, "Colour", "red")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Len(t, w.Header().Values("WWW-Authenticate"), 1, "it is no refusal of Bearer's")
	require.Contains(t, w.Header().Get("WWW-Authenticate"), `Colour realm="https://id.example"`)
	require.Contains(t, w.Header().Get("WWW-Authenticate"), `error="invalid_token", error_description="the token is bound to a colour", shade="dark", `)
	require.Contains(t, w.Header().Get("WWW-Authenticate"), `colours="red"`)
	require.Equal(t, http.StatusNoContent, p.call("Authorization", "Bearer "+free).Code)

	require.Equal(t, InvalidRequest, p.added.CheckAuthorization(wire.Params{{Name: "colour", Value: "grey"}}).Code)

	without, err := extend(t, backend)
	require.NoError(t, err)
	for name, other := range map[string]*extended{"left out": without, "another": mustExtend(t, backend, &voucher{name: "other"})} {
		t.Run(name, func(t *testing.T) {
			other.app, other.secret = p.app, p.secret
			for _, scheme := range []string{"Bearer ", "Colour "} {
				require.Equal(t, http.StatusUnauthorized, other.call("Authorization", scheme+bound, "Colour", "red").Code)
			}
			require.Equal(t, http.StatusNoContent, other.call("Authorization", "Bearer "+free).Code)
			credentials := url.Values{"client_id": {p.app.ClientID}, "client_secret": {p.secret}}
			_, described := other.post("/oauth/introspect", url.Values{"token": {bound}, "client_id": credentials["client_id"], "client_secret": credentials["client_secret"]})
			require.Equal(t, map[string]any{"active": false}, described)
			_, described = other.post("/oauth/introspect", url.Values{"token": {free}, "client_id": credentials["client_id"], "client_secret": credentials["client_secret"]})
			require.Equal(t, true, described["active"])
		})
	}
}

func mustExtend(t *testing.T, backend store.Store, extensions ...Extension) *extended {
	p, err := extend(t, backend, extensions...)
	require.NoError(t, err)
	return p
}

// A refresh token of a session that a missing capability has bound is no way
// around it.
func TestRefreshOfWhatACapabilityBinds(t *testing.T) {
	p := mustExtend(t, memory.New())
	id := uuid.Must(uuid.NewV7())
	family := credential.NewFamily()
	refresh := p.credentials.NewRefreshToken(id, family)
	begin := func(extra string) {
		_, err := p.store.BeginSession(t.Context(), store.SessionStart{GrantID: uuid.Must(uuid.NewV7()), Session: store.Session{
			ID: id, ApplicationID: p.app.ID, UserID: "1", AccountID: "1", Scopes: []string{"read"}, CreatedAt: p.now(), ExpiresAt: p.now().Add(time.Hour),
			Access:  store.AccessToken{Digest: p.credentials.NewAccessToken(id).Digest(), IssuedAt: p.now(), ExpiresAt: p.now().Add(time.Hour), Scopes: []string{"read"}},
			Refresh: store.RefreshToken{Digest: refresh.Digest(), ExpiresAt: p.now().Add(time.Hour)}, RefreshFamily: family.Digest(), Extra: []byte(extra),
		}})
		require.NoError(t, err)
	}
	for _, extra := range []string{`{"voucher":"red"}`, `no JSON`} {
		begin(extra)
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()}, "client_id": {p.app.ClientID}, "client_secret": {p.secret}}
		status, answer := p.post("/oauth/token", form)
		require.Equal(t, []any{http.StatusBadRequest, "invalid_grant"}, []any{status, answer["error"]})
		require.NoError(t, p.store.EndSession(t.Context(), id))
	}
}

// Two that add the same, and what cannot be, keep the provider from being made.
func TestConflictsOfCapabilities(t *testing.T) {
	only := func(c kernel.Contribution) func(*kernel.Contribution) {
		return func(all *kernel.Contribution) { *all = c }
	}
	grant := kernel.Grant{Type: "urn:example:voucher"}
	for name, test := range map[string]struct {
		second Extension
		says   string
	}{
		"requests":              {&voucher{name: "other", edit: only(kernel.Contribution{Requests: &kernel.RequestSource{}})}, "voucher and other both add pushed authorization requests"},
		"name":                  {&voucher{name: "voucher"}, "voucher and voucher both add a capability of the name voucher"},
		"grant":                 {&voucher{name: "other", edit: only(kernel.Contribution{Grants: []kernel.Grant{grant}})}, "voucher and other both add the grant type urn:example:voucher"},
		"grant of the flow":     {&voucher{name: "other", edit: only(kernel.Contribution{Grants: []kernel.Grant{{Type: "refresh_token"}}})}, "flow and other both add the grant type refresh_token"},
		"method":                {&voucher{name: "other", edit: only(kernel.Contribution{ClientAuthentication: []clientauth.Method{{Name: "client_secret_post"}}})}, "flow and other both add the client authentication method client_secret_post"},
		"method's scheme":       {&voucher{name: "other", edit: only(kernel.Contribution{ClientAuthentication: []clientauth.Method{{Name: "other", Scheme: "basic"}}})}, "flow and other both add the scheme basic"},
		"route":                 {&voucher{name: "other", edit: only(kernel.Contribution{Routes: []kernel.Route{{Method: http.MethodPost, Path: "/oauth/token"}}})}, "flow and other both add the route POST /oauth/token"},
		"parameter":             {&voucher{name: "other", edit: only(kernel.Contribution{AuthorizationParams: []kernel.AuthorizationParam{{Name: "colour"}}})}, "voucher and other both add the parameter colour"},
		"parameter of the flow": {&voucher{name: "other", edit: only(kernel.Contribution{AuthorizationParams: []kernel.AuthorizationParam{{Name: "scope"}}})}, "flow and other both add the parameter scope"},
		"scheme":                {&voucher{name: "other", edit: only(kernel.Contribution{Schemes: []kernel.Scheme{{Name: "COLOUR"}}})}, "voucher and other both add the scheme colour"},
		"Bearer":                {&voucher{name: "other", edit: only(kernel.Contribution{Schemes: []kernel.Scheme{{Name: "bearer"}}})}, "flow and other both add the scheme bearer"},
		"application field":     {&voucher{name: "other", edit: only(kernel.Contribution{ApplicationField: &kernel.ApplicationField{Name: "vouchers"}})}, "voucher and other both add the application field vouchers"},
		"metadata":              {&voucher{name: "other", edit: only(kernel.Contribution{Metadata: map[string]any{"issuer": "x"}})}, "flow and other both add the metadata member issuer"},
		"route without a slash": {&voucher{name: "other", edit: only(kernel.Contribution{Routes: []kernel.Route{{Method: http.MethodPost, Path: "voucher", Handler: http.NotFound}}})}, "other: the route POST voucher must have a handler and a path that begins with a slash and goes on"},
		"route without handler": {&voucher{name: "other", edit: only(kernel.Contribution{Routes: []kernel.Route{{Method: http.MethodPost, Path: "/other"}}})}, "other: the route POST /other must have a handler and a path that begins with a slash and goes on"},
		"unknown method":        {&voucher{name: "other", edit: only(kernel.Contribution{Routes: []kernel.Route{{Method: "get", Path: "/other", Handler: http.NotFound}}})}, "other: the route get /other must have the method GET, POST, PUT or DELETE"},
		"its own error":         {&voucher{name: "other", failed: errors.New("Config.Colour is required")}, "other: Config.Colour is required"},
		"introspection":         {&voucher{name: "other", edit: only(kernel.Contribution{WriteIntrospection: writeVoucherIntrospection})}, "voucher and other both add a form of the answers of the introspection endpoint"},
		"key set":               {&voucher{name: "other", edit: only(kernel.Contribution{KeySet: []byte(`{"keys":[{}]}`)})}, "other publishes other keys than the capabilities before it"},
		"route of the key set":  {&voucher{name: "other", edit: only(kernel.Contribution{Routes: []kernel.Route{{Method: http.MethodGet, Path: "/oauth/jwks", Handler: http.NotFound}}})}, "other and jwks both add the route GET /oauth/jwks"},
		"place of the key set":  {&voucher{name: "other", edit: only(kernel.Contribution{Metadata: map[string]any{"jwks_uri": "x"}})}, "other and jwks both add the metadata member jwks_uri"},
		"nothing":               {nil, "number 1 is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extend(t, memory.New(), &voucher{name: "voucher"}, test.second)
			require.EqualError(t, err, "flow: Config.Extensions: "+test.says)
		})
	}
	_, err := extend(t, memory.New(), &voucher{name: "voucher", edit: func(c *kernel.Contribution) { c.Pages.Samples = nil }})
	require.ErrorContains(t, err, "page voucher.html: has no sample")
}

// What a capability adds is looked at when the provider is made, so that no
// request finds out: names that the RFCs do not allow or that the library uses
// itself, and functions that are missing.
func TestContributionsThatCannotWork(t *testing.T) {
	exchange := func(*kernel.TokenRequest) (kernel.Tokens, *wire.Error) { return kernel.Tokens{}, nil }
	present := func(*http.Request, wire.Params) (clientauth.Presented, bool, *wire.Error) {
		return clientauth.Presented{}, false, nil
	}
	verify := func(*http.Request, store.Client, clientauth.Presented, time.Time) (clientauth.Verdict, error) {
		return clientauth.Verdict{}, nil
	}
	check := func(*http.Request, string, string, *store.Session) *wire.Error { return nil }
	route := func(paths ...string) (c kernel.Contribution) {
		for _, path := range paths {
			c.Routes = append(c.Routes, kernel.Route{Method: http.MethodGet, Path: path, Handler: http.NotFound})
		}
		return c
	}
	grant := func(name string, params ...string) kernel.Contribution {
		return kernel.Contribution{Grants: []kernel.Grant{{Type: name, Params: params, Exchange: exchange}}}
	}
	method := func(name, scheme string, params ...string) kernel.Contribution {
		return kernel.Contribution{ClientAuthentication: []clientauth.Method{{Name: name, Scheme: scheme, Params: params, Present: present, Verify: verify}}}
	}
	params := func(names ...string) (c kernel.Contribution) {
		for _, name := range names {
			c.AuthorizationParams = append(c.AuthorizationParams, kernel.AuthorizationParam{Name: name})
		}
		return c
	}
	scheme := func(name string) kernel.Contribution {
		return kernel.Contribution{Schemes: []kernel.Scheme{{Name: name, Check: check}}}
	}
	field := func(name string) kernel.Contribution {
		return kernel.Contribution{ApplicationField: &kernel.ApplicationField{
			Name: name, Label: page.Plain("Other"),
			Text:  func(oauthapp.Application) (string, bool) { return "", true },
			Entry: func(oauthapp.Application, string) (any, *page.Message) { return nil, nil },
		}}
	}
	metadata := func(name string, value any) kernel.Contribution {
		return kernel.Contribution{Metadata: map[string]any{name: value}}
	}
	for name, test := range map[string]struct {
		c    kernel.Contribution
		says string // "" for what can work
	}{
		"grant":                        {grant("urn:example:other", "scope", "other.one"), ""},
		"grant without a type":         {grant(""), `the grant "" must have`},
		"grant with a space":           {grant("other grant"), `the grant "other grant" must have`},
		"grant without Exchange":       {kernel.Contribution{Grants: []kernel.Grant{{Type: "other"}}}, `the grant "other" must have a function Exchange`},
		"grant with a bad parameter":   {grant("other", "a=b"), `the parameter "a=b" of the grant other must have a name of letters`},
		"grant twice":                  {kernel.Contribution{Grants: []kernel.Grant{{Type: "a"}, {Type: "a"}}}, "other adds the grant type a twice"},
		"route":                        {route("/other", "/other/{id}", "/oauth/authorize/{id}"), ""},
		"root":                         {route("/"), "the route GET / must have a handler and a path that begins with a slash and goes on"},
		"route twice":                  {route("/other", "/other"), "other adds the route GET /other twice"},
		"malformed route":              {route("/other/{id"), "the path of the route GET /other/{id is no pattern"},
		"routes that overlap":          {route("/other/{a}/b", "/other/b/{a}"), "other and other both answer a request, with the routes /other/{a}/b and /other/b/{a}"},
		"route over one of the flow":   {route("/{a}/token"), "flow and other both answer a request, with the routes /oauth/token and /{a}/token"},
		"route under another":          {route("/other/", "/other/b"), "other and other both answer a request, with the routes /other/ and /other/b"},
		"metadata's route":             {route("/.well-known/oauth-authorization-server"), "has a path of the metadata"},
		"method":                       {method("tls_client_auth", "Other", "other"), ""},
		"method without a name":        {method("", ""), "must have a name of visible characters"},
		"method none":                  {method("none", ""), "must have a name of visible characters"},
		"method without functions":     {kernel.Contribution{ClientAuthentication: []clientauth.Method{{Name: "other", Present: present}}}, `the client authentication method "other" must have the functions Present and Verify`},
		"method with a bad scheme":     {method("other", "Other Scheme"), "must have a scheme that is a token of HTTP"},
		"method with Bearer":           {method("other", "Bearer"), "flow and other both add the scheme bearer"},
		"method with a token's scheme": {method("other", "colour"), "voucher and other both add the scheme colour"},
		"method with client_id":        {method("other", "", "client_id"), "flow and other both add the parameter client_id"},
		"method with client_secret":    {method("other", "", "client_secret"), "flow and other both add the parameter client_secret"},
		"method with a bad parameter":  {method("other", "", ""), `the parameter "" of the client authentication method "other"`},
		"parameters":                   {params("claims", "acr_values", "x-1"), ""},
		"parameter without a name":     {params(""), `the parameter "" of an authorization request must have a name of letters`},
		"parameter with brackets":      {params("a[]"), `the parameter "a[]" of an authorization request must have a name of letters`},
		"parameter twice":              {params("claims", "claims"), "other adds the parameter claims twice"},
		"client_id":                    {params("client_id"), "flow and other both add the parameter client_id"},
		"request_uri":                  {params("request_uri"), "flow and other both add the parameter request_uri"},
		"client_secret":                {params("client_secret"), "flow and other both add the parameter client_secret"},
		"client_assertion":             {params("client_assertion"), "the authorization parameter client_assertion has a name that the library uses itself"},
		"ticket":                       {params("ticket"), "the authorization parameter ticket has a name that the library uses itself"},
		"parameter of a method":        {params("door"), "voucher and other both add the parameter door"},
		"scheme":                       {scheme("Other-1"), ""},
		"scheme without a name":        {scheme(""), `the scheme "" must have`},
		"scheme with a space":          {scheme("a b"), `the scheme "a b" must have`},
		"scheme without Check":         {kernel.Contribution{Schemes: []kernel.Scheme{{Name: "Other"}}}, `the scheme "Other" must have a function Check`},
		"scheme of a method":           {scheme("Basic"), "flow and other both add the scheme basic"},
		"header":                       {kernel.Contribution{ExposedHeaders: []string{"A, B"}}, `the exposed header "A, B" must have a name`},
		"field":                        {field("other_1"), ""},
		"field without a name":         {field(""), `the application field "" must have a name`},
		"field in capitals":            {field("Other"), `the application field "Other" must have a name`},
		"field name":                   {field("name"), "the application field name has a name that the form uses itself"},
		"field version":                {field("version"), "the application field version has a name that the form uses itself"},
		"field was_name":               {field("was_name"), "the application field was_name has a name that the form uses itself"},
		"field without functions":      {kernel.Contribution{ApplicationField: &kernel.ApplicationField{Name: "other", Label: page.Plain("Other")}}, "must have a label and the functions Text and Entry"},
		"page of an account":           {kernel.Contribution{AccountPage: &kernel.AccountPage{Label: page.Plain("Other")}}, "the page of an account must have a label and the function URL"},
		"metadata":                     {metadata("other_supported", []string{"a"}), ""},
		"metadata without a name":      {metadata("", true), `the metadata member "" must have a name`},
		"metadata that is not JSON":    {metadata("other", func() {}), "the metadata member other must have a value for JSON"},
		"metadata issuer":              {metadata("issuer", "x"), "flow and other both add the metadata member issuer"},
		"metadata of all grants":       {metadata("grant_types_supported", "x"), "flow and other both add the metadata member grant_types_supported"},
		"metadata of all methods":      {metadata("token_endpoint_auth_methods_supported", "x"), "flow and other both add the metadata member token_endpoint_auth_methods_supported"},
		"metadata of the API":          {kernel.Contribution{ResourceMetadata: map[string]any{"resource": "x"}}, "flow and other both add the member resource of the metadata of the API"},
		"requests without functions":   {kernel.Contribution{Requests: &kernel.RequestSource{}}, "must have the functions Find and Decided"},
		"clients without functions":    {kernel.Contribution{Clients: &kernel.ClientSource{}}, "must have the functions Match, Resolve and Keep"},
	} {
		t.Run(name, func(t *testing.T) {
			first := &voucher{name: "voucher", edit: func(c *kernel.Contribution) { c.Requests = nil }}
			_, err := extend(t, memory.New(), first, &voucher{name: "other", edit: func(all *kernel.Contribution) { *all = test.c }})
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "flow: Config.Extensions: ")
			require.ErrorContains(t, err, test.says)
		})
	}
	_, err := extend(t, memory.New(), &voucher{name: "Voucher"})
	require.EqualError(t, err, `flow: Config.Extensions: the name "Voucher" must have 1 to 32 of a-z, 0-9, "." and "-"`)
}

// A session that begins with its tokens has what its user may still give: a
// grant of a capability does not get around Config.MayAct.
func TestSessionsThatBeginWithTokensAskMayAct(t *testing.T) {
	p := mustExtend(t, memory.New(), &voucher{name: "voucher"})
	var given []string
	var failed error
	p.cfg.MayAct = func(context.Context, string, string) ([]string, error) { return given, failed }

	status, refused := p.post("/oauth/token", p.voucherRequest())
	require.Equal(t, []any{http.StatusBadRequest, InvalidGrant}, []any{status, refused["error"]})
	failed = errors.New("the host is away")
	status, _ = p.post("/oauth/token", p.voucherRequest())
	require.Equal(t, http.StatusServiceUnavailable, status)

	given, failed = []string{"read"}, nil
	_, first := p.post("/oauth/token", p.voucherRequest())
	require.Equal(t, "read", first["scope"])
	given = []string{"read", "write"}
	_, second := p.post("/oauth/token", p.requestOf("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string)))
	require.Equal(t, "read", second["scope"], "what the user could not give was not granted")
}
