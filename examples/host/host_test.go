package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// A partner is somebody else's application: a server that users come back to,
// and golang.org/x/oauth2.
type partner struct {
	oauth2.Config
	id      string // of its pages
	answers chan url.Values
}

// newPartner registers an application of a team, as a manager does on the
// pages.
func newPartner(t *testing.T, manager *browser, team, name string) *partner {
	t.Helper()
	p := &partner{answers: make(chan url.Values, 10)}
	server := httptest.NewServer(http.HandlerFunc(p.callback))
	t.Cleanup(server.Close)
	manager.open(manager.host.applications(t, team) + "/new")
	manager.fill("name", name)
	manager.fill("homepage_url", server.URL)
	manager.fill("callback_url", server.URL+"/callback")
	manager.click(`form:has([name="callback_url"]) button`)
	p.Config = clientOf(manager.host, manager.text("#client-id"), server.URL+"/callback")
	p.ClientSecret = manager.text("#client-secret")
	p.id = manager.host.one(t, "SELECT id::text FROM oauth_applications WHERE client_id = $1", p.ClientID)
	return p
}

func clientOf(h *host, clientID, callback string) oauth2.Config {
	return oauth2.Config{
		ClientID: clientID, RedirectURL: callback, Scopes: []string{readTasks, writeTasks},
		Endpoint: oauth2.Endpoint{AuthURL: h.URL + "/oauth/authorize", TokenURL: h.URL + "/oauth/token"},
	}
}

func (p *partner) callback(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/callback" {
		p.answers <- r.URL.Query()
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<!DOCTYPE html><title>Partner</title><h1>Back at the partner</h1>")
}

// code is that of the last answer to the callback.
func (p *partner) code(t *testing.T) string {
	t.Helper()
	select {
	case answer := <-p.answers:
		require.NotEmpty(t, answer.Get("code"), "%v", answer)
		return answer.Get("code")
	case <-time.After(patience):
		t.Fatal("nobody came back")
		return ""
	}
}

// connect has a user authorize the partner.
func (p *partner) connect(t *testing.T, user *browser) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	user.open(p.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	user.authorize()
	token, err := p.Exchange(t.Context(), p.code(t), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	return token
}

// refresh gets new tokens for a refresh token.
func (p *partner) refresh(t *testing.T, token *oauth2.Token) (*oauth2.Token, error) {
	return p.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
}

// requireInvalidGrant asserts what a client is told whose grant is over.
func requireInvalidGrant(t *testing.T, err error) {
	t.Helper()
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode)
}

