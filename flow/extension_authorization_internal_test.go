package flow

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const foreignID = "https://voucher.example/client"

// handedIn are the authorization requests that clients of a voucher handed in.
type handedIn struct {
	params  map[string]wire.Params
	decided map[string]*atomic.Bool
}

// addAuthorization adds what a capability can add to authorization requests.
func (v *voucher) addAuthorization(c *kernel.Contribution) {
	const form = "/vouchers/" + "ask"
	c.Routes = append(c.Routes,
		kernel.Route{Method: http.MethodGet, Path: form, Handler: v.ask},
		kernel.Route{Method: http.MethodPost, Path: form, Handler: v.answer},
	)
	c.JudgeAuthorization = func(a *kernel.AuthorizationRequest) *wire.Error {
		v.judged = append(v.judged, *a)
		if a.Params.Get("colour") == "brown" {
			return wire.Refuse(wire.UnauthorizedClient, "the client may not have brown")
		}
		if a.Pushing && a.HTTP.Header.Get("Colour") != "" {
			a.Params = append(a.Params, wire.Param{Name: "colour", Value: a.HTTP.Header.Get("Colour")})
		}
		return nil
	}
	c.Requests = &kernel.RequestSource{
		Find: func(_ http.ResponseWriter, _ *http.Request, sent wire.Params) (wire.Params, *wire.Error) {
			name, ours := strings.CutPrefix(sent.Get("request_uri"), "urn:voucher:")
			if !ours {
				return nil, nil
			}
			if params := v.handedIn.params[name]; params != nil {
				return params, nil
			}
			return nil, wire.Refuse(wire.InvalidRequest, "request_uri: there is no such request")
		},
		Decided: func(_ *http.Request, sent wire.Params) *wire.Error {
			name, _ := strings.CutPrefix(sent.Get("request_uri"), "urn:voucher:")
			if v.handedIn.decided[name].Swap(true) {
				return wire.Refuse(wire.InvalidRequest, "request_uri: it was used already")
			}
			return nil
		},
	}
	c.Clients = &kernel.ClientSource{
		Match: func(id string) bool { return strings.HasPrefix(id, foreignID) },
		Resolve: func(_ *http.Request, id string, kept *oauthapp.Application, signedIn bool) (*oauthapp.Application, *wire.Error) {
			v.resolved = append(v.resolved, signedIn)
			switch {
			case kept != nil:
				return kept, nil
			case !signedIn:
				return nil, nil
			case strings.Contains(id, "gone"):
				return nil, wire.Refuse(wire.InvalidRequest, "client_id: it is gone")
			}
			return &oauthapp.Application{
				ClientID: id, Name: "Foreign", Type: oauthapp.Public, CallbackURLs: []string{"http://127.0.0.1/cb", "http://localhost/cb"},
			}, nil
		},
		Keep: func(r *http.Request, app oauthapp.Application) (oauthapp.Application, *wire.Error) {
			if app.ID != uuid.Nil {
				return app, nil
			}
			app.ID = uuid.Must(uuid.NewV7())
			if err := v.k.Store.CreateApplication(r.Context(), app, nil, 1000); err != nil {
				return app, wire.Outage(err)
			}
			return app, nil
		},
	}
	c.ClientBadge = func(app oauthapp.Application) *page.Message {
		if app.Owner == "" {
			return page.Plain("registered itself")
		}
		return nil
	}
}

// question is that of the capability's own consent page, for the client in the
// request.
func (v *voucher) question(w http.ResponseWriter, r *http.Request, id string, user *kernel.User) (q kernel.ConsentQuestion, ok bool) {
	client, refusal := v.k.FindClient(r, id, true)
	if refusal != nil {
		v.k.WritePageError(w, r, refusal)
		return q, false
	}
	return kernel.ConsentQuestion{
		Client: client, User: user, Scopes: []string{"write"}, Action: "/vouchers/ask",
		Request: url.Values{"client_id": {id}}.Encode(), Remarks: []*page.Message{page.Plain("It is on <another> device.")},
	}, true
}

