package dashboard_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// A place is a page and the form on it.
type place struct{ page, action string }

// places are all forms: of an application of an account, and of what has access
// to that.
func (s *site) places(app oauthapp.Application, grant oauthapp.Grant) map[string]place {
	s.t.Helper()
	secret := pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke")
	return map[string]place{
		"create":        {list(app.Owner) + "/new", list(app.Owner)},
		"edit":          {pathOf(app, "edit"), pathOf(app)},
		"reset secret":  {pathOf(app), pathOf(app, "secrets")},
		"revoke secret": {secret, secret},
		"revoke all":    {pathOf(app, "revoke"), pathOf(app, "revoke")},
		"delete":        {pathOf(app, "delete"), pathOf(app, "delete")},
		"offer":         {pathOf(app, "transfer"), pathOf(app, "transfer")},
		"revoke grant":  {list(app.Owner), "/accounts/" + app.Owner + "/authorized_applications/" + grant.ID.String() + "/revoke"},
	}
}

// filled opens the page of a form and fills it in so that it can be carried
// out.
func (s *site) filled(p place, app oauthapp.Application) url.Values {
	s.t.Helper()
	form := s.open(p.page).form(p.action)
	if form.Has("name") {
		fill(form, append(registration(), "name", "Typed\u00e9", "description", "Line one\r\nline <two>")...)
	}
	if form.Has("confirm_name") {
		form.Set("confirm_name", app.Name)
	}
	return form
}

// newPlaces returns a new site with one application, and the places of it.
func newPlaces(t *testing.T) (*site, oauthapp.Application, map[string]place) {
	t.Helper()
	s := newSite(t)
	app, _ := s.register("2")
	return s, app, s.places(app, s.authorize(app, "1", "2", "read"))
}

// sendAgain sends a form that is shown again, which holds what was typed, and
// which is carried out now.
func (s *site) sendAgain(again *answer, p place, app oauthapp.Application, form url.Values, fields ...string) {
	s.t.Helper()
	events := len(s.events)
	refilled := again.form(p.action)
	for _, field := range append(fields, "name", "description", "homepage_url", "callback_url") {
		require.Equal(s.t, strings.ReplaceAll(form.Get(field), "\r\n", "\n"), strings.ReplaceAll(refilled.Get(field), "\r\n", "\n"), field)
	}
	if form.Has("confirm_name") {
		refilled.Set("confirm_name", app.Name)
	}
	done := s.do(http.MethodPost, p.action, refilled)
	require.Less(s.t, done.Status, 400, done.text())
	require.Len(s.t, s.events, events+1)
}

// Who is signed out when they send a form comes back from signing in to where
// it can be done again, is told that nothing was done, and finds what they
// typed.
func TestFormSentWhileSignedOut(t *testing.T) {
	_, _, names := newPlaces(t)
	for name := range names {
		t.Run(name, func(t *testing.T) {
			s, app, places := newPlaces(t)
			p := places[name]
			form := s.filled(p, app)
			events := len(s.events)
			s.user = nil
			s.pass(25 * time.Hour) // longer than the form is good for
			sent := s.do(http.MethodPost, p.action, form)
			require.Equal(t, http.StatusSeeOther, sent.Status)
			login, err := url.Parse(sent.Header.Get("Location"))
			require.NoError(t, err)
			returnTo := login.Query().Get("return_to")
			require.True(t, strings.HasPrefix(returnTo, p.page+"?"), returnTo)
			require.NotContains(t, returnTo, form.Get("ticket"), "what a form needs is in no URL")

			const told = "Nothing was changed: you were signed out when you sent this."
			s.user = bob() // has this account too, and did not send it
			require.NotContains(t, s.open(returnTo).text(), "Nothing was changed")
			s.user = alice()
			s.user.Session = "alice-2"
			again := s.open(returnTo)
			require.Contains(t, again.text(), told)
			require.Len(t, s.events, events, "nothing was done")
			s.sendAgain(again, p, app, form, "client_type")

			if name != "delete" && !strings.HasPrefix(name, "revoke secret") {
				s.pass(15 * time.Minute)
				require.NotContains(t, s.open(returnTo).text(), "Nothing was changed", "later")
			}
		})
	}
}