// A member of a team leaves the company, whose directory tells the service.
// What they had authorized ends at once, and once they are deleted nothing
// names them any more.
func TestMemberLeaves(t *testing.T) {
	t.Parallel()
	h := start(t)
	p := newPartner(t, as(t, h, "max@example.com"), "Acme", "Leaving")
	mia, miaID := as(t, h, "mia@example.com"), h.userID(t, "mia@example.com")
	token := p.connect(t, mia)
	require.Equal(t, http.StatusCreated, h.send(t, "POST", "/api/tasks", token.AccessToken, `{"title": "Write a host"}`))
	token, err := p.refresh(t, token)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, h.send(t, "GET", "/api/tasks", token.AccessToken, ""))

	path, leave := "/scim/v2/Users/"+miaID, `{"Operations": [{"op": "replace", "path": "active", "value": false}]}`
	require.Equal(t, http.StatusUnauthorized, h.send(t, "PATCH", path, "guessed", leave))
	require.Equal(t, http.StatusUnauthorized, h.send(t, "PATCH", path, "", leave))
	for _, other := range []string{
		`{"Operations": [{"op": "add", "path": "name", "value": "Mia"}]}`, `{"Operations": [{"op": "remove", "path": "active", "value": false}]}`,
		`{"Operations": [{"op": "replace", "value": {"name": "Mia"}}]}`, `{"Operations": [{"op": "replace", "path": "active", "value": "soon"}]}`, `{"Operations": []}`, "active",
	} {
		require.Equal(t, http.StatusBadRequest, h.send(t, "PATCH", path, scimToken, other), other)
	}
	require.Equal(t, http.StatusNotFound, h.send(t, "PATCH", "/scim/v2/Users/nobody", scimToken, leave))
	require.Equal(t, http.StatusOK, h.send(t, "GET", "/api/tasks", token.AccessToken, ""))
	require.Equal(t, http.StatusNoContent, h.send(t, "PATCH", path, scimToken, leave))

	require.Equal(t, http.StatusUnauthorized, h.send(t, "GET", "/api/tasks", token.AccessToken, ""))
	_, err = p.refresh(t, token)
	requireInvalidGrant(t, err)
	mia.open("/")
	require.Equal(t, h.URL+"/login", mia.location())
	mia.signIn("mia@example.com")
	require.Contains(t, mia.text("main"), "do not belong together")

	// Who comes back can sign in, and is asked anew.
	require.Equal(t, http.StatusNoContent, h.send(t, "PATCH", path, scimToken, `{"Operations": [{"op": "Replace", "value": {"active": true}}]}`))
	mia.open("/login")
	mia.signIn("mia@example.com")
	token = p.connect(t, mia)

	for _, event := range []string{"user.sign_in", "grant.create", "token.issue", "token.refresh", "user.deactivate", "access.end", "user.activate"} {
		require.NotEqual(t, "0", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = $1 AND user_id = $2", event, miaID), event)
	}
	require.Equal(t, http.StatusNoContent, h.send(t, "DELETE", path, scimToken, ""))
	require.Equal(t, http.StatusNotFound, h.send(t, "DELETE", path, scimToken, ""))
	_, err = p.refresh(t, token)
	requireInvalidGrant(t, err)
	require.Equal(t, "0", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE $1 IN (user_id, actor_id)", miaID))
	require.Equal(t, "0", h.one(t, "SELECT count(*) FROM oauth_grants WHERE user_id = $1", miaID))
	require.Equal(t, "1", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = 'user.erase'"))
}

// The program dies while it ends all that a user gave. Nobody gets new tokens
// meanwhile, and the directory, which had no answer, has the rest ended by the
// same request.
func TestDiesWhileAccessEnds(t *testing.T) {
	t.Parallel()
	const many = 20_000
	h := start(t)
	p := newPartner(t, as(t, h, "max@example.com"), "Acme", "Interrupted")
	token, miaID := p.connect(t, as(t, h, "mia@example.com")), h.userID(t, "mia@example.com")
	_, err := h.database.Exec(t.Context(), `INSERT INTO oauth_grants OVERRIDING USER VALUE
		SELECT (jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid(), 'account_id', 'account-' || n))).* FROM oauth_grants g, generate_series(1, $1::int) n WHERE g.user_id = $2`, many, miaID)
	require.NoError(t, err)
	left := func() (n int) {
		require.NoError(t, h.database.QueryRow(t.Context(), "SELECT count(*) FROM oauth_grants WHERE user_id = $1", miaID).Scan(&n))
		return n
	}
	require.Equal(t, many+1, left())

	leave := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), "PATCH", h.URL+"/scim/v2/Users/"+miaID,
			strings.NewReader(`{"Operations": [{"op": "replace", "path": "active", "value": false}]}`))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+scimToken)
		return http.DefaultClient.Do(req)
	}
	unanswered := make(chan error, 1)
	go func() {
		_, err := leave()
		unanswered <- err
	}()
	for began := time.Now(); left() > many; {
		require.Less(t, time.Since(began), patience, "nothing ends")
	}
	h.kill()
	require.Error(t, <-unanswered)
	require.Positive(t, left(), "it was done before it died")

	h.launch(t)
	p.Endpoint.TokenURL = h.URL + "/oauth/token"
	_, err = p.refresh(t, token)
	requireInvalidGrant(t, err)
	resp, err := leave()
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.Zero(t, left())
	require.Equal(t, "1", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = 'access.end' AND user_id = $1", miaID))
}

