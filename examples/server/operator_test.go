package main

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const operatorToken = "token-of-the-operator"

// operate asks the operator's interface with its token.
func (b *browser) operate(method, path, body string) answered {
	b.t.Helper()
	return b.ask(method, path, body, "Bearer "+operatorToken)
}

func (b *browser) ask(method, path, body, authorization string) answered {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	r.Header.Set("Authorization", authorization)
	response, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answered{response, string(text)}
}

// A client is an application that one of the demo's developers registered.
type client struct{ id, secret string }

// register adds an application of the first account of Alice, who is signed in.
func (b *browser) register(clientType string) client {
	b.t.Helper()
	form := hiddenFields(b.get("/accounts/1/oauth_applications/new").text)
	form.Set("name", "Example")
	form.Set("homepage_url", "https://app.example")
	form.Set("callback_url", "https://app.example/callback")
	form.Set("client_type", clientType)
	page := b.do(http.MethodPost, "/accounts/1/oauth_applications", form)
	shown := func(id string) string {
		match := regexp.MustCompile(`id="` + id + `"[^>]*>([^<]+)<`).FindStringSubmatch(page.text)
		if match == nil {
			return ""
		}
		return match[1]
	}
	c := client{shown("client-id"), shown("client-secret")}
	require.NotEmpty(b.t, c.id, page.text)
	return c
}

// hiddenFields returns the hidden fields of the forms of a page.
func hiddenFields(page string) url.Values {
	fields := url.Values{}
	for _, match := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields.Set(match[1], html.UnescapeString(match[2]))
	}
	return fields
}

// authorize authorizes an application for an account of who is signed in, and
// returns its tokens.
func (b *browser) authorize(c client, account string) tokenPair {
	b.t.Helper()
	query := url.Values{"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {"https://app.example/callback"}}
	page := b.get(authorizePath + "?" + query.Encode())
	form := hiddenFields(page.text)
	form.Set("decision", "authorize")
	form.Set("account_id", account)
	answer := b.do(http.MethodPost, authorizePath, form)
	back, err := answer.Location()
	require.NoError(b.t, err, "%s\n%s", page.text, answer.text)
	issued, status := b.exchange(c, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {"https://app.example/callback"},
	})
	require.Equal(b.t, http.StatusOK, status)
	return issued
}

type tokenPair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string
}

func (b *browser) exchange(c client, form url.Values) (issued tokenPair, status int) {
	b.t.Helper()
	form.Set("client_id", c.id)
	form.Set("client_secret", c.secret)
	answer := b.do(http.MethodPost, "/oauth/token", form)
	require.NoError(b.t, json.Unmarshal([]byte(answer.text), &issued))
	return issued, answer.StatusCode
}

func (b *browser) refresh(c client, t tokenPair) (issued tokenPair, status int) {
	b.t.Helper()
	return b.exchange(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh}})
}

func (b *browser) whoami(t tokenPair) (status int) {
	b.t.Helper()
	return b.ask(http.MethodGet, "/v2/whoami", "", "Bearer "+t.Access).StatusCode
}

func TestOperatorNeedsToken(t *testing.T) {
	off := newBrowser(t)
	require.Equal(t, http.StatusNotFound, off.operate(http.MethodGet, "/operator/applications?client_id=x", "").StatusCode)
	require.Equal(t, http.StatusNotFound, off.ask(http.MethodGet, "/operator/applications", "", "Bearer ").StatusCode)

	b := newBrowser(t, "-operator-token", operatorToken)
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer " + operatorToken + "x", "Bearer " + operatorToken[1:], "Basic " + operatorToken, operatorToken} {
		for _, path := range []string{"/operator/applications?client_id=x", "/operator/nothing"} {
			answer := b.ask(http.MethodGet, path, "", authorization)
			requireProblem(t, answer, http.StatusUnauthorized)
			require.Equal(t, `Bearer realm="operator"`, answer.Header.Get("WWW-Authenticate"), authorization)
		}
	}
	require.Equal(t, http.StatusUnauthorized, b.ask(http.MethodDelete, "/operator/users/2/accounts/2", "", "").StatusCode)
	for _, path := range []string{"/operator/nothing", "/operator/applications", "/operator/applications?client_id=x"} {
		requireProblem(t, b.operate(http.MethodGet, path, ""), http.StatusNotFound)
	}
	requireProblem(t, b.operate(http.MethodPost, "/operator/applications", "{}"), http.StatusNotFound)
	require.NotContains(t, b.log.String(), operatorToken)
}