func (v *voucher) ask(w http.ResponseWriter, r *http.Request) {
	user, err := v.k.User(r)
	switch {
	case err != nil:
		v.k.WritePageError(w, r, wire.Outage(err))
	case user == nil:
		v.k.SignIn(w, r, r.URL.RequestURI())
	default:
		if q, ok := v.question(w, r, r.URL.Query().Get("client_id"), user); ok {
			v.k.AskConsent(w, r, q)
		}
	}
}

func (v *voucher) answer(w http.ResponseWriter, r *http.Request) {
	body, refusal := wire.ReadFormUnchecked(w, r, kernel.ConsentParams)
	if refusal != nil {
		v.k.WritePageError(w, r, refusal)
		return
	}
	form, ok := v.k.ReadConsent(w, r, "/vouchers/ask", body, []string{"client_id"})
	if !ok {
		return
	}
	if form.User == nil {
		v.k.SignIn(w, r, "/vouchers/ask?"+form.Request.Values().Encode())
		return
	}
	q, ok := v.question(w, r, form.Request.Get("client_id"), form.User)
	if !ok {
		return
	}
	if decision, ok := v.k.Decide(w, r, form, q); ok {
		v.decisions = append(v.decisions, decision)
		v.k.WritePage(w, r, http.StatusOK, "voucher.html", "decided")
	}
}