// The support desk suspends an application while one of its users is on the way
// back to it, sees why its requests were refused, and reinstates it. The code
// that the user brought is as good as before.
func TestSupportDesk(t *testing.T) {
	t.Parallel()
	h := start(t)
	p := newPartner(t, as(t, h, "max@example.com"), "Acme", "Suspended")
	mia, sam := as(t, h, "mia@example.com"), as(t, h, "sam@example.com")
	connected := p.connect(t, mia)

	p.Scopes = []string{readTasks}
	verifier := oauth2.GenerateVerifier()
	mia.open(p.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	code := p.code(t)

	require.Equal(t, http.StatusNotFound, mia.open("/support?client_id="+p.ClientID))
	for _, unknown := range []string{"unknown", "%00", "%ff"} {
		require.Equal(t, http.StatusNotFound, sam.open("/support?client_id="+unknown))
	}
	sam.open("/support")
	sam.fill("client_id", p.ClientID)
	sam.click(`form[action="/support"] button`)
	require.Contains(t, sam.text("main"), "Suspended")
	require.Contains(t, sam.text("main"), "Acme")
	require.Contains(t, sam.text("main"), "None was refused.")
	sam.fill("reason", "It deletes tasks.")
	sam.click(`form[action="/support/suspend"] button`)

	_, err := p.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	requireInvalidGrant(t, err)
	_, err = p.refresh(t, connected)
	requireInvalidGrant(t, err)
	require.Equal(t, http.StatusUnauthorized, h.send(t, "GET", "/api/tasks", connected.AccessToken, ""))
	mia.open(p.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	require.Contains(t, mia.text("main"), "It deletes tasks.")

	wrong := *p
	wrong.ClientSecret = "wrong"
	_, err = wrong.refresh(t, connected)
	require.Error(t, err)

	sam.open("/support?client_id=" + p.ClientID)
	sam.click(`form[action="/support/reinstate"] button`)
	reading, err := p.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	_, err = p.refresh(t, connected)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, h.send(t, "POST", "/api/tasks", reading.AccessToken, `{"title": "Not allowed"}`))

	sam.open("/support?client_id=" + p.ClientID)
	for _, told := range []string{
		"/oauth/token invalid_grant the application is suspended", "/oauth/authorize unauthorized_client the application is suspended",
		"/oauth/token invalid_client wrong client secret", "resource insufficient_scope the access token lacks a scope",
	} {
		require.Contains(t, sam.text("main"), told)
	}
	for _, secret := range []string{code, reading.AccessToken, connected.RefreshToken, p.ClientSecret} {
		require.NotContains(t, sam.text("html"), secret)
	}

	samID := h.userID(t, "sam@example.com")
	for _, event := range []string{"oauth_application.suspend", "oauth_application.reinstate"} {
		require.Equal(t, "1", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = $1 AND client_id = $2 AND actor_id = $3 AND remote_addr = '127.0.0.1'",
			event, p.ClientID, samID), event)
	}
}