// A page that says that nothing was changed is made for those whose form it
// was.
func TestUnsentCannotBeMadeUp(t *testing.T) {
	s, app, places := newPlaces(t)
	p := places["edit"]
	own := s.filled(p, app)
	s.user = bob()
	bobs := s.filled(p, app)
	for name, ticket := range map[string]string{
		"another user's":   bobs.Get("ticket"),
		"another action's": func() string { s.user = alice(); return s.filled(places["revoke all"], app).Get("ticket") }(),
		"nonsense":         "AAAA.AAAA",
		"no half":          "AAAA",
		"none":             "",
	} {
		t.Run(name, func(t *testing.T) {
			s.user = nil
			sent := s.do(http.MethodPost, p.action, fill(url.Values{}, "name", "Evil", "ticket", ticket))
			login, err := url.Parse(sent.Header.Get("Location"))
			require.NoError(t, err)
			s.user = alice()
			shown := s.open(login.Query().Get("return_to"))
			require.NotContains(t, shown.text(), "Nothing was changed")
			require.Equal(t, app.Name, shown.form(p.action).Get("name"))
		})
	}
	t.Run("changed on the way", func(t *testing.T) {
		s.user = nil
		sent := s.do(http.MethodPost, p.action, own)
		login, err := url.Parse(sent.Header.Get("Location"))
		require.NoError(t, err)
		returnTo, err := url.Parse(login.Query().Get("return_to"))
		require.NoError(t, err)
		s.user = alice()
		require.Contains(t, s.open(returnTo.String()).text(), "Nothing was changed")
		for field := range returnTo.Query() {
			for _, value := range []string{"", returnTo.Query().Get(field) + "A"} {
				query := returnTo.Query()
				query.Set(field, value)
				shown := s.open(returnTo.Path + "?" + query.Encode())
				require.NotContains(t, shown.text(), "Nothing was changed", field)
				require.Equal(t, app.Name, shown.form(p.action).Get("name"), field)
			}
		}
		require.NotContains(t, s.open(pathOf(app)+"?"+returnTo.RawQuery).text(), "Nothing was changed", "another page")
	})
}

// A form of this user that comes from another session of theirs, or too late,
// is shown again with what was typed.
func TestStaleFormIsShownAgain(t *testing.T) {
	_, _, names := newPlaces(t)
	for name := range names {
		for why, stale := range map[string]struct {
			told string
			make func(*site)
		}{
			"another session": {"this page was made before you signed in again", func(s *site) { s.user.Session = "alice-2" }},
			"too late":        {"this page was open for too long", func(s *site) { s.pass(24 * time.Hour) }},
		} {
			t.Run(name+"/"+why, func(t *testing.T) {
				s, app, places := newPlaces(t)
				p := places[name]
				form := s.filled(p, app)
				events := len(s.events)
				stale.make(s)
				again := s.do(http.MethodPost, p.action, form)
				require.Equal(t, http.StatusForbidden, again.Status)
				require.Contains(t, again.text(), "Nothing was changed: "+stale.told)
				require.Len(t, s.events, events, "nothing was done, and whoever forgot a page is no attacker")
				s.sendAgain(again, p, app, form)
			})
		}
	}
}

// A ticket is good for the form that it came with and for no other.
func TestTicketIsForOneAction(t *testing.T) {
	s, app, places := newPlaces(t)
	second, _ := s.register("2", "name", "Second")
	for name, p := range s.places(second, s.authorize(second, "1", "2", "read")) {
		places["second "+name] = p
	}
	forms := map[string]url.Values{}
	for name, p := range places {
		forms[name] = s.filled(p, app)
	}
	events, secrets := len(s.events), s.secrets(app)
	for name, form := range forms {
		for other, p := range places {
			if p.action == places[name].action {
				continue
			}
			sent := fill(fill(url.Values{}, append(registration(), "confirm_name", app.Name)...), "ticket", form.Get("ticket"))
			if form.Has("client_id") {
				sent.Set("client_id", form.Get("client_id"))
			}
			require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, p.action, sent).Status, "%s to %s", name, other)
		}
	}
	for _, e := range s.events[events:] {
		require.Equal(t, oauthapp.ApplicationFormRefused, e.Type)
	}
	require.Equal(t, secrets, s.secrets(app))
}

// A form registers under the client ID that it was made with and no other, so
// that it tells nothing of the applications of others.
func TestFormKeepsItsClientID(t *testing.T) {
	s := newSite(t)
	theirs, _ := s.register("1")
	for _, id := range []string{theirs.ClientID, theirs.ID.String(), oauthapp.NewClientID(), "", "x"} {
		form := fill(s.open(list("2")+"/new").form(list("2")), registration()...)
		form.Set("client_id", id)
		a := s.do(http.MethodPost, list("2"), form)
		require.Equal(t, http.StatusForbidden, a.Status, id)
	}
}

// The application registered last is listed first, whenever its form was
// opened.
func TestNewestIsListedFirst(t *testing.T) {
	s := newSite(t)
	opened := fill(s.open(list("1")+"/new").form(list("1")), append(registration(), "name", "Opened first")...)
	s.register("1", "name", "Opened later")
	require.Equal(t, http.StatusOK, s.do(http.MethodPost, list("1"), opened).Status)
	text := s.open(list("1")).text()
	require.Less(t, strings.Index(text, "Opened first"), strings.Index(text, "Opened later"))
}