func requireProblem(t *testing.T, answer answered, status int) {
	t.Helper()
	require.Equal(t, status, answer.StatusCode, answer.text)
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	require.NoError(t, json.Unmarshal([]byte(answer.text), &problem))
	require.Equal(t, status, problem.Status)
	require.NotEmpty(t, problem.Type+problem.Title)
	require.NotEmpty(t, problem.Detail)
}

// Who left an account acts for it no more: they do not get to its pages, and
// the applications that they authorized for it refresh no more.
func TestUserLeavesAccount(t *testing.T) {
	b := newBrowser(t, "-operator-token", operatorToken)
	b.signIn()
	c := b.register("confidential")
	own, shared := b.authorize(c, "1"), b.authorize(c, "2")
	require.Equal(t, http.StatusOK, b.whoami(shared))
	require.Equal(t, http.StatusOK, b.get("/accounts/2/oauth_applications").StatusCode)

	left := b.operate(http.MethodDelete, "/operator/users/1/accounts/2", "")
	require.Equal(t, http.StatusNoContent, left.StatusCode, left.text)
	require.Equal(t, http.StatusNotFound, b.get("/accounts/2/oauth_applications").StatusCode)
	require.NotContains(t, b.get("/").text, "/accounts/2/")
	require.Equal(t, http.StatusForbidden, b.whoami(shared))
	refused, status := b.refresh(c, shared)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "invalid_grant", refused.Error)
	own, status = b.refresh(c, own)
	require.Equal(t, http.StatusOK, status, own.Error)
	require.Equal(t, http.StatusOK, b.whoami(own))

	require.Equal(t, http.StatusNoContent, b.operate(http.MethodPut, "/operator/users/1/accounts/2", "").StatusCode)
	require.Equal(t, http.StatusOK, b.get("/accounts/2/oauth_applications").StatusCode)
	require.Equal(t, http.StatusOK, b.whoami(b.authorize(c, "2")))

	for _, path := range []string{"/operator/users/1/accounts/3", "/operator/users/9/accounts/1", "/operator/users/1/accounts/02"} {
		requireProblem(t, b.operate(http.MethodDelete, path, ""), http.StatusNotFound)
		requireProblem(t, b.operate(http.MethodPut, path, ""), http.StatusNotFound)
	}
}

func TestOperatorEndsAccess(t *testing.T) {
	b := newBrowser(t, "-operator-token", operatorToken)
	b.signIn()
	c := b.register("confidential")
	own, shared := b.authorize(c, "1"), b.authorize(c, "2")

	ended := b.operate(http.MethodDelete, "/operator/accounts/2/access", "")
	require.Equal(t, http.StatusOK, ended.StatusCode, ended.text)
	require.JSONEq(t, `{"grants":1,"more":false}`, ended.text)
	require.Equal(t, http.StatusUnauthorized, b.whoami(shared))
	require.Equal(t, http.StatusOK, b.whoami(own))

	shared = b.authorize(c, "2")
	require.JSONEq(t, `{"grants":2,"more":false}`, b.operate(http.MethodDelete, "/operator/users/1/access", "").text)
	require.Equal(t, http.StatusUnauthorized, b.whoami(shared))
	require.Equal(t, http.StatusUnauthorized, b.whoami(own))
	_, status := b.refresh(c, own)
	require.Equal(t, http.StatusBadRequest, status)
	require.JSONEq(t, `{"grants":0,"more":false}`, b.operate(http.MethodDelete, "/operator/users/9/access", "").text)
}

