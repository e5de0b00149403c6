package flow_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

func TestConsentPage(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Pages.AccountName = func(_ context.Context, account string) (string, error) { return "Account " + account, nil }
	})
	w := h.open(request(h.app, "scope", "write read read"))
	require.Equal(t, http.StatusOK, w.Code)
	body := w.Body.String()
	for _, shown := range []string{
		h.app.Name, "Account developer", "https://client.example", "Read your data", "Change your data",
		"alice@example.com", "Alice", "Acme Inc", `name="decision" value="authorize"`, `name="decision" value="deny"`,
	} {
		require.Contains(t, body, shown)
	}
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "form-action", "a client may go on to anywhere")
	require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.NotContains(t, body, "alice-session")

	// Where it leads is where this request leads, not where the application
	// says that it is at home; and nothing of the request but the state goes
	// there.
	const elsewhere = "https://elsewhere.example:8443/cb"
	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{callback, elsewhere},
	})
	require.NoError(t, err)
	w = h.open(request(h.app, "redirect_uri", elsewhere))
	require.Contains(t, w.Body.String(), "<bdi>https://elsewhere.example:8443</bdi>")
	answer := h.decide(w, "authorize", "1").Header().Get("Location")
	require.Regexp(t, `^https://elsewhere\.example:8443/cb\?code=[A-Za-z0-9_]+&state=the-state&iss=https%3A%2F%2Fid\.example$`, answer)
}

// A homepage URL is shown as its origin: what follows that is the application's
// to say anything with.
func TestConsentShowsTheOriginOfTheHomepage(t *testing.T) {
	for homepage, shown := range map[string]string{
		"https://client.example:8443/this-application-is-safe?verified#yes":                          ">https://client.example:8443</a>",
		"https://id.example." + strings.Repeat("www.", 40) + "evil.example/this-application-is-safe": ">https://…" + strings.Repeat("www.", 12) + "evil.example</a>",
	} {
		h := newHost(t)
		_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
			Name: "Client", HomepageURL: homepage, CallbackURLs: []string{callback},
		})
		require.NoError(t, err)
		body := h.open(request(h.app)).Body.String()
		require.Contains(t, body, shown)
		require.Equal(t, 1, strings.Count(body, "this-application-is-safe"), "in the link alone")
	}
}

func TestDeny(t *testing.T) {
	h := newHost(t)
	answer := h.answer(h.decide(h.open(request(h.app)), "deny", "2"))
	require.Equal(t, "access_denied", answer.Get("error"))
	require.Equal(t, "the-state", answer.Get("state"))
	events := h.events.take()
	require.Len(t, events, 1)
	e := events[0]
	require.Equal(t, oauthapp.GrantDenied, e.Type)
	require.Equal(t, []string{h.app.ClientID, "1", "2"}, []string{e.ClientID, e.UserID, e.AccountID})
	require.Equal(t, oauthapp.Actor{UserID: "1", RemoteAddr: "192.0.2.1"}, e.Actor)
	require.Equal(t, uuid.Nil, e.GrantID)
	require.NotContains(t, h.store.counted(), "BeginSession")
}

func TestUserWithoutAccounts(t *testing.T) {
	h := newHost(t)
	h.user = &flow.User{ID: "9", Name: "nobody@example.com"}
	require.Equal(t, "access_denied", h.answer(h.open(request(h.app))).Get("error"))
}

