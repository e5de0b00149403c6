package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
)

func carol() *flow.User {
	return &flow.User{ID: "3", Name: "carol@example.com", Session: "carol-1", Accounts: administered("4", "Carol", "5", "Carol Ltd")}
}

// offer has the user who is signed in offer an application, and returns the
// code.
func (s *site) offer(app oauthapp.Application) string {
	s.t.Helper()
	a := s.submit(pathOf(app, "transfer"), pathOf(app, "transfer"))
	require.Equal(s.t, http.StatusOK, a.Status, a.text())
	code := a.byID("transfer-code")
	require.Len(s.t, code, 52)
	return code
}

func receive(account string) string { return list(account) + "/receive" }

// enter enters a code for an account.
func (s *site) enter(account, code string, pairs ...string) *answer {
	s.t.Helper()
	return s.submit(receive(account), receive(account), append([]string{"code", code}, pairs...)...)
}

func (s *site) owner(app oauthapp.Application) string {
	s.t.Helper()
	kept, err := s.provider.Registry().Application(s.t.Context(), oauthapp.AnyOwner, app.ID)
	require.NoError(s.t, err)
	return kept.Owner
}

// From the offer to the receiver, who sees what it is before they accept.
func TestTransfer(t *testing.T) {
	s := newSite(t)
	app, secret := s.register("2")
	grant := s.authorize(app, "9", "9", "read")
	s.events = nil
	code := s.offer(app)
	again := s.open(pathOf(app, "transfer"))
	require.Contains(t, again.text(), "Offered by you until 11 Mar 2026")
	require.NotContains(t, again.Body, code, "it is shown once")
	require.Contains(t, s.open(pathOf(app)).text(), "offered by you, until 11 Mar 2026")

	s.user = carol()
	offered := s.enter("4", " "+strings.ToLower(code[:26])+"-"+code[26:]+"\n")
	require.Equal(t, http.StatusOK, offered.Status, offered.text())
	for _, text := range []string{"Weather Station", "https://weather.example", "2", "1", "Carol"} {
		require.Contains(t, offered.text(), text)
	}
	require.Equal(t, "2", s.owner(app), "to look is not to accept")
	accept := fill(offered.form(receive("4")), "decision", "accept")
	page := s.follow(s.do(http.MethodPost, receive("4"), accept))
	require.Contains(t, page.text(), "The application belongs to this account now")
	require.Equal(t, "4", s.owner(app))
	theirs := app
	theirs.Owner = "4"
	require.True(t, s.accepts(theirs, secret))
	kept, err := s.provider.Registry().Grants(t.Context(), oauthapp.GrantsToApplication(app.ID), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, grant.ID, kept.Items[0].ID)

	require.Contains(t, s.follow(s.do(http.MethodPost, receive("4"), accept)).text(), "This account has this application already", "a form that comes twice")
	require.Equal(t, http.StatusUnprocessableEntity, s.enter("5", code, "decision", "accept").Status)
	var types []oauthapp.EventType
	for _, e := range s.events {
		types = append(types, e.Type)
		require.Equal(t, app.ID, e.ApplicationID)
	}
	require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationTransferOffered, oauthapp.ApplicationTransferred}, types)
	require.Equal(t, []string{"1", "2", "3", "4", "2"}, []string{
		s.events[0].Actor.UserID, s.events[0].AccountID, s.events[1].Actor.UserID, s.events[1].Owner, s.events[1].FormerOwner,
	})

	s.user = alice()
	require.Equal(t, http.StatusNotFound, s.get(pathOf(app)).Status)
	s.user = carol()
	require.NotContains(t, s.open(pathOf(theirs, "transfer")).text(), "Offered by")
	require.NotContains(t, s.open(pathOf(theirs)).text(), "offered by")
}