// What the operator decides about an application, one thing at a time, leaves
// the rest as it was.
func TestOperatorDecidesAboutApplication(t *testing.T) {
	b := newBrowser(t, "-operator-token", operatorToken)
	b.signIn()
	c := b.register("confidential")
	got := b.authorize(c, "1")
	type view struct {
		ClientID          string `json:"client_id"`
		Owner             string
		Standing, Reason  string
		Trusted, Approved bool
		Verified          bool
		Users             int
		ClientCredentials []string `json:"client_credentials"`
	}
	want := view{ClientID: c.id, Owner: "1", Standing: "live", Users: 1, ClientCredentials: []string{}}
	same := func(answer answered) {
		t.Helper()
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		var is view
		require.NoError(t, json.Unmarshal([]byte(answer.text), &is))
		require.Equal(t, want, is)
	}
	look := func() answered { return b.operate(http.MethodGet, "/operator/applications?client_id="+c.id, "") }
	put := func(what, body string) answered {
		return b.operate(http.MethodPut, "/operator/applications/"+c.id+"/"+what, body)
	}
	itself := func() int {
		_, status := b.exchange(c, url.Values{"grant_type": {"client_credentials"}})
		return status
	}
	same(look())
	require.Equal(t, http.StatusBadRequest, itself())

	want.Trusted = true
	same(put("trusted", `{"trusted":true}`))
	want.Approved = true
	same(put("approved", `{"approved":true}`))
	want.Verified = true
	same(put("verified", `{"verified":true}`))
	want.Standing, want.Reason = "suspended", "Sends spam."
	same(put("standing", `{"standing":"suspended","reason":"Sends spam."}`))
	require.Equal(t, http.StatusUnauthorized, b.whoami(got))
	want.ClientCredentials = []string{"read", "write"}
	same(put("scopes", `{"client_credentials":["write","read","read"]}`))
	require.NotEqual(t, http.StatusOK, itself(), "suspended")
	want.Standing, want.Reason = "live", ""
	same(put("standing", `{"standing":"live"}`))
	require.Equal(t, http.StatusOK, b.whoami(got))
	require.Equal(t, http.StatusOK, itself())
	want.ClientCredentials = []string{}
	same(put("scopes", `{"client_credentials":[]}`))
	require.Equal(t, http.StatusBadRequest, itself())
	want.Verified = false
	same(put("verified", `{"verified":false}`))
	want.Approved = false
	same(put("approved", `{"approved":false}`))
	want.Trusted = false
	same(put("trusted", `{"trusted":false}`))
	same(look())

	for _, bad := range []struct {
		what, body string
		status     int
	}{
		{"standing", `{"standing":"dead"}`, http.StatusUnprocessableEntity},
		{"standing", `{}`, http.StatusUnprocessableEntity},
		{"standing", `{"standing":"suspended","reason":"` + strings.Repeat("x", 1001) + `"}`, http.StatusUnprocessableEntity},
		{"standing", `{"standing":"suspended","reasons":"x"}`, http.StatusBadRequest},
		{"standing", `{"standing":"suspended"}{}`, http.StatusBadRequest},
		{"standing", ``, http.StatusBadRequest},
		{"standing", `{"reason":"` + strings.Repeat("x", maxOperatorBody) + `"}`, http.StatusBadRequest},
		{"trusted", `{}`, http.StatusUnprocessableEntity},
		{"trusted", `{"trusted":"yes"}`, http.StatusBadRequest},
		{"scopes", `{}`, http.StatusUnprocessableEntity},
		{"scopes", `{"client_credentials":["admin"]}`, http.StatusUnprocessableEntity},
		{"nothing", `{}`, http.StatusNotFound},
	} {
		requireProblem(t, put(bad.what, bad.body), bad.status)
	}
	same(look())

	public := b.register("public")
	requireProblem(t, b.operate(http.MethodPut, "/operator/applications/"+public.id+"/scopes", `{"client_credentials":["read"]}`), http.StatusUnprocessableEntity)
	for what, body := range map[string]string{"standing": `{"standing":"suspended"}`, "trusted": `{"trusted":true}`, "scopes": `{"client_credentials":[]}`} {
		requireProblem(t, b.operate(http.MethodPut, "/operator/applications/nobody/"+what, body), http.StatusNotFound)
	}
}

// An application that registered itself is nobody's, and cannot be trusted.
func TestOperatorCannotTrustStranger(t *testing.T) {
	b := newBrowser(t, "-operator-token", operatorToken)
	r, err := http.Post(b.url+"/oauth/register", "application/json", strings.NewReader(`{"redirect_uris":["https://app.example/callback"]}`))
	require.NoError(t, err)
	defer r.Body.Close()
	var registered struct {
		ClientID string `json:"client_id"`
	}
	require.NoError(t, json.NewDecoder(r.Body).Decode(&registered))
	require.NotEmpty(t, registered.ClientID)
	path := "/operator/applications/" + registered.ClientID
	requireProblem(t, b.operate(http.MethodPut, path+"/trusted", `{"trusted":true}`), http.StatusUnprocessableEntity)
	require.Equal(t, http.StatusOK, b.operate(http.MethodPut, path+"/standing", `{"standing":"suspended"}`).StatusCode)
}

// A client ID that is a URL is one segment of a path, percent-encoded.
func TestOperatorFindsClientByURL(t *testing.T) {
	b := newBrowser(t, "-operator-token", operatorToken)
	answer := b.operate(http.MethodPut, "/operator/applications/"+url.PathEscape("https://client.example/client.json")+"/trusted", `{"trusted":true}`)
	requireProblem(t, answer, http.StatusNotFound)
	require.Contains(t, answer.text, "no application of that client ID")
}