// The form is good for the user, the session and the request that it was made
// for. For anything else it is no answer: who sends it is asked.
func TestConsentIsBound(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	form := change(h.form(page), "decision", "authorize", "account_id", "1")
	altered := func(pairs ...string) url.Values {
		params, err := url.ParseQuery(form.Get("request"))
		require.NoError(t, err)
		return change(form, "request", change(params, pairs...).Encode())
	}
	other, _ := h.register(oauthapp.Confidential)
	for name, form := range map[string]url.Values{
		"ticket missing but named": change(form, "ticket", "x"),
		"ticket cut":               change(form, "ticket", form.Get("ticket")[1:]),
		"request missing":          change(form, "request", ""),
		"other client":             altered("client_id", other.ClientID),
		"other redirect_uri":       altered("redirect_uri", "https://evil.example/"),
		"more scopes":              altered("scope", "read write"),
		"other challenge":          altered("code_challenge", challengeOf("other")),
		"no challenge":             altered("code_challenge", "", "code_challenge_method", ""),
		"other state":              altered("state", "other"),
		"malformed request":        change(form, "request", "client_id=%zz"),
		"same request, respelt":    change(form, "request", form.Get("request")+"&x=y"),
	} {
		t.Run(name, func(t *testing.T) {
			h.events.reset()
			status := http.StatusBadRequest
			if name == "malformed request" {
				status = http.StatusForbidden
			}
			requirePage(t, h.post("/oauth/authorize", form, header("User-Agent", "forger/1")), status)
			events := h.events.take()
			require.Len(t, events, 1)
			require.Equal(t, oauthapp.ConsentFormRefused, events[0].Type)
			require.Equal(t, []string{"192.0.2.1", "forger/1"}, []string{events[0].Actor.RemoteAddr, events[0].Actor.UserAgent})
			if name == "malformed request" {
				require.Equal(t, "malformed request", events[0].Reason)
				return
			}
			params, err := url.ParseQuery(form.Get("request"))
			require.NoError(t, err)
			require.Equal(t, "not made for this request of this user in this session", events[0].Reason)
			require.Equal(t, []string{"1", params.Get("client_id")}, []string{events[0].Actor.UserID, events[0].ClientID})
		})
	}
	t.Run("other user", func(t *testing.T) {
		h.user = bob()
		requirePage(t, h.post("/oauth/authorize", form), http.StatusBadRequest)
	})
	t.Run("other session of the user", func(t *testing.T) {
		h.user = alice()
		h.user.Session = "another"
		again := h.post("/oauth/authorize", form)
		requirePage(t, again, http.StatusBadRequest)
		require.Contains(t, again.Body.String(), "another session")
		require.Equal(t, form.Get("request"), h.form(again).Get("request"), "nothing of it is lost")
	})
	t.Run("user whose ID and session only together look alike", func(t *testing.T) {
		h.user = alice()
		h.user.ID, h.user.Session = "1a", "lice-session"
		requirePage(t, h.post("/oauth/authorize", form), http.StatusBadRequest)
	})
	t.Run("signed out", func(t *testing.T) {
		h.user = nil
		w := h.post("/oauth/authorize", form)
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.True(t, strings.HasPrefix(w.Header().Get("Location"), "/oauth/authorize?"), "which leads to the login")
	})
	h.user = alice()
	t.Run("keys of another service", func(t *testing.T) {
		requirePage(t, newHost(t).post("/oauth/authorize", form), http.StatusBadRequest)
	})
	require.NotContains(t, h.store.counted(), "BeginSession")
	h.answer(h.post("/oauth/authorize", form))
}

// Other sites cannot post the form, whatever they have learnt.
func TestConsentFromAnotherSite(t *testing.T) {
	h := newHost(t)
	form := change(h.form(h.open(request(h.app))), "decision", "authorize", "account_id", "1")
	for name, edit := range map[string]func(*http.Request){
		"cross-site":       header("Sec-Fetch-Site", "cross-site"),
		"same-site":        header("Sec-Fetch-Site", "same-site"),
		"foreign origin":   header("Origin", "https://evil.example"),
		"sandboxed":        func(r *http.Request) { header("Sec-Fetch-Site", "cross-site")(r); header("Origin", "null")(r) },
		"sibling, sandbox": func(r *http.Request) { header("Sec-Fetch-Site", "same-site")(r); header("Origin", "null")(r) },
		"origin over http": header("Origin", "http://id.example:8080"),
	} {
		t.Run(name, func(t *testing.T) {
			h.events.reset()
			requirePage(t, h.post("/oauth/authorize", form, edit), http.StatusForbidden)
			events := h.events.take()
			require.Len(t, events, 1)
			require.Equal(t, oauthapp.ConsentFormRefused, events[0].Type)
			require.Equal(t, "sent by a page of another origin", events[0].Reason)
		})
	}
	require.NotContains(t, h.store.counted(), "BeginSession")
	behindProxy := func(r *http.Request) {
		r.Host = "10.0.0.1:8080"
		r.Header.Set("Origin", "https://id.example")
	}
	h.answer(h.post("/oauth/authorize", form, behindProxy))
	h.answer(h.post("/oauth/authorize", form, header("Sec-Fetch-Site", "same-origin")))
}