// Whoever signs in to the service's own mobile app is not asked whether they
// trust the service. Their team is asked for where they are in several.
func TestMobileApp(t *testing.T) {
	t.Parallel()
	p := &partner{answers: make(chan url.Values, 10)}
	phone := httptest.NewTLSServer(http.HandlerFunc(p.callback))
	t.Cleanup(phone.Close)
	callback := strings.Replace(phone.URL, "127.0.0.1", "app.taskboard.example", 1) + "/callback"
	h := start(t, "MOBILE_CALLBACK="+callback)
	p.Config = clientOf(h, mobileClientID, callback)

	verifier := oauth2.GenerateVerifier()
	mia := newBrowser(t, h)
	mia.open(p.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	mia.signIn("mia@example.com")
	require.Equal(t, "Back at the partner", mia.text("h1"))
	token, err := p.Exchange(t.Context(), p.code(t), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, h.send(t, "GET", "/api/tasks", token.AccessToken, ""))
	_, err = p.refresh(t, token)
	require.NoError(t, err)

	mia.open(h.applications(t, "Acme"))
	require.Contains(t, mia.text("main"), "Taskboard for phones")
	mia.press(`.confirm summary`)
	mia.click(`form[action*="/authorized_applications/"] button`)
	require.Equal(t, http.StatusUnauthorized, h.send(t, "GET", "/api/tasks", token.AccessToken, ""))
}

// What people see and do on the pages is what their role allows: a member sees
// what they authorized themselves, a manager all of it, and an owner takes it
// back. A manager gives an application to another team.
func TestRoles(t *testing.T) {
	t.Parallel()
	h := start(t)
	max, mia, olga, gina := as(t, h, "max@example.com"), as(t, h, "mia@example.com"), as(t, h, "olga@example.com"), as(t, h, "gina@example.com")
	first, second := newPartner(t, max, "Acme", "First"), newPartner(t, max, "Acme", "Second")
	firstToken := first.connect(t, mia)
	token := second.connect(t, olga)

	list := h.applications(t, "Acme")
	mia.open(list)
	require.Contains(t, mia.text("main"), "First")
	require.NotContains(t, mia.text("main"), "Second")
	require.Equal(t, http.StatusForbidden, mia.open(list+"/"+second.id))
	max.open(list)
	require.Contains(t, max.text("section:has(#authorized)"), "First")
	require.Contains(t, max.text("section:has(#authorized)"), "Second")
	require.False(t, max.has(`form[action*="/authorized_applications/"]`), "a manager withdraws nothing of others")
	olga.open(list)
	require.True(t, olga.has(`.confirm[aria-label="Revoke First"] summary`))
	require.Equal(t, http.StatusNotFound, gina.open(list))

	max.open(list + "/" + second.id + "/transfer")
	max.click(`form[action$="/transfer"] button`)
	code := max.text("#transfer-code")
	gina.open(h.applications(t, "Globex") + "/receive")
	gina.fill("code", code)
	gina.click(`form[action$="/receive"] button`)
	require.Contains(t, gina.text("main"), "Second")
	gina.click(`button[name="decision"][value="accept"]`)
	require.Equal(t, http.StatusOK, gina.open(h.applications(t, "Globex")+"/"+second.id))
	require.Equal(t, http.StatusNotFound, max.open(list+"/"+second.id))
	require.Equal(t, http.StatusOK, h.send(t, "GET", "/api/tasks", token.AccessToken, ""), "its users notice nothing")

	// Access follows the person: who leaves a team gives its tasks no more.
	_, err := h.database.Exec(t.Context(), "DELETE FROM taskboard.members WHERE user_id = $1", h.userID(t, "mia@example.com"))
	require.NoError(t, err)
	_, err = first.refresh(t, firstToken)
	requireInvalidGrant(t, err)
	require.Equal(t, "1", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = 'token.user_access_end' AND client_id = $1", first.ClientID))
	require.Equal(t, "1", h.one(t, "SELECT count(*) FROM taskboard.audit WHERE type = 'oauth_application.transfer' AND client_id = $1", second.ClientID))
}

// Prometheus reads how many requests there were, and nobody else.
func TestMetrics(t *testing.T) {
	t.Parallel()
	h := start(t)
	resp, err := http.PostForm(h.URL+"/oauth/token", url.Values{"grant_type": {"password"}})
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusUnauthorized, h.send(t, "GET", "/api/tasks", "garbage", ""))
	require.Equal(t, http.StatusUnauthorized, h.send(t, "GET", "/metrics", "", ""))

	body := h.metrics(t)
	for _, endpoint := range []string{"/oauth/token", "resource"} {
		require.Regexp(t, `(?m)^oauthapps_request_duration_seconds_count\{.*oauthapps_endpoint="`+endpoint+`".*\} 1$`, body)
	}
	require.Contains(t, body, "oauthapps_store_call_duration_seconds_count")
}

// The alerts of the guide ask for what Prometheus has of an outage, of somebody
// who guesses secrets, and of the clean-up.
func TestAlertsOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../guides/operating_test.go")
	require.NoError(t, err)
	names := regexp.MustCompile(`oauthapps_\w+`).FindAllString(string(guide), -1)
	require.GreaterOrEqual(t, len(names), 4)
	require.Contains(t, string(guide), `{http_response_status_code=~"5.."}`)

	h := start(t)
	guess := func(client string) int {
		resp, err := http.PostForm(h.URL+"/oauth/token", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {"guess"}, "client_id": {client}, "client_secret": {"guess"},
		})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	for range 100 {
		if guess("client") == http.StatusTooManyRequests {
			break
		}
	}
	passed := func() bool { return strings.Contains(h.metrics(t), "oauthapps_cleanup_pass_age_seconds{") }
	require.Eventually(t, passed, patience, 50*time.Millisecond)
	_, err = h.database.Exec(t.Context(), "ALTER TABLE oauth_client_secrets RENAME TO away")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, guess("another client"))
	body := h.metrics(t)
	for _, name := range names {
		require.Regexp(t, `(?m)^`+name+`\{`, body)
	}
	require.Regexp(t, `(?m)^oauthapps_request_duration_seconds_count\{.*http_response_status_code="503"`, body)
}