// A code opens nothing any more, and tells nothing, once its offer has ended.
func TestOffersEnd(t *testing.T) {
	for name, end := range map[string]func(s *site, app oauthapp.Application, code string){
		"it was wrong": func(*site, oauthapp.Application, string) {},
		"withdrawn": func(s *site, app oauthapp.Application, _ string) {
			s.user = alice()
			require.Contains(s.t, s.follow(s.submit(pathOf(app, "transfer"), pathOf(app, "transfer", "withdraw"))).text(), "The offer is withdrawn")
		},
		"replaced": func(s *site, app oauthapp.Application, _ string) { s.user = alice(); s.offer(app) },
		"expired":  func(s *site, _ oauthapp.Application, _ string) { s.pass(7 * 24 * time.Hour) },
		"declined": func(s *site, _ oauthapp.Application, code string) {
			s.follow(s.enter("5", code, "decision", "decline"))
		},
		"accepted":    func(s *site, _ oauthapp.Application, code string) { s.follow(s.enter("5", code, "decision", "accept")) },
		"transferred": func(s *site, app oauthapp.Application, _ string) { s.transfer(app, "7") },
		"deleted": func(s *site, app oauthapp.Application, _ string) {
			require.NoError(s.t, s.provider.Registry().Delete(s.t.Context(), oauthapp.AnyOwner, app.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			app, _ := s.register("2")
			code := s.offer(app)
			s.user = carol()
			require.Equal(t, http.StatusOK, s.enter("4", code).Status)
			end(s, app, code)
			s.user = carol()
			if name == "it was wrong" {
				last := map[bool]string{true: "B", false: "A"}[code[51] == 'A']
				code = code[:51] + last
			}
			for _, decision := range []string{"", "accept", "decline"} {
				a := s.enter("4", code, "decision", decision)
				require.Equal(t, http.StatusUnprocessableEntity, a.Status, a.text())
				require.Contains(t, a.text(), "No application is offered with this code.")
				require.NotContains(t, a.text(), "Weather Station")
				require.Equal(t, code, a.form(receive("4")).Get("code"), "what was typed is there")
			}
			if name != "deleted" {
				require.NotEqual(t, "4", s.owner(app))
			}
		})
	}
	s := newSite(t)
	for _, code := range []string{"", "A", "¤", strings.Repeat("A", 26), strings.Repeat("A", 52), strings.Repeat("1", 52), strings.Repeat("A", 1000)} {
		require.Equal(t, http.StatusUnprocessableEntity, s.enter("1", code).Status, code)
	}
}

func (s *site) transfer(app oauthapp.Application, to string) {
	_, err := s.provider.Registry().Transfer(s.t.Context(), oauthapp.AnyOwner, app.ID, to)
	require.NoError(s.t, err)
}

// However many accept an offer at once, one account gets the application.
func TestAcceptedAtOnce(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	code := s.offer(app)
	s.user = carol()
	accounts := []string{"4", "5"}
	forms := map[string]url.Values{}
	for _, account := range accounts {
		forms[account] = fill(s.open(receive(account)).form(receive(account)), "code", code, "decision", "accept")
	}
	answers := make([]*answer, 20)
	var all sync.WaitGroup
	for i := range answers {
		account := accounts[i%2]
		all.Go(func() { answers[i] = s.do(http.MethodPost, receive(account), forms[account]) })
	}
	all.Wait()
	owner := s.owner(app)
	require.Contains(t, accounts, owner)
	transfers := 0
	for _, e := range s.events {
		if e.Type == oauthapp.ApplicationTransferred {
			transfers++
		}
	}
	require.Equal(t, 1, transfers)
	for i, a := range answers {
		if accounts[i%2] != owner {
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, a.text())
		}
	}
}

// as returns what does something as another user than who is signed in.
func (s *site) as(user *flow.User, do func()) func() {
	return func() {
		before := s.user
		s.user = user
		do()
		s.user = before
	}
}

// An offer that somebody is accepting cannot be withdrawn any more, and nobody
// is told that it was.
func TestWithdrawnWhileItIsAccepted(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	code := s.offer(app)
	withdraw := s.open(pathOf(app, "transfer")).form(pathOf(app, "transfer", "withdraw"))
	s.user = carol()
	form := fill(s.open(receive("4")).form(receive("4")), "code", code, "decision", "accept")
	s.events = nil
	s.store.replaced = s.as(alice(), func() {
		page := s.follow(s.do(http.MethodPost, pathOf(app, "transfer", "withdraw"), withdraw))
		require.NotContains(t, page.text(), "The offer is withdrawn")
		require.Contains(t, page.text(), "There is no offer to withdraw")
	})
	s.follow(s.do(http.MethodPost, receive("4"), form))
	require.Equal(t, "4", s.owner(app))
	require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationTransferred}, s.eventTypes())
}

// An offer that is accepted before its withdrawal is kept was not withdrawn.
func TestAcceptedWhileItIsWithdrawn(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	code := s.offer(app)
	withdraw := s.open(pathOf(app, "transfer")).form(pathOf(app, "transfer", "withdraw"))
	s.events = nil
	s.store.replacing = s.as(carol(), func() { s.follow(s.enter("4", code, "decision", "accept")) })
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, pathOf(app, "transfer", "withdraw"), withdraw).Status)
	require.Equal(t, "4", s.owner(app))
	require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationTransferred}, s.eventTypes())
}