// A browser that knows no Sec-Fetch-Site, or whose proxy strips it, may say of
// our own page no more than "Origin: null". The ticket then tells that the form
// is the user's.
func TestConsentFromAnOldBrowser(t *testing.T) {
	h := newHost(t)
	form := change(h.form(h.open(request(h.app))), "decision", "authorize", "account_id", "1")
	requirePage(t, h.post("/oauth/authorize", change(form, "ticket", "forged"), header("Origin", "null")), http.StatusBadRequest)
	require.NotContains(t, h.store.counted(), "BeginSession")
	h.answer(h.post("/oauth/authorize", form, header("Origin", "null")))
}

// Where an answer cannot be taken, the page is shown again and says why.
func TestConsentAskedAgain(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	for name, pairs := range map[string][]string{
		"no decision":               {"account_id", "1"},
		"unknown decision":          {"account_id", "1", "decision", "AUTHORIZE"},
		"no account chosen":         {"decision", "authorize"},
		"account of somebody else":  {"decision", "authorize", "account_id", "3"},
		"account that never was":    {"decision", "authorize", "account_id", "x"},
		"denied with a typo so far": {"decision", "denyy", "account_id", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := h.post("/oauth/authorize", change(h.form(page), pairs...))
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Contains(t, w.Body.String(), `role="alert"`)
			h.form(w)
		})
	}
	t.Run("fields twice", func(t *testing.T) {
		form := change(h.form(page), "decision", "deny", "account_id", "1")
		form.Add("decision", "authorize")
		requirePage(t, h.post("/oauth/authorize", form), http.StatusBadRequest)
	})
	require.NotContains(t, h.store.counted(), "BeginSession")
}

func TestConsentPageExpires(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	h.clock.advance(30*time.Minute - time.Second)
	h.answer(h.decide(page, "authorize", "1"))
	h.clock.advance(time.Second)
	again := h.decide(page, "authorize", "1")
	require.Equal(t, http.StatusBadRequest, again.Code)
	require.Contains(t, again.Body.String(), "open for too long")
	h.answer(h.decide(again, "authorize", "1"))

	// Where the application asks how long ago the user signed in, that counts
	// from now.
	h.user = h.signedIn(50 * time.Minute)
	page = h.open(request(h.app, "max_age", "3600", "prompt", "consent"))
	h.clock.advance(30*time.Minute - time.Second)
	h.answer(h.decide(page, "authorize", "1"))
	h.clock.advance(time.Second)
	back := h.decide(page, "authorize", "1")
	require.True(t, flow.ParseReturnTo(h.returnTo(h.get(back.Header().Get("Location")))).Anew)
}

// What was right when the page was made is checked again when it is answered.
func TestConsentCheckedAgain(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app, "account_id", "2"))
	h.store.reset()
	h.user.Accounts = h.user.Accounts[:1]
	require.Equal(t, "invalid_request", h.answer(h.decide(page, "authorize", "2")).Get("error"))

	h.user = alice()
	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{"https://client.example/moved"},
	})
	require.NoError(t, err)
	requirePage(t, h.decide(page, "authorize", "2"), http.StatusBadRequest)
	require.NotContains(t, h.store.counted(), "BeginSession")
}