// browse sends a request of the user's browser.
func (p *extended) browse(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://id.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", wire.FormType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

var hiddenFields = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// formOf returns the form of a consent page, filled in.
func formOf(t *testing.T, w *httptest.ResponseRecorder, decision string) url.Values {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	form := url.Values{"decision": {decision}}
	for _, field := range hiddenFields.FindAllStringSubmatch(w.Body.String(), -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	require.True(t, form.Has("ticket"), w.Body.String())
	return form
}

func requireLocation(t *testing.T, w *httptest.ResponseRecorder, prefix string) url.Values {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.True(t, strings.HasPrefix(w.Header().Get("Location"), prefix), w.Header().Get("Location"))
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	return location.Query()
}

// A capability asks on the consent page, which is bound to it, to the user and
// to the request, and gets the answer.
func TestConsentPageOfACapability(t *testing.T) {
	v := &voucher{name: "voucher"}
	p := mustExtend(t, memory.New(), v)
	path := "/vouchers/ask?client_id=" + p.app.ClientID
	require.Equal(t, "/login", p.browse(http.MethodGet, path, nil, "Signed-Out", "1").Header().Get("Location"))

	page := p.browse(http.MethodGet, path, nil)
	for _, shown := range []string{"Authorize <bdi>Client</bdi>", "It is on &lt;another&gt; device.", "Write <code>write</code>", `action="/vouchers/ask"`} {
		require.Contains(t, page.Body.String(), shown)
	}
	require.NotContains(t, page.Body.String(), "you will be sent to", "it leads nowhere")
	post := func(form url.Values, headers ...string) *httptest.ResponseRecorder {
		headers = append([]string{"Cookie", strings.Split(page.Header().Get("Set-Cookie"), ";")[0]}, headers...)
		return p.browse(http.MethodPost, "/vouchers/ask", form, headers...)
	}
	form := formOf(t, page, "authorize")
	require.Equal(t, http.StatusForbidden, post(form, "Sec-Fetch-Site", "cross-site").Code)
	require.Equal(t, "/login", post(form, "Signed-Out", "1").Header().Get("Location"))
	require.Equal(t, http.StatusBadRequest, p.browse(http.MethodPost, "/vouchers/ask", form).Code, "another browser")
	require.Equal(t, http.StatusBadRequest, post(url.Values{"ticket": form["ticket"], "request": form["request"]}).Code, "no decision")
	require.Equal(t, http.StatusBadRequest, post(url.Values{"ticket": form["ticket"], "request": {form.Get("request") + "&"}, "decision": {"authorize"}}).Code)
	require.Empty(t, v.decisions)

	// The form of one page is no answer to another that asks for the same.
	moved := p.browse(http.MethodPost, "/oauth/authorize", form, "Cookie", strings.Split(page.Header().Get("Set-Cookie"), ";")[0])
	require.NotContains(t, moved.Header().Get("Location"), "code=")
	e := (*p.events)[len(*p.events)-1]
	require.Equal(t, oauthapp.ConsentFormRefused, e.Type)

	require.Equal(t, http.StatusOK, post(form).Code)
	require.Equal(t, http.StatusOK, post(formOf(t, page, "deny")).Code)
	require.Equal(t, []kernel.Decision{{Authorized: true, AccountID: "1", Scopes: []string{"write"}}, {AccountID: "1"}}, v.decisions)
}

// A request that was handed in is found wherever the browser comes back with
// what stands for it. Nothing beside that counts, and one decision does.
func TestAuthorizationRequestsThatWereHandedIn(t *testing.T) {
	v := &voucher{name: "voucher"}
	p := mustExtend(t, memory.New(), v)
	v.handedIn = handedIn{
		params: map[string]wire.Params{"a": {
			{Name: "client_id", Value: p.app.ClientID}, {Name: "response_type", Value: "code"}, {Name: "scope", Value: "write"}, {Name: "state", Value: "handed in"},
		}},
		decided: map[string]*atomic.Bool{"a": new(atomic.Bool)},
	}
	sent := url.Values{"client_id": {p.app.ClientID}, "request_uri": {"urn:voucher:a"}, "scope": {"read"}, "state": {"beside"}, "redirect_uri": {"https://evil.example"}}
	path := "/oauth/authorize?" + sent.Encode()
	require.Equal(t, "/login", p.browse(http.MethodGet, path, nil, "Signed-Out", "1").Header().Get("Location"))
	requireLocation(t, p.browse(http.MethodPost, "/oauth/authorize", sent), "/oauth/authorize?client_id=")

	first, second := p.browse(http.MethodGet, path, nil), p.browse(http.MethodGet, path, nil)
	require.Contains(t, first.Body.String(), "<code>write</code>")
	require.NotContains(t, first.Body.String(), "<code>read</code>")
	require.NotContains(t, first.Body.String(), "handed+in", "what was handed in stays here")
	require.True(t, v.judged[len(v.judged)-1].Pushed)

	decide := func(page *httptest.ResponseRecorder, decision string) *httptest.ResponseRecorder {
		return p.browse(http.MethodPost, "/oauth/authorize", formOf(t, page, decision), "Cookie", strings.Split(page.Header().Get("Set-Cookie"), ";")[0])
	}
	query := requireLocation(t, decide(first, "authorize"), "https://client.example/cb?")
	require.Equal(t, "handed in", query.Get("state"))
	require.NotEmpty(t, query.Get("code"))
	events := len(*p.events)
	for _, decision := range []string{"authorize", "deny"} {
		require.Equal(t, http.StatusBadRequest, decide(second, decision).Code)
	}
	for _, e := range (*p.events)[events:] {
		require.Equal(t, oauthapp.RequestRefused, e.Type, "nothing was decided")
	}
	unknown := url.Values{"client_id": {p.app.ClientID}, "request_uri": {"urn:voucher:b"}}
	require.Equal(t, http.StatusBadRequest, p.browse(http.MethodGet, "/oauth/authorize?"+unknown.Encode(), nil).Code)
	unknown.Set("request_uri", "https://client.example/request")
	query = requireLocation(t, p.browse(http.MethodGet, "/oauth/authorize?"+unknown.Encode(), nil), "https://client.example/cb?")
	require.Equal(t, RequestURINotSupported, query.Get("error"))
}

// Consent that is remembered uses up a request that was handed in.
func TestRememberedConsentUsesUpWhatWasHandedIn(t *testing.T) {
	v := &voucher{name: "voucher"}
	p := mustExtend(t, memory.New(), v)
	p.begin("")
	v.handedIn = handedIn{
		params:  map[string]wire.Params{"a": {{Name: "client_id", Value: p.app.ClientID}, {Name: "response_type", Value: "code"}, {Name: "scope", Value: "read"}}},
		decided: map[string]*atomic.Bool{"a": new(atomic.Bool)},
	}
	path := "/oauth/authorize?" + url.Values{"client_id": {p.app.ClientID}, "request_uri": {"urn:voucher:a"}}.Encode()
	require.NotEmpty(t, requireLocation(t, p.browse(http.MethodGet, path, nil), "https://client.example/cb?").Get("code"))
	require.Equal(t, http.StatusBadRequest, p.browse(http.MethodGet, path, nil).Code)
}

// What the authorization endpoint refuses is refused at a push with the same
// words, and what is taken comes back with its scopes.
func TestJudgementOfPushedRequests(t *testing.T) {
	v := &voucher{name: "voucher"}
	p := mustExtend(t, memory.New(), v)
	client := store.Client{Application: p.app}
	good := url.Values{"client_id": {p.app.ClientID}, "response_type": {"code"}, "login_ticket": {"x"}}
	for name, test := range map[string]struct{ param, value, code, says string }{
		"redirect_uri":   {"redirect_uri", "https://evil.example", InvalidRequest, "redirect_uri: the application has not registered it as a callback URL"},
		"response_type":  {"response_type", "token", UnsupportedResponseType, "response_type must be code"},
		"scope":          {"scope", "admin", InvalidScope, "unknown scope, or one that the application may not ask for: admin"},
		"prompt":         {"prompt", "LOGIN", InvalidRequest, "prompt must be in lower case: login"},
		"challenge":      {"code_challenge", "short", InvalidRequest, "code_challenge_method must be S256"},
		"resource":       {"resource", "https://other.example", InvalidTarget, ""},
		"a parameter":    {"colour", "grey", InvalidRequest, "colour must not be grey"},
		"a capability":   {"colour", "brown", UnauthorizedClient, "the client may not have brown"},
		"request_uri":    {"request_uri", "urn:voucher:a", InvalidRequest, "request_uri cannot be pushed"},
		"long":           {"state", strings.Repeat("x", maxAuthorizationRequest), InvalidRequest, "the authorization request is too long"},
		"request object": {"request", "x.y.z", RequestNotSupported, "request is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{test.param: {test.value}}
			for name, values := range good {
				if !form.Has(name) {
					form[name] = values
				}
			}
			params, refusal := wire.ParseForm(form.Encode(), v.k.AuthorizationParams())
			require.Nil(t, refusal)
			_, refusal = v.k.JudgePushed(httptest.NewRequest(http.MethodPost, "/", nil), client, params)
			require.NotNil(t, refusal)
			require.Equal(t, test.code, refusal.Code)
			if test.says != "" {
				require.Equal(t, test.says, refusal.Description)
			}
			// A browser that brings it is told the same.
			w := p.browse(http.MethodGet, "/oauth/authorize?"+form.Encode(), nil)
			if name == "request_uri" {
				return
			}
			if w.Code == http.StatusSeeOther {
				require.Equal(t, []string{refusal.Code, refusal.Description}, []string{
					requireLocation(t, w, "https://client.example/cb?").Get("error"), requireLocation(t, w, "https://client.example/cb?").Get("error_description"),
				})
				return
			}
			require.Contains(t, w.Body.String(), html.EscapeString(refusal.Description))
		})
	}
	params, refusal := wire.ParseForm(good.Encode(), v.k.AuthorizationParams())
	require.Nil(t, refusal)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Colour", "green")
	judged, refusal := v.k.JudgePushed(r, client, params)
	require.Nil(t, refusal)
	require.Equal(t, url.Values{"client_id": {p.app.ClientID}, "response_type": {"code"}, "scope": {"read"}, "colour": {"green"}}, judged.Values())
	last := v.judged[len(v.judged)-1]
	require.Equal(t, []any{true, true, p.app.ClientID, []string{"read"}}, []any{last.Pushed, last.Pushing, last.Client.Application.ClientID, last.Scopes})
}

// A client that nobody registered is resolved for a person who is signed in,
// shown for what it is, and kept at the first yes. From then on it is a client
// everywhere.
func TestClientsThatNobodyRegistered(t *testing.T) {
	v := &voucher{name: "voucher"}
	p := mustExtend(t, memory.New(), v)
	long := foreignID + "?" + strings.Repeat("x", 900)
	request := url.Values{"client_id": {long}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1:1234/cb"}, "code_challenge": {strings.Repeat("x", challengeLen)}, "code_challenge_method": {"S256"}}
	path := "/oauth/authorize?" + request.Encode()
	require.Equal(t, "/login", p.browse(http.MethodGet, path, nil, "Signed-Out", "1").Header().Get("Location"))
	require.Equal(t, []bool{false}, v.resolved)
	none := p.browse(http.MethodGet, path+"&prompt=none", nil, "Signed-Out", "1")
	require.Equal(t, http.StatusBadRequest, none.Code, "nobody is led anywhere")
	require.Contains(t, none.Body.String(), LoginRequired)

	page := p.browse(http.MethodGet, path, nil)
	for _, shown := range []string{"Authorize <bdi>Foreign</bdi>", "from <bdi>voucher.example</bdi>", `<span class="badge">registered itself</span>`, "<bdi>http://127.0.0.1:1234</bdi>", "Every program on your device"} {
		require.Contains(t, page.Body.String(), shown)
	}
	_, err := p.store.Client(t.Context(), long, uuid.Nil, p.now())
	require.ErrorIs(t, err, store.ErrNotFound, "nothing is kept before the yes")
	cookie := strings.Split(page.Header().Get("Set-Cookie"), ";")[0]
	query := requireLocation(t, p.browse(http.MethodPost, "/oauth/authorize", formOf(t, page, "authorize"), "Cookie", cookie), "http://127.0.0.1:1234/cb?")
	require.NotEmpty(t, query.Get("code"))
	client, err := p.store.Client(t.Context(), long, uuid.Nil, p.now())
	require.NoError(t, err)
	e := (*p.events)[len(*p.events)-1]
	require.Equal(t, []any{oauthapp.GrantCreated, client.Application.ID}, []any{e.Type, e.ApplicationID})

	// The verifier is wrong, but the client is known.
	status, answer := p.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {query.Get("code")}, "client_id": {long}, "redirect_uri": request["redirect_uri"], "code_verifier": {strings.Repeat("y", 43)}})
	require.Equal(t, []any{http.StatusBadRequest, InvalidGrant}, []any{status, answer["error"]})

	for id, says := range map[string]string{
		foreignID + "/gone": "client_id: it is gone",
		foreignID + strings.Repeat("x", clientauth.MaxForeignClientID): "client_id: there is no such application",
		"https://other.example": "client_id: there is no such application",
	} {
		request.Set("client_id", id)
		require.Contains(t, p.browse(http.MethodGet, "/oauth/authorize?"+request.Encode(), nil).Body.String(), says)
		status, answer := p.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {id}})
		require.Equal(t, []any{http.StatusUnauthorized, InvalidClient}, []any{status, answer["error"]})
	}
	require.NotContains(t, p.browse(http.MethodGet, "/vouchers/ask?client_id="+p.app.ClientID, nil).Body.String(), "registered itself")
}