// Forms whose typed content is long are not carried through a URL, which says
// so.
func TestLongDraftIsNotKept(t *testing.T) {
	s, app, places := newPlaces(t)
	form := s.filled(places["edit"], app)
	var description strings.Builder
	for i := range 1000 {
		description.WriteRune(rune(0x4e00 + (i*7919)%20000))
	}
	form.Set("description", strings.Repeat(description.String(), 4))
	s.user = nil
	sent := s.do(http.MethodPost, places["edit"].action, form)
	require.Less(t, len(sent.Header.Get("Location")), 8<<10)
	login, err := url.Parse(sent.Header.Get("Location"))
	require.NoError(t, err)
	s.user = alice()
	shown := s.open(login.Query().Get("return_to"))
	require.Contains(t, shown.text(), "Nothing was changed")
	require.Contains(t, shown.text(), "too long to be kept")
	require.Equal(t, app.Name, shown.form(places["edit"].action).Get("name"))
}

// pipes is a listener of connections in memory, which keep the time of a test.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A body that does not arrive is not waited for, whoever sends it.
func TestSlowFormIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		form := s.filled(place{list("2") + "/new", list("2")}, oauthapp.Application{}).Encode()
		listener := make(pipes)
		server := &http.Server{Handler: s.pages}
		go func() { _ = server.Serve(listener) }()
		send := func(body string, more ...string) *http.Response {
			client, conn := net.Pipe()
			listener <- conn
			t.Cleanup(func() { _ = client.Close() })
			go func() {
				_, _ = fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: service.example\r\nSec-Fetch-Site: same-origin\r\n"+
					"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", list("2"), len(form), body)
				for _, part := range more {
					time.Sleep(20 * time.Second)
					_, _ = io.WriteString(client, part)
				}
			}()
			answer, err := http.ReadResponse(bufio.NewReader(client), nil)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, answer.Body)
			return answer
		}
		begin := time.Now()
		answer := send(form[:10])
		require.Equal(t, http.StatusRequestTimeout, answer.StatusCode)
		require.True(t, answer.Close)
		require.Equal(t, 30*time.Second, time.Since(begin))
		require.Empty(t, s.eventTypes())

		require.Equal(t, http.StatusOK, send(form[:10], form[10:]).StatusCode)
		require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationCreated}, s.eventTypes())
		close(listener)
		require.NoError(t, server.Close())
	})
}

// Where the host names no session, a form is good in the browser that it was
// made for, by a cookie that pages with a form set: one of another browser does
// nothing, although the user is the same, and is shown again with what was
// typed.
func TestFormIsBoundToItsBrowser(t *testing.T) {
	s := newSite(t)
	s.user.Session = ""
	action := list("1")
	cookieOf := func(a *answer) *http.Cookie {
		t.Helper()
		cookies := (&http.Response{Header: a.Header}).Cookies()
		require.Len(t, cookies, 1)
		return cookies[0]
	}
	with := func(cookie *http.Cookie) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(cookie) }
	}
	page := s.open(action + "/new")
	own, other := cookieOf(page), cookieOf(s.open(action+"/new"))
	require.Equal(t, "__Host-oauthapps_form", own.Name)
	require.True(t, own.Secure && own.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, own.SameSite)
	require.NotEqual(t, own.Value, other.Value)
	require.Empty(t, s.do(http.MethodGet, action+"/new", nil, with(own)).Header["Set-Cookie"], "the browser has one")
	require.Empty(t, s.get(action).Header["Set-Cookie"], "a page without a form")
	require.Empty(t, s.get(list("no-account")).Header["Set-Cookie"], "an error")

	form := fill(page.form(action), registration()...)
	for name, edit := range map[string]func(*http.Request){"no cookie": func(*http.Request) {}, "another browser's": with(other)} {
		refused := s.do(http.MethodPost, action, form, edit)
		require.Equal(t, http.StatusForbidden, refused.Status, name)
		require.Contains(t, refused.text(), "Nothing was changed: this page was made for another browser", name)
		require.Equal(t, "Weather Station", refused.form(action).Get("name"), name)
		apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("1"), oauthapp.Page{})
		require.NoError(t, err)
		require.Empty(t, apps.Items, name)
	}
	require.Equal(t, http.StatusOK, s.do(http.MethodPost, action, form, with(own)).Status)

	// What was done is told in this browser alone.
	app := one(t, s)
	path := pathOf(app, "revoke")
	done := s.do(http.MethodPost, path, s.do(http.MethodGet, path, nil, with(own)).form(path), with(own))
	require.Equal(t, http.StatusSeeOther, done.Status)
	notice := "All user tokens are revoked."
	require.Contains(t, s.do(http.MethodGet, done.Header.Get("Location"), nil, with(own)).text(), notice)
	require.NotContains(t, s.do(http.MethodGet, done.Header.Get("Location"), nil, with(other)).text(), notice)
}

// one returns the one application of the account 1.
func one(t *testing.T, s *site) oauthapp.Application {
	t.Helper()
	apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, apps.Items, 1)
	return apps.Items[0]
}