// What a request leaves to the defaults is settled once the page has shown it:
// an application that may ask for more meanwhile does not get more than the
// user read.
func TestConsentToWhatThePageShows(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.Scopes[1].Default = true })
	h.restrict(h.app, "read")
	page := h.open(request(h.app, "scope", ""))
	asked, cannot, _ := strings.Cut(page.Body.String(), `<details class="cannot"`)
	require.NotContains(t, asked, "Change your data")
	require.Contains(t, cannot, "Change your data")
	h.restrict(h.app, "read", "write")
	code := h.answer(h.decide(page, "authorize", "1")).Get("code")
	require.Equal(t, "read", h.tokens(h.redemption(h.app, code)).Scope)

	page = h.open(request(h.app, "scope", ""))
	require.Contains(t, page.Body.String(), "Change your data")
	h.restrict(h.app, "read")
	require.Equal(t, "invalid_scope", h.answer(h.decide(page, "authorize", "1")).Get("error"))
}

// A host that says that somebody is signed in and not who must not have them
// taken for anyone: grants are found by the user's ID.
func TestUserWithoutAnID(t *testing.T) {
	h := newHost(t)
	h.code(request(h.app), "2")
	h.store.reset()
	h.user = &flow.User{Name: "who?", Accounts: alice().Accounts}
	requirePage(t, h.open(request(h.app, "account_id", "2")), http.StatusServiceUnavailable)
	require.NotContains(t, h.store.counted(), "Grants")
	require.NotContains(t, h.store.counted(), "BeginSession")
	require.Contains(t, h.log.String(), "a user without an ID")

	h.user = &flow.User{ID: "1", Accounts: []flow.Account{{Name: "which?"}}}
	requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
	require.Contains(t, h.log.String(), "Config.CurrentUser returned an account without an ID")
}

// An account's ID is a segment of paths.
func TestAccountsThatAreNoSegmentOfAPath(t *testing.T) {
	for _, id := range []string{".", "..", "/", "a/b", "../x"} {
		h := newHost(t)
		h.user.Accounts = append(h.user.Accounts, flow.Account{ID: id, Name: "Odd"})
		requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
		require.Contains(t, h.log.String(), "Config.CurrentUser returned an account with the ID")
	}
	for _, id := range []string{"...", "a.b", "a b", "é", "a%2fb", `a\b`, "**", "0", "?", "#"} {
		h := newHost(t)
		h.user.Accounts = append(h.user.Accounts, flow.Account{ID: id, Name: "Odd"})
		h.code(request(h.app), id)
	}
}

// A colleague of the same account decides for themselves: what another user
// consented to neither answers for them nor shows on their page.
func TestConsentOfAColleague(t *testing.T) {
	h := newHost(t)
	const badge = "it has access already"
	h.code(request(h.app), "2")
	require.Contains(t, h.open(request(h.app)).Body.String(), badge)

	h.user = &flow.User{ID: "2", Name: "bob@example.com", Session: "bob-session", Accounts: h.user.Accounts[1:]}
	for _, params := range []url.Values{request(h.app), request(h.app, "account_id", "2")} {
		w := h.open(params)
		h.form(w)
		require.NotContains(t, w.Body.String(), badge)
	}
	h.code(request(h.app), "2")
	h.answer(h.open(request(h.app)))
}