// Nobody gets an application that is deleted while they accept it.
func TestDeletedWhileItIsAccepted(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	code := s.offer(app)
	s.user = carol()
	s.store.replaced = func() {
		require.NoError(t, s.provider.Registry().Delete(t.Context(), oauthapp.OwnedBy("2"), app.ID))
	}
	a := s.enter("4", code, "decision", "accept")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "No application is offered with this code.")
}

// An offer that takes the place of one that somebody is declining, or cannot
// accept, is open.
func TestOfferedAnewWhileItIsAnswered(t *testing.T) {
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) { cfg.Applications.Max = 1 })
	s.user = carol()
	s.register("4", "name", "Another")
	s.user = alice()
	app, _ := s.register("2")
	offer := s.open(pathOf(app, "transfer")).form(pathOf(app, "transfer"))
	for _, decision := range []string{"decline", "accept"} {
		s.user = alice()
		code, newer := s.offer(app), ""
		s.user = carol()
		form := fill(s.open(receive("4")).form(receive("4")), "code", code, "decision", decision)
		s.store.replaced = s.as(alice(), func() {
			newer = s.do(http.MethodPost, pathOf(app, "transfer"), offer).byID("transfer-code")
		})
		s.do(http.MethodPost, receive("4"), form)
		require.Equal(t, http.StatusUnprocessableEntity, s.enter("5", code).Status, decision)
		require.Equal(t, http.StatusOK, s.enter("5", newer).Status, decision)
	}
	require.NotContains(t, s.log.String(), "level=ERROR")
}

// What keeps an account from getting an application is told, and the offer
// stays open.
func TestOffersThatCannotBeAccepted(t *testing.T) {
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Applications.Max = 1
		cfg.Applications.ReservedName = func(owner, name string) bool { return owner == "5" && name == "Weather Station" }
	})
	app, _ := s.register("2")
	code := s.offer(app)
	a := s.enter("2", code, "decision", "accept")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "This account has the application already")

	s.user = carol()
	taken, _ := s.register("4", "name", "Another")
	a = s.enter("4", code, "decision", "accept")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "This account has as many applications as it may have: 1.")
	require.Equal(t, code, a.form(receive("4")).Get("code"))
	a = s.enter("5", code, "decision", "accept")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "Name looks like one that users know already")

	s.store.down = "TransferApplication"
	require.Equal(t, http.StatusServiceUnavailable, s.enter("4", code, "decision", "accept").Status)
	s.store.down = ""
	require.Equal(t, "2", s.owner(app))
	require.NoError(t, s.provider.Registry().Delete(t.Context(), oauthapp.OwnedBy("4"), taken.ID))
	s.follow(s.enter("4", code, "decision", "accept"))
	require.Equal(t, "4", s.owner(app))
}

// Offering and receiving are for those who manage applications. A code is not
// in the URL to sign in at.
func TestWhoTransfers(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	code := s.offer(app)
	page := s.open(pathOf(app, "transfer"))
	s.user.Accounts[1].Role = flow.RevokeGrants
	for _, action := range []string{pathOf(app, "transfer"), pathOf(app, "transfer", "withdraw")} {
		require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, action, page.form(action)).Status)
	}
	require.Equal(t, http.StatusForbidden, s.get(pathOf(app, "transfer")).Status)

	s.user = carol()
	s.user.Accounts = administered("2", "Acme Inc")
	require.Contains(t, s.open(pathOf(app)).text(), "It was offered by user 1, until", "others see an offer that is open, whatever became of who made it")

	s.user = carol()
	require.Equal(t, http.StatusNotFound, s.get(pathOf(app, "transfer")).Status)
	form := fill(s.open(receive("4")).form(receive("4")), "code", code, "decision", "accept")
	s.user.Accounts[0].Role = flow.Member
	require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, receive("4"), form).Status)
	require.NotContains(t, s.open(list("4")).Body, receive("4"))

	s.user = carol()
	s.user.Session = "carol-2"
	stale := s.do(http.MethodPost, receive("4"), form)
	require.Equal(t, http.StatusForbidden, stale.Status)
	require.Equal(t, code, stale.form(receive("4")).Get("code"), "what was typed is there")

	s.user = nil
	out := s.do(http.MethodPost, receive("4"), form)
	require.Equal(t, http.StatusSeeOther, out.Status)
	s.user = carol()
	login := strings.TrimPrefix(out.Header.Get("Location"), "/login?return_to=")
	require.NotContains(t, login, code)
	returnTo, err := url.QueryUnescape(login)
	require.NoError(t, err)
	back := s.open(returnTo)
	require.Contains(t, back.text(), "Nothing was changed")
	require.Empty(t, back.form(receive("4")).Get("code"))
	require.Equal(t, "2", s.owner(app))
}