// A request that is under way when the program is told to stop is answered.
func TestStopsInGoodOrder(t *testing.T) {
	t.Parallel()
	h := start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "POST /oauth/token HTTP/1.1\r\nHost: host\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 21\r\nExpect: 100-continue\r\n\r\n")
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n') // the handler is reading the body
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	stopped := make(chan int)
	go func() { stopped <- h.stop(t) }()
	require.Eventually(t, func() bool {
		_, err := net.Dial("tcp", conn.RemoteAddr().String())
		return err != nil
	}, patience, 10*time.Millisecond, "it goes on listening")
	fmt.Fprint(conn, "grant_type=unheard_of")
	_, err = answers.ReadString('\n')
	require.NoError(t, err)
	resp, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.Zero(t, <-stopped)
}

// Nobody signs in by guessing, and no other site signs anybody in or out.
func TestSignIn(t *testing.T) {
	t.Parallel()
	h := start(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	email := " Olga@example.com"
	post := func(site, password string) *http.Response {
		form := url.Values{"email": {email}, "password": {password}, "return_to": {"//evil.example/"}}
		req, err := http.NewRequestWithContext(t.Context(), "POST", h.URL+"/login", strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", site)
		resp, err := client.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		return resp
	}
	require.Equal(t, http.StatusForbidden, post("cross-site", h.passwords["olga@example.com"]).StatusCode)
	signedIn := post("same-origin", h.passwords["olga@example.com"])
	require.Equal(t, http.StatusSeeOther, signedIn.StatusCode)
	require.Equal(t, "/", signedIn.Header.Get("Location"))
	cookie, err := http.ParseSetCookie(signedIn.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	email = "\xff\x00"
	require.Equal(t, http.StatusUnauthorized, post("same-origin", "\xff\x00").StatusCode)
	email = "olga@example.com"

	// Of many guesses at once, no more are judged than in turn.
	var guesses sync.WaitGroup
	var judged, refused atomic.Int64
	for range 30 {
		guesses.Go(func() {
			switch post("same-origin", "guessed").StatusCode {
			case http.StatusUnauthorized:
				judged.Add(1)
			case http.StatusTooManyRequests:
				refused.Add(1)
			}
		})
	}
	guesses.Wait()
	require.LessOrEqual(t, judged.Load(), int64(18))
	require.EqualValues(t, 30, judged.Load()+refused.Load())
	require.Equal(t, http.StatusTooManyRequests, post("same-origin", h.passwords["olga@example.com"]).StatusCode)
}

// The pages are in English for everybody, and say so: the service has its own
// ones in no other language.
func TestPagesAreInOneLanguage(t *testing.T) {
	t.Parallel()
	h := start(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/login", nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Language", "de")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), `<html lang="en">`)
	require.Equal(t, "en", resp.Header.Get("Content-Language"))
}

// Where another program has the port, the message names it and the remedy.
func TestPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	err = run(t.Context(), settings{Addr: busy.Addr().String()}, false, io.Discard)
	require.ErrorContains(t, err, "another program listens on "+busy.Addr().String()+": stop it, or choose another port with ADDR=")
}