func TestConsentRemembered(t *testing.T) {
	h := newHost(t)
	h.code(request(h.app, "scope", "read"), "2")

	authorized := h.clock.Now()
	h.clock.advance(time.Minute)
	h.answer(h.open(request(h.app, "account_id", "2"))) // at once
	h.answer(h.open(request(h.app, "account_id", "2", "scope", "")))
	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, authorized, grants.Items[0].AuthorizedAt, "when the user last said yes")
	for name, params := range map[string]url.Values{
		"no account named": request(h.app),
		"other account":    request(h.app, "account_id", "1"),
		"more scopes":      request(h.app, "account_id", "2", "scope", "read write"),
	} {
		t.Run(name, func(t *testing.T) { h.form(h.open(params)) })
	}
	t.Run("grown", func(t *testing.T) {
		h.code(request(h.app, "scope", "write"), "2")
		h.answer(h.open(request(h.app, "account_id", "2", "scope", "read write")))
	})
	t.Run("only account", func(t *testing.T) {
		h.user = bob()
		h.code(request(h.app), "3")
		h.tokens(h.redemption(h.app, h.answer(h.open(request(h.app))).Get("code")))
		h.user = alice()
	})
	t.Run("public client", func(t *testing.T) {
		h.code(request(h.public), "2")
		h.form(h.open(request(h.public, "account_id", "2")))
	})
	t.Run("withdrawn", func(t *testing.T) {
		grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1").ForAccount("2").ToApplication(h.app.ID), oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, grants.Items, 1)
		_, err = h.Registry().RevokeGrant(t.Context(), oauthapp.GrantsOfUser("1"), grants.Items[0].ID)
		require.NoError(t, err)
		h.form(h.open(request(h.app, "account_id", "2")))
	})
	t.Run("all tokens revoked", func(t *testing.T) {
		h.code(request(h.app), "2")
		_, err := h.Registry().RevokeTokens(t.Context(), oauthapp.AnyOwner, h.app.ID)
		require.NoError(t, err)
		h.form(h.open(request(h.app, "account_id", "2")))
	})
}

// A browser that looks ahead authorizes nothing. It is refused, so that it asks
// again when the user goes there.
func TestPrefetchAuthorizesNothing(t *testing.T) {
	h := newHost(t)
	h.user = bob()
	h.code(request(h.app), "3")
	before := h.store.counted()
	for _, header := range [][2]string{{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}} {
		for _, pairs := range [][]string{nil, {"prompt", "none"}, {"scope", "read write"}} {
			r := httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+request(h.app, pairs...).Encode(), nil)
			r.Header.Set(header[0], header[1])
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusServiceUnavailable, w.Code, header)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Empty(t, w.Header().Get("Location"))
		}
	}
	require.Equal(t, before, h.store.counted())
	h.answer(h.open(request(h.app)))
}

// A grant that is withdrawn while an authorization request relies on it is not
// brought back by that request.
func TestConsentWithdrawnMeanwhile(t *testing.T) {
	h := newHost(t)
	h.code(request(h.app), "2")
	h.store.reset()
	filter := oauthapp.GrantsOfUser("1")
	h.store.Store = withdrawing{h.store.Store, func(ctx context.Context, s store.Store) {
		grants, err := s.Grants(ctx, filter, oauthapp.Page{})
		require.NoError(t, err)
		_, err = s.RevokeGrant(ctx, filter, grants.Items[0].ID)
		require.NoError(t, err)
	}}
	h.form(h.open(request(h.app, "account_id", "2")))
	require.Equal(t, map[string]int{"Client": 1, "Grants": 1, "BeginSession": 1}, h.store.counted(), "nothing that could fail halfway")
	left, err := h.Registry().Grants(t.Context(), filter, oauthapp.Page{})
	require.NoError(t, err)
	require.Empty(t, left.Items)
}

// withdrawing calls withdraw before a session begins.
type withdrawing struct {
	store.Store
	withdraw func(context.Context, store.Store)
}

func (s withdrawing) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	s.withdraw(ctx, s.Store)
	return s.Store.BeginSession(ctx, b)
}

var checked = regexp.MustCompile(`name="account_id" value="(\w+)" checked`)

func TestAccountPreselected(t *testing.T) {
	h := newHost(t)
	selected := func(w *httptest.ResponseRecorder) string {
		match := checked.FindAllStringSubmatch(w.Body.String(), -1)
		require.Len(t, match, 1)
		return match[0][1]
	}
	require.Equal(t, "1", selected(h.open(request(h.app))), "the first")
	require.Equal(t, "2", selected(h.open(request(h.app, "account_id", "2"))), "the one named")
	h.code(request(h.app), "2")
	require.Equal(t, "2", selected(h.open(request(h.app))), "the one granted")
	require.Equal(t, "1", selected(h.open(request(h.app, "account_id", "1"))), "the one named")
}

func TestGrantCreatedEvent(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.RemoteAddr = func(r *http.Request) string { return r.Header.Get("X-Real-IP") }
	})
	form := change(h.form(h.open(request(h.app))), "decision", "authorize", "account_id", "2")
	h.answer(h.post("/oauth/authorize", form, header("X-Real-IP", "198.51.100.7"), header("User-Agent", strings.Repeat("ü", 300))))
	events := h.events.take()
	require.Len(t, events, 1)
	e := events[0]
	require.Equal(t, oauthapp.GrantCreated, e.Type)
	require.Equal(t, []string{h.app.ClientID, h.app.Owner, h.app.Name, "1", "2"}, []string{e.ClientID, e.Owner, e.ApplicationName, e.UserID, e.AccountID})
	require.Equal(t, []string{"read"}, e.Scopes)
	require.Equal(t, "1", e.Actor.UserID)
	require.Equal(t, "198.51.100.7", e.Actor.RemoteAddr)
	require.Equal(t, strings.Repeat("ü", 128), e.Actor.UserAgent)
	require.Equal(t, h.clock.Now(), e.Time)
	require.NotEqual(t, uuid.Nil, e.SessionID)
	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, grants.Items[0].ID, e.GrantID)
}

// What an application can do already stays with it, so that the page does not
// say that it cannot, whatever it asks for now.
func TestNothingIsDeniedThatItCanDoAlready(t *testing.T) {
	h := newHost(t)
	cannot := func() string {
		_, cannot, found := strings.Cut(h.open(request(h.app, "scope", "read", "prompt", "consent")).Body.String(), `<details class="cannot"`)
		require.True(t, found)
		return cannot
	}
	require.Contains(t, cannot(), "Change your data")
	h.code(request(h.app, "scope", "read write"), "2")
	require.NotContains(t, cannot(), "Change your data")
}

// The accounts that an application has access to come first, the one that got
// it last at their head and selected.
func TestAccountsInTheOrderOfConsent(t *testing.T) {
	h := newHost(t)
	h.user.Accounts = append(h.user.Accounts, flow.Account{ID: "7", Name: "Seven"})
	shown := func(pairs ...string) (accounts []string) {
		page := h.open(request(h.app, pairs...)).Body.String()
		for _, input := range regexp.MustCompile(`name="account_id" value="(\d+)"( checked)?`).FindAllStringSubmatch(page, -1) {
			accounts = append(accounts, input[1]+input[2])
		}
		return accounts
	}
	require.Equal(t, []string{"1 checked", "2", "7"}, shown())
	h.code(request(h.app), "2")
	h.clock.advance(time.Minute)
	h.code(request(h.app), "7")
	require.Equal(t, []string{"7 checked", "2", "1"}, shown())
	h.clock.advance(time.Minute)
	h.code(request(h.app, "scope", "read write"), "2")
	require.Equal(t, []string{"2 checked", "7", "1"}, shown())
	require.Equal(t, []string{"2", "7", "1 checked"}, shown("account_id", "1"))
}

// An application on the user's device is named by the scheme that is its own.
func TestDestinationOfAnAppOnTheDevice(t *testing.T) {
	h := newHost(t)
	app, _, err := h.Registry().Register(t.Context(), "1", oauthapp.Registration{
		Name: "App", Type: oauthapp.Public, HomepageURL: "https://app.example", CallbackURLs: []string{"com.example.app:/callback"},
	})
	require.NoError(t, err)
	require.Contains(t, h.open(request(app, "redirect_uri", "")).Body.String(), "<strong><bdi>com.example.app</bdi></strong>")
}
