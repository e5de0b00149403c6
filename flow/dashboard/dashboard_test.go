package dashboard_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Times are in the zone that the host says for the person; it is asked once for
// a page.
func TestTimeZone(t *testing.T) {
	asked := 0
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Pages.TimeZone = func(*http.Request) *time.Location {
			asked++
			return time.FixedZone("", -3*60*60)
		}
	})
	app, _ := s.register("2")
	asked = 0
	const here = `<time datetime="2026-03-04T12:00:00Z">4 Mar 2026, 09:00 UTC−3</time>`
	require.Contains(t, s.open(pathOf(app)).Body, here)
	require.Equal(t, 1, asked)
	missing := s.get(list("2") + "/nothing")
	require.Equal(t, http.StatusNotFound, missing.Status)
	require.Contains(t, missing.Body, "09:00:00 UTC−3</time>")
}

func TestLifeOfAnApplication(t *testing.T) {
	s := newSite(t)

	empty := s.open(list("2"))
	require.Contains(t, empty.text(), "No application has access to this account.")
	require.Contains(t, empty.links(), list("2")+"/new")

	registered := s.submit(list("2")+"/new", list("2"), append(registration(),
		"description", "Publishes readings.", "callback_url", "https://weather.example/callback\r\n\r\n http://localhost:3000/callback \r\n")...)
	require.Equal(t, http.StatusOK, registered.Status, registered.text())
	require.Equal(t, "no-store", registered.Header.Get("Cache-Control"))
	require.True(t, isID(registered.byID("client-id")), registered.byID("client-id"))
	secret := registered.byID("client-secret")
	require.True(t, strings.HasPrefix(secret, "oa_cs_"))

	apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("2"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, apps.Items, 1)
	app := apps.Items[0]
	require.Equal(t, []string{"https://weather.example/callback", "http://localhost:3000/callback"}, app.CallbackURLs)
	require.Equal(t, oauthapp.Confidential, app.Type)
	require.True(t, s.accepts(app, secret))

	t.Run("it is listed and shown without its secret", func(t *testing.T) {
		require.Equal(t, pathOf(app), s.open(list("2")).link("Weather Station"))
		shown := s.open(pathOf(app))
		require.Equal(t, app.ClientID, shown.byID("client-id"))
		require.NotContains(t, shown.Body, `id="client-secret"`)
		require.NotContains(t, shown.Body, secret)
		for _, text := range []string{"Publishes readings.", "https://weather.example", "https://weather.example/callback", "http://localhost:3000/callback"} {
			require.Contains(t, shown.text(), text)
		}
	})
	t.Run("edit", func(t *testing.T) {
		form := s.open(pathOf(app, "edit")).form(pathOf(app))
		require.Equal(t, "Weather Station", form.Get("name"))
		require.Equal(t, "https://weather.example/callback\nhttp://localhost:3000/callback", form.Get("callback_url"))
		require.False(t, form.Has("client_type"))
		saved := s.follow(s.do(http.MethodPost, pathOf(app), fill(form, "name", "Weather Two", "description", "")))
		require.Contains(t, saved.text(), "The application is saved.")
		require.Contains(t, saved.text(), "Weather Two")
		require.NotContains(t, saved.text(), "Publishes readings.")
	})
	t.Run("reset with an overlap, then revoke the old secret", func(t *testing.T) {
		s.pass(time.Minute)
		answered := s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "1h")
		require.Equal(t, http.StatusOK, answered.Status)
		second := answered.byID("client-secret")
		require.NotEqual(t, secret, second)
		require.True(t, s.accepts(app, secret))
		require.True(t, s.accepts(app, second))
		require.Contains(t, answered.text(), "4 Mar 2026, 13:01 UTC", "when the old one expires")

		old := s.secrets(app)[1]
		warned := s.open(pathOf(app, "secrets", old.ID.String(), "revoke"))
		require.Contains(t, warned.text(), "This cannot be undone.")
		require.Contains(t, warned.text(), old.Hint)
		s.follow(s.submit(pathOf(app, "secrets", old.ID.String(), "revoke"), pathOf(app, "secrets", old.ID.String(), "revoke")))
		require.False(t, s.accepts(app, secret))
		require.True(t, s.accepts(app, second))
		secret = second
	})
	t.Run("reset now", func(t *testing.T) {
		answered := s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "0")
		require.Contains(t, answered.text(), "No other secret is accepted any more.")
		third := answered.byID("client-secret")
		require.False(t, s.accepts(app, secret))
		require.True(t, s.accepts(app, third))
	})
	t.Run("a user's access is shown and withdrawn", func(t *testing.T) {
		grant := s.authorize(app, "2", "1", "read", "write")
		card := s.open(list("1"))
		for _, text := range []string{"Weather Two", "Read your domains", "Change your domains", "by user 2"} {
			require.Contains(t, card.text(), text)
		}
		action := "/accounts/1/authorized_applications/" + grant.ID.String() + "/revoke"
		gone := s.follow(s.submit(list("1"), action))
		require.Contains(t, gone.text(), "No application has access to this account.")
		require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action, card.form(action)).Status, "twice")
	})
	t.Run("revoke all user tokens", func(t *testing.T) {
		for i := range 12 {
			s.authorize(app, fmt.Sprint("user-", i), "1", "read")
		}
		s.pass(3 * time.Minute)
		warned := s.open(pathOf(app, "revoke"))
		require.Contains(t, warned.text(), "This cuts off 12 users")
		require.Contains(t, warned.text(), "This cannot be undone.")
		done := s.follow(s.submit(pathOf(app, "revoke"), pathOf(app, "revoke")))
		require.Contains(t, done.text(), "All user tokens are revoked.")
		require.Contains(t, s.open(pathOf(app, "revoke")).text(), "Nobody gives it access at the moment")
	})
	t.Run("delete", func(t *testing.T) {
		require.Contains(t, s.open(pathOf(app, "delete")).text(), "This cannot be undone.")
		for _, wrong := range []string{"", "weather two", "WeatherTwo", "Weather"} {
			refused := s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", wrong)
			require.Equal(t, http.StatusUnprocessableEntity, refused.Status, wrong)
			require.Contains(t, refused.byID("confirm_name-problem"), "not the name")
			s.open(pathOf(app))
		}
		gone := s.follow(s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", "Weather Two"))
		require.Contains(t, gone.text(), "The application is deleted.")
		require.NotContains(t, gone.text(), "Weather Two")
		require.Equal(t, http.StatusNotFound, s.get(pathOf(app)).Status)
	})

	require.Equal(t, []oauthapp.EventType{
		oauthapp.ApplicationCreated, oauthapp.ApplicationUpdated, oauthapp.ClientSecretReset, oauthapp.ClientSecretRevoked,
		oauthapp.ClientSecretReset, oauthapp.GrantRevoked, oauthapp.ApplicationTokensRevoked, oauthapp.ApplicationDeleted,
	}, s.eventTypes())
	for _, e := range s.events {
		require.Equal(t, oauthapp.Actor{UserID: "1", RemoteAddr: "192.0.2.7", UserAgent: "Browser/1.0"}, e.Actor)
	}
	require.Empty(t, s.log.String())
}

// Whoever resets the secret without a further thought cuts nobody off, and
// whoever does it at once is told whom.
func TestResetKeepsTheSecretsForADay(t *testing.T) {
	s := newSite(t)
	app, first := s.register("1")
	require.Contains(t, s.open(pathOf(app)).text(), "not at all Whatever still uses the secret above is refused at once. Nothing has used it yet.")
	answered := s.submit(pathOf(app), pathOf(app, "secrets"))
	require.Contains(t, answered.text(), "The other secrets are accepted until 5 Mar 2026, 12:00 UTC, unless they expire sooner.")
	second := answered.byID("client-secret")
	require.True(t, s.accepts(app, first))
	require.Contains(t, answered.text(), "Whatever still uses one of the 2 secrets above is refused at once. Nothing has used them yet.")
	s.pass(24*time.Hour - time.Second)
	require.True(t, s.accepts(app, first))
	s.pass(time.Second)
	require.False(t, s.accepts(app, first))
	require.True(t, s.accepts(app, second))

	s.submit(pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke"), pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke"))
	none := s.open(pathOf(app))
	require.NotContains(t, none.text(), "refused at once", "there is nothing to choose")
	require.NotEmpty(t, s.do(http.MethodPost, pathOf(app, "secrets"), none.form(pathOf(app, "secrets"))).byID("client-secret"))
}

func (s *site) secrets(app oauthapp.Application) []oauthapp.Secret {
	s.t.Helper()
	secrets, err := s.provider.Registry().Secrets(s.t.Context(), oauthapp.OwnedBy(app.Owner), app.ID)
	require.NoError(s.t, err)
	return secrets
}

// accepts reports whether a client secret is accepted now.
func (s *site) accepts(app oauthapp.Application, secret string) bool {
	s.t.Helper()
	_, ok := oauthapp.MatchSecret(s.secrets(app), credential.DigestOf(secret), s.provider.Kernel().Now())
	return ok
}

func TestPublicApplicationHasNoSecret(t *testing.T) {
	s := newSite(t)
	app, secret := s.register("1", "client_type", "public", "callback_url", "http://127.0.0.1/callback")
	require.Empty(t, secret)
	require.Equal(t, oauthapp.Public, app.Type)
	shown := s.open(pathOf(app))
	require.NotContains(t, shown.Body, pathOf(app, "secrets"))

	// The form of a page that was overridden: a ticket for this action alone.
	form := s.ticketFor(pathOf(app, "secrets"))
	refused := s.do(http.MethodPost, pathOf(app, "secrets"), form)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Contains(t, refused.text(), "A public application has no client secret and needs none; register a confidential application to have one.")
}

func TestSecretIsShownOnce(t *testing.T) {
	s := newSite(t)
	form := fill(s.open(list("1")+"/new").form(list("1")), registration()...)
	first := s.do(http.MethodPost, list("1"), form)
	secret := first.byID("client-secret")
	require.NotEmpty(t, secret)

	t.Run("reloading the answer makes no second application", func(t *testing.T) {
		again := s.follow(s.do(http.MethodPost, list("1"), form))
		require.Contains(t, again.text(), "This application was registered already")
		require.NotContains(t, again.Body, "client-secret")
		require.Equal(t, first.byID("client-id"), again.byID("client-id"))
		apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("1"), oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, apps.Items, 1)
	})
	t.Run("a new form of the same content makes one", func(t *testing.T) {
		second, _ := s.register("1")
		require.NotEqual(t, first.byID("client-id"), second.ClientID)
	})
	t.Run("forms open side by side make one each", func(t *testing.T) {
		one, other := s.open(list("1")+"/new").form(list("1")), s.open(list("1")+"/new").form(list("1"))
		made := s.do(http.MethodPost, list("1"), fill(one, registration()...))
		also := s.do(http.MethodPost, list("1"), fill(other, registration()...))
		require.NotEmpty(t, made.byID("client-secret"))
		require.NotEmpty(t, also.byID("client-secret"))
		require.NotEqual(t, made.byID("client-id"), also.byID("client-id"))
	})
	t.Run("a form filled in anew makes another", func(t *testing.T) {
		other := s.do(http.MethodPost, list("1"), fill(form, "name", "Filled in anew"))
		require.NotEmpty(t, other.byID("client-secret"))
		require.NotEqual(t, first.byID("client-id"), other.byID("client-id"))
	})
	t.Run("a form sent many times at once makes one", func(t *testing.T) {
		form := fill(s.open(list("1")+"/new").form(list("1")), registration()...)
		var shown atomic.Int32
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if s.do(http.MethodPost, list("1"), form).Status == http.StatusOK {
					shown.Add(1)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, shown.Load())
	})
	t.Run("reloading a reset resets nothing", func(t *testing.T) {
		app, _ := s.register("1", "name", "Reset")
		form := s.open(pathOf(app)).form(pathOf(app, "secrets"))
		fresh := s.do(http.MethodPost, pathOf(app, "secrets"), form).byID("client-secret")
		again := s.follow(s.do(http.MethodPost, pathOf(app, "secrets"), form))
		require.Contains(t, again.text(), "nothing was reset")
		require.NotContains(t, again.Body, "client-secret")
		require.True(t, s.accepts(app, fresh))
	})
	t.Run("the address of the answer leads to the application", func(t *testing.T) {
		app, secret := s.register("1", "name", "Address")
		shown := s.follow(s.get(pathOf(app, "secrets")))
		require.NotContains(t, shown.Body, secret)
	})
	require.NotContains(t, s.log.String(), secret)
	require.NotContains(t, fmt.Sprintf("%+v", s.events), secret)
}

func TestInvalidInputIsShownAgain(t *testing.T) {
	typed := map[string]string{
		"name":         " ",
		"description":  "Line one\nline <two>",
		"homepage_url": "javascript:alert(1)",
		"callback_url": "http://example.com/cb\nhttps://ok.example/cb\nhttps://ok.example/cb",
		"client_type":  "public",
	}
	s := newSite(t)
	app, _ := s.register("1")
	for _, tt := range []struct{ name, target, action string }{
		{"register", list("1") + "/new", list("1")},
		{"edit", pathOf(app, "edit"), pathOf(app)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := s.open(tt.target).form(tt.action)
			for field, value := range typed {
				if field != "client_type" || form.Has(field) {
					form.Set(field, value)
				}
			}
			a := s.do(http.MethodPost, tt.action, form)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			again := a.form(tt.action)
			for field := range form {
				require.Equal(t, form.Get(field), again.Get(field), field)
			}
			for _, field := range []string{"name", "homepage_url", "callback_url"} {
				require.NotEmpty(t, a.byID(field+"-problem"), field)
				require.Contains(t, a.links(), "#"+field, "in the summary")
				n := a.element(field)
				require.Equal(t, "true", attr(n, "aria-invalid"), field)
				require.Contains(t, attr(n, "aria-describedby"), field+"-problem")
			}
			require.Contains(t, a.byID("callback_url-problem"), "http://example.com/cb")
			require.Contains(t, a.byID("callback_url-problem"), "listed twice")
			require.Empty(t, a.byID("description-problem"))
			require.Empty(t, attr(a.element("description"), "aria-invalid"))
			require.True(t, strings.HasPrefix(a.title(), "Error: "), a.title())

			// Mended, it is taken.
			done := s.do(http.MethodPost, tt.action, fill(again, "name", "Mended", "homepage_url", "https://ok.example", "callback_url", "https://ok.example/cb"))
			require.Less(t, done.Status, 400, done.text())
		})
	}
	t.Run("nothing was changed before", func(t *testing.T) {
		apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("1"), oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, apps.Items, 2)
	})
	t.Run("client type", func(t *testing.T) {
		a := s.submit(list("1")+"/new", list("1"), append(registration(), "client_type", "secret")...)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.NotEmpty(t, a.byID("client_type-problem"))

		a = s.submit(pathOf(app, "edit"), pathOf(app), append(registration(), "client_type", "public")...)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "cannot be changed")
		require.NotContains(t, a.links(), "#client_type", "a field that this form does not have")
	})
	t.Run("overlap", func(t *testing.T) {
		before := s.secrets(app)
		a := s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "9999h")
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "Choose from the list")
		require.Equal(t, before, s.secrets(app))
	})
}

func TestEditKeepsTheScopes(t *testing.T) {
	s := newSite(t)
	app, _, err := s.provider.Registry().Register(t.Context(), "1", oauthapp.Registration{
		Name: "Reader", HomepageURL: "https://reader.example", CallbackURLs: []string{"https://reader.example/cb"}, Scopes: []string{"read"},
	})
	require.NoError(t, err)
	saved := s.follow(s.submit(pathOf(app, "edit"), pathOf(app), "name", "Other"))
	require.Contains(t, saved.text(), "Read your domains read")
	app, err = s.provider.Registry().Application(t.Context(), oauthapp.OwnedBy("1"), app.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"read"}, app.Scopes)
}

func TestLimits(t *testing.T) {
	s := newSite(t, func(f *flow.Config, _ *dashboard.Config) { f.Applications.Max = 1 })
	app, _ := s.register("1")
	a := s.submit(list("1")+"/new", list("1"), append(registration(), "name", "One more")...)
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "as many as it may have")
	require.Equal(t, "One more", a.form(list("1")).Get("name"))

	for range 9 {
		require.Equal(t, http.StatusOK, s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "168h").Status)
	}
	a = s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "168h")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "as many secrets in use as there may be")
	require.Equal(t, http.StatusOK, s.submit(pathOf(app), pathOf(app, "secrets"), "overlap", "0").Status)
}

// What an account cannot see looks to it like what is not there.
func TestForeignIsNotFound(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("1") // Alice's own
	grant := s.authorize(app, "1", "1", "read")
	secret := s.secrets(app)[0].ID.String()

	s.user = bob()
	own, _ := s.register("3")
	form := fill(s.open(pathOf(own, "revoke")).form(pathOf(own, "revoke")), append(registration(), "confirm_name", app.Name)...)
	absent := s.get(list("3") + "/" + uuid.Must(uuid.NewV7()).String())
	require.Equal(t, http.StatusNotFound, absent.Status)

	id := app.ID.String()
	ids := map[string]string{
		"another account's": id,
		"absent":            uuid.Must(uuid.NewV7()).String(),
		"nil":               uuid.Nil.String(),
		"upper case":        strings.ToUpper(id),
		"braces":            "%7B" + id + "%7D",
		"urn":               "urn:uuid:" + id,
		"no dashes":         strings.ReplaceAll(id, "-", ""),
		"injection":         "'%20OR%201=1",
		"not UTF-8":         "%ff",
	}
	for name, id := range ids {
		t.Run(name, func(t *testing.T) {
			for _, below := range []string{"", "/edit", "/revoke", "/delete", "/secrets", "/secrets/" + secret + "/revoke"} {
				a := s.get(list("3") + "/" + id + below)
				require.Equal(t, http.StatusNotFound, a.Status, below)
				require.Equal(t, absent.Body, a.Body, below)
			}
			for _, below := range []string{"", "/revoke", "/delete", "/secrets", "/secrets/" + secret + "/revoke"} {
				a := s.do(http.MethodPost, list("3")+"/"+id+below, form)
				require.Equal(t, http.StatusNotFound, a.Status, below)
				require.Equal(t, absent.Body, a.Body, below)
			}
		})
	}
	t.Run("another account", func(t *testing.T) {
		for _, account := range []string{"1", "99", "*", "%2A", "1%2F..", "%00"} {
			for _, below := range []string{"", "/new", "/" + id} {
				require.Equal(t, http.StatusNotFound, s.get(list(account)+below).Status, account)
				if below != "/new" {
					require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, list(account)+below, form).Status, account)
				}
			}
		}
	})
	t.Run("another account's grant", func(t *testing.T) {
		for _, grantID := range []string{grant.ID.String(), uuid.Must(uuid.NewV7()).String(), "1"} {
			action := "/accounts/3/authorized_applications/" + grantID + "/revoke"
			require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action, s.ticketFor(action)).Status)
			require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action, form).Status)
		}
	})
	t.Run("another application's secret", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, s.get(pathOf(own, "secrets", secret, "revoke")).Status)
		require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, pathOf(own, "secrets", secret, "revoke"), form).Status)
	})

	s.user = alice()
	kept := s.open(list("1"))
	require.Contains(t, kept.text(), "by you", "nothing was changed")
	require.Len(t, s.secrets(app), 1)
	require.Contains(t, s.open(pathOf(app)).text(), "Weather Station")
}

func TestForgedFormsAreRefused(t *testing.T) {
	s, app, places := newPlaces(t)
	before := s.secrets(app)
	tickets := func() map[string]url.Values {
		forms := map[string]url.Values{}
		for name, p := range places {
			forms[name] = s.filled(p, app)
		}
		return forms
	}
	own := tickets()
	s.user = bob() // he has this account too
	bobs := tickets()
	s.user = alice()

	set := func(value func(good, bobs string) []string) func(good, bobs url.Values) {
		return func(good, bobs url.Values) { good["ticket"] = value(good.Get("ticket"), bobs.Get("ticket")) }
	}
	asIs := func(_, _ url.Values) {}
	none := func(*http.Request) {}
	attacks := map[string]struct {
		edit func(good, bobs url.Values)
		send func(*http.Request)
	}{
		"no ticket":      {func(good, _ url.Values) { good.Del("ticket") }, none},
		"empty ticket":   {set(func(_, _ string) []string { return []string{""} }), none},
		"nonsense":       {set(func(_, _ string) []string { return []string{"AAAA.AAAA"} }), none},
		"cut short":      {set(func(good, _ string) []string { return []string{good[:len(good)-2]} }), none},
		"one half":       {set(func(good, _ string) []string { half, _, _ := strings.Cut(good, "."); return []string{half} }), none},
		"another user's": {set(func(_, bobs string) []string { return []string{bobs} }), none},
		"half another user's": {set(func(good, bobs string) []string {
			half, _, _ := strings.Cut(good, ".")
			_, other, _ := strings.Cut(bobs, ".")
			return []string{half + "." + other}
		}), none},
		"forged, then good": {set(func(good, bobs string) []string { return []string{bobs, good} }), none},
		"from another site": {asIs, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		"from another origin": {asIs, func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}},
		"from a sandboxed frame": {asIs, func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Origin", "null")
		}},
		"from a neighbour": {asIs, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		"by an old browser": {set(func(_, bobs string) []string { return []string{bobs} }), func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "null")
		}},
		"in the query": {func(good, _ url.Values) { good.Set("moved", good.Get("ticket")); good.Del("ticket") }, func(r *http.Request) {
			r.URL.RawQuery = "ticket=" + own["create"].Get("ticket")
		}},
		"as multipart": {asIs, func(r *http.Request) {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		}},
		"as text": {asIs, func(r *http.Request) {
			r.Header.Set("Content-Type", "text/plain")
		}},
	}
	for name, attack := range attacks {
		for formName, p := range places {
			t.Run(name+"/"+formName, func(t *testing.T) {
				form := maps.Clone(own[formName])
				attack.edit(form, bobs[formName])
				seen := len(s.events)
				s.pass(10 * time.Second) // events of refusals are paced
				a := s.do(http.MethodPost, p.action, form, attack.send, func(r *http.Request) { r.Header.Set("User-Agent", "forger/1") })
				require.Equal(t, http.StatusForbidden, a.Status, a.text())
				require.Contains(t, a.text(), "Nothing was changed")

				require.Len(t, s.events, seen+1, "one event, of the attempt")
				want := oauthapp.Event{
					Type: oauthapp.ApplicationFormRefused, Time: s.now, AccountID: "2", Reason: "not made for this action of this user in this session",
					Actor: oauthapp.Actor{UserID: "1", RemoteAddr: "192.0.2.7", UserAgent: "forger/1"},
				}
				if strings.HasPrefix(name, "from ") {
					want.AccountID, want.Actor.UserID, want.Reason = "", "", "sent by a page of another origin"
				}
				if strings.HasPrefix(p.action, pathOf(app)) {
					want.ApplicationID = app.ID
				}
				require.Equal(t, want, s.events[seen])
			})
		}
	}
	require.Equal(t, before, s.secrets(app))

	t.Run("behind a proxy that changes the host", func(t *testing.T) {
		a := s.do(http.MethodPost, pathOf(app, "revoke"), own["revoke all"], func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://service.example")
			r.Host = "10.0.0.5:8080"
		})
		require.Equal(t, http.StatusSeeOther, a.Status)
	})
	t.Run("an old browser's own", func(t *testing.T) {
		a := s.do(http.MethodPost, pathOf(app, "revoke"), own["revoke all"], func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "null")
		})
		require.Equal(t, http.StatusSeeOther, a.Status)
	})
}

func TestSignedOut(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("1")
	form := url.Values{"name": {"Without a ticket"}}
	s.user = nil
	for _, tt := range []struct{ method, target, want string }{
		{http.MethodGet, list("1") + "?after=x&notice=updated", list("1") + "?after=x&notice=updated"},
		{http.MethodGet, pathOf(app, "edit"), pathOf(app, "edit")},
		{http.MethodPost, pathOf(app), pathOf(app, "edit")},
		{http.MethodPost, pathOf(app, "delete"), pathOf(app, "delete")},
		{http.MethodPost, pathOf(app, "secrets"), pathOf(app)},
		{http.MethodPost, list("1"), list("1") + "/new"},
		{http.MethodPost, "/accounts/1/authorized_applications/x/revoke", list("1")},
		{http.MethodGet, list("99"), list("99")}, // nothing is told before signing in
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			var body url.Values
			if tt.method == http.MethodPost {
				body = form
			}
			a := s.do(tt.method, tt.target, body)
			require.Equal(t, http.StatusSeeOther, a.Status)
			require.Equal(t, "/login?return_to="+url.QueryEscape(tt.want), a.Header.Get("Location"))
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		})
	}
}

func TestOutage(t *testing.T) {
	get, post := http.MethodGet, http.MethodPost
	for _, tt := range []struct{ down, method, below string }{
		{"Applications", get, "list"}, {"Grants", get, "list"}, {"CreateApplication", post, "list"},
		{"Application", get, ""}, {"Secrets", get, ""}, {"Application", get, "edit"},
		{"Application", post, ""}, {"UpdateApplication", post, ""},
		{"Secrets", post, "secrets"}, {"AddSecret", post, "secrets"},
		{"Usage", get, "revoke"}, {"RevokeTokens", post, "revoke"},
		{"Usage", get, "delete"}, {"DeleteApplication", post, "delete"},
		{"Secrets", get, "secret"}, {"RevokeSecret", post, "secret"},
		{"RevokeGrant", post, "grant"},
	} {
		t.Run(tt.down+" "+tt.method+" "+tt.below, func(t *testing.T) {
			s := newSite(t)
			app, _ := s.register("1")
			grant := s.authorize(app, "1", "1", "read")
			events, secrets := len(s.events), s.secrets(app)

			target := strings.TrimSuffix(pathOf(app, tt.below), "/")
			switch tt.below {
			case "list":
				target = list("1")
			case "secret":
				target = pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke")
			case "grant":
				target = "/accounts/1/authorized_applications/" + grant.ID.String() + "/revoke"
			}
			var form url.Values
			if tt.method == post {
				form = fill(s.ticketFor(target), append(registration(), "name", "Changed", "confirm_name", app.Name, "newest", secrets[0].ID.String(), "version", "0")...)
			}
			s.store.down = tt.down
			a := s.do(tt.method, target, form)
			s.store.down = ""
			require.Equal(t, http.StatusServiceUnavailable, a.Status, a.text())
			require.NotEmpty(t, a.Header.Get("Retry-After"))
			require.NotContains(t, a.Body, errOutage.Error())
			require.Contains(t, s.log.String(), errOutage.Error())
			require.Len(t, s.events, events)
			apps, err := s.provider.Registry().Applications(t.Context(), oauthapp.OwnedBy("1"), oauthapp.Page{})
			require.NoError(t, err)
			require.Len(t, apps.Items, 1)
			require.Equal(t, app.Name, apps.Items[0].Name)
			require.Equal(t, secrets, s.secrets(app))
		})
	}
	t.Run("who is signed in", func(t *testing.T) {
		s := newSite(t)
		s.userErr = errOutage
		a := s.get(list("1"))
		require.Equal(t, http.StatusServiceUnavailable, a.Status)
		require.NotContains(t, a.Body, errOutage.Error())
	})
	t.Run("a user without an ID", func(t *testing.T) {
		s := newSite(t)
		s.user.ID = ""
		require.Equal(t, http.StatusServiceUnavailable, s.get(list("1")).Status)
		require.Contains(t, s.log.String(), "without an ID")
	})
	t.Run("an account that makes another path", func(t *testing.T) {
		for _, id := range []string{"", ".", "..", "a/b"} {
			s := newSite(t)
			s.user.Accounts = append(s.user.Accounts, administered(id, "")[0])
			require.Equal(t, http.StatusServiceUnavailable, s.get(list("1")).Status)
			require.Contains(t, s.log.String(), "Config.CurrentUser returned an account")
		}
	})
	t.Run("nowhere to sign in", func(t *testing.T) {
		s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
			cfg.LoginURL = func(returnTo string) string {
				if strings.Contains(returnTo, "/accounts/") {
					return ""
				}
				return "/login"
			}
		})
		s.user = nil
		require.Equal(t, http.StatusServiceUnavailable, s.get(list("1")).Status)
		require.Contains(t, s.log.String(), "LoginURL returned no URL")
	})
	t.Run("a new secret is not lost", func(t *testing.T) {
		s := newSite(t)
		form := fill(s.open(list("1")+"/new").form(list("1")), registration()...)
		s.store.down = "Secrets"
		a := s.do(http.MethodPost, list("1"), form)
		require.Equal(t, http.StatusOK, a.Status)
		require.NotEmpty(t, a.byID("client-secret"))
	})
}

// Whoever shares an account sees who of them authorized what, by name.
func TestUsersAreNamed(t *testing.T) {
	asked, failing := 0, error(nil)
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Pages.UserName = func(_ context.Context, user string) (string, error) {
			asked++
			return map[string]string{"2": "Bob <b@example.com>"}[user], failing
		}
	})
	for range 2 {
		app, _ := s.register("1")
		for _, user := range []string{"1", "2", "3"} {
			s.authorize(app, user, "1", "read")
		}
	}
	card := s.open(list("1")).text()
	require.Equal(t, 2, strings.Count(card, "by you"))
	require.Equal(t, 2, strings.Count(card, "by Bob <b@example.com>"))
	require.Equal(t, 2, strings.Count(card, "by user 3"), "who is gone")
	require.Equal(t, 2, asked, "once for each, and not for who is there")

	failing = errOutage
	require.Equal(t, http.StatusServiceUnavailable, s.get(list("1")).Status)
}

// Every error page shows the way on, and only to where the user may go.
func TestErrorPagesLeadOn(t *testing.T) {
	s := newSite(t)
	for target, want := range map[string]string{
		list("2") + "/none": list("2"),
		list("9"):           list("1"),
		"/accounts/":        list("1"),
	} {
		require.Contains(t, s.get(target).Body, `href="`+want+`"`, target)
	}
	s.user = nil
	require.NotContains(t, s.get("/accounts/").Body, "/oauth_applications")
	s.user = &flow.User{ID: "7"}
	require.NotContains(t, s.get("/accounts/").Body, "/oauth_applications")
}

// A page of another site that opens one of these is cut off from it whatever
// the answer, so that it cannot tell by that which accounts and applications
// the user may see, or whether anybody is signed in.
func TestOpenersLearnNothing(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("1")
	check := func(status int, a *answer) {
		t.Helper()
		require.Equal(t, status, a.Status)
		require.Equal(t, []string{"same-origin"}, a.Header.Values("Cross-Origin-Opener-Policy"))
	}
	check(http.StatusOK, s.get(pathOf(app)))
	check(http.StatusNotFound, s.get(list("3")))
	check(http.StatusNotFound, s.get("/accounts/1"))
	check(http.StatusMethodNotAllowed, s.do(http.MethodPut, list("1"), nil))
	check(http.StatusForbidden, s.do(http.MethodPost, pathOf(app, "revoke"), url.Values{}))
	check(http.StatusSeeOther, s.submit(pathOf(app, "revoke"), pathOf(app, "revoke")))
	s.user = nil
	check(http.StatusSeeOther, s.get(pathOf(app)))
}

func TestMethodsAndUnknownPaths(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("1")
	for _, tt := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{http.MethodDelete, pathOf(app), http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{http.MethodPut, list("1"), http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{http.MethodPost, pathOf(app, "edit"), http.StatusMethodNotAllowed, "GET, HEAD"},
		{http.MethodGet, "/accounts/1/authorized_applications/" + app.ID.String() + "/revoke", http.StatusMethodNotAllowed, "POST"},
		{http.MethodGet, "/accounts/1", http.StatusNotFound, ""},
		{http.MethodGet, pathOf(app, "x"), http.StatusNotFound, ""},
		{http.MethodGet, list("1") + "/", http.StatusNotFound, ""},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			a := s.do(tt.method, tt.target, nil)
			require.Equal(t, tt.status, a.Status)
			require.Equal(t, tt.allow, a.Header.Get("Allow"))
			require.Equal(t, "DENY", a.Header.Get("X-Frame-Options"))
			require.NotEmpty(t, a.title())
		})
	}
	head := s.do(http.MethodHead, pathOf(app), nil)
	require.Equal(t, http.StatusOK, head.Status)
	require.Empty(t, head.Body)
}

func TestLargeFormIsRefused(t *testing.T) {
	s := newSite(t)
	form := fill(s.open(list("1")+"/new").form(list("1")), "description", strings.Repeat("x", 256<<10))
	require.Equal(t, http.StatusRequestEntityTooLarge, s.do(http.MethodPost, list("1"), form).Status)
}

func TestMalformedFormIsRefused(t *testing.T) {
	s := newSite(t)
	form := s.open(list("1") + "/new").form(list("1"))
	a := s.do(http.MethodPost, list("1"), url.Values{}, func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader("name=%zz&" + form.Encode()))
	})
	require.Equal(t, http.StatusBadRequest, a.Status)
}

// A card is one of the two lists on an account's page.
type card struct{ name, html string }

func cards(a *answer) []card {
	authorized, developer, _ := strings.Cut(a.Body, `id="developer"`)
	return []card{{"authorized", authorized}, {"developer", developer}}
}

var (
	rowName    = regexp.MustCompile(`<bdi>(App \d+)</bdi>`)
	revocation = regexp.MustCompile(`/accounts/1/authorized_applications/[0-9a-f-]+/revoke`)
	onward     = regexp.MustCompile(`<a href="([^"]+)"[^>]*>(?:Next|Older ones)</a>`)
)

// rows are the names of the applications in a card.
func (c card) rows() (names []string) {
	for _, m := range rowName.FindAllStringSubmatch(c.html, -1) {
		names = append(names, m[1])
	}
	return names
}

// registerMany registers as many applications for each owner by turns, and
// authorizes those of Alice. It returns their names, newest first.
func (s *site) registerMany(n int, owners ...string) (names []string) {
	for i := range n * len(owners) {
		owner := owners[i%len(owners)]
		app, _, err := s.provider.Registry().Register(s.t.Context(), owner, oauthapp.Registration{
			Name: fmt.Sprintf("App %04d", i), HomepageURL: fmt.Sprintf("https://app-%d.example", i), CallbackURLs: []string{"https://a.example/cb"},
		})
		require.NoError(s.t, err)
		if owner == "1" {
			s.authorize(app, "1", "1", "read")
			names = append(names, app.Name)
		}
	}
	slices.Reverse(names)
	return names
}

// walk follows both lists from a page on, each to its end.
func (s *site) walk(target string, visit func(target string, c card)) {
	for i := range 2 {
		for next := target; next != ""; {
			c := cards(s.open(next))[i]
			visit(next, c)
			next = ""
			if m := onward.FindStringSubmatch(c.html); m != nil {
				next = html.UnescapeString(m[1])
			}
		}
	}
}

func TestPages(t *testing.T) {
	s := newSite(t)
	s.user.Accounts = append(s.user.Accounts, administered("other", "")[0])
	names := s.registerMany(60, "1", "other")
	first := list("1") + "?notice=updated&q=app"
	pages, seen := map[string]int{}, map[string][]string{}
	s.walk(first, func(target string, c card) {
		pages[c.name]++
		seen[c.name] = append(seen[c.name], c.rows()...)
		require.Contains(t, target, "q=app", "how the lists are looked at is kept")
		require.Equal(t, target == first, strings.Contains(target, "notice"))
	})
	require.Equal(t, map[string]int{"authorized": 3, "developer": 3}, pages, "pages of 25")
	require.Equal(t, map[string][]string{"authorized": names, "developer": names}, seen)

	developer := func(query string) []string { return cards(s.open(list("1") + query))[1].rows() }
	require.Len(t, developer("?page=x"), 25, "no number is the first page")
	require.Len(t, developer("?page=4"), 10, "too great a number is the last page")
	for _, field := range []string{"after", "authorized_after"} {
		require.Equal(t, http.StatusNotFound, s.get(list("1")+"?"+field+"=nonsense").Status)
	}
}

// Beyond what is searched, older rows are a link away: none is out of reach.
func TestLongList(t *testing.T) {
	s := newSite(t, func(c *flow.Config, _ *dashboard.Config) { c.Applications.Max = 2000 })
	names := s.registerMany(1200, "1")
	seen := map[string][]string{}
	var oldest string // where the form is sent that revokes it
	s.walk(list("1"), func(_ string, c card) {
		seen[c.name] = append(seen[c.name], c.rows()...)
		if forms := revocation.FindAllString(c.html, -1); c.name == "authorized" {
			oldest = forms[len(forms)-1]
		}
	})
	require.Equal(t, map[string][]string{"authorized": names, "developer": names}, seen, "each row once, newest first")

	found := map[string][]string{}
	s.walk(list("1")+"?q=app-7.example&authorized_q=app-7.example", func(_ string, c card) {
		if len(found[c.name]) == 0 && len(c.rows()) == 0 {
			require.Contains(t, c.html, "There are older ones.")
		}
		found[c.name] = append(found[c.name], c.rows()...)
	})
	require.Equal(t, map[string][]string{"authorized": {"App 0007"}, "developer": {"App 0007"}}, found)
	require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, oldest, url.Values{"ticket": {"no"}}).Status, "its form is forged")
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, oldest, s.ticketFor(oldest)).Status)
}

func TestSearchAndSort(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"Zebra", "Ant", "Mole", "Zonewatch", "Bee", "Cat", "Yak"} {
		app, _, err := s.provider.Registry().Register(t.Context(), "1", oauthapp.Registration{
			Name: name, HomepageURL: "https://" + strings.ToLower(name) + ".example", CallbackURLs: []string{"https://a.example/cb"},
		})
		require.NoError(t, err)
		s.authorize(app, "1", "1", "read")
	}
	shown := func(query string) (names []string) {
		card := s.open(list("1") + query).Body
		_, card, _ = strings.Cut(card, `id="developer"`)
		for _, m := range regexp.MustCompile(`<bdi>(\w+)</bdi></a>`).FindAllStringSubmatch(card, -1) {
			names = append(names, m[1])
		}
		return names
	}
	require.Equal(t, []string{"Yak", "Cat", "Bee", "Zonewatch", "Mole", "Ant", "Zebra"}, shown(""))
	require.Equal(t, []string{"Ant", "Bee", "Cat", "Mole", "Yak", "Zebra", "Zonewatch"}, shown("?sort=name"))
	require.Equal(t, []string{"Zebra", "Zonewatch"}, shown("?sort=name&q=Z+EXAMPLE"))
	require.Equal(t, []string{"Zonewatch"}, shown("?q=zonewatch.example"))
	require.Empty(t, shown("?q=nothing"))
	require.Contains(t, s.open(list("1")+"?q=nothing").Body, "None has all of these words.")
	require.Contains(t, s.open(list("1")+"?authorized_q=ant&q=bee").Body, `name="authorized_q" value="ant"`, "each search keeps the other")
}

// A user sees what they authorized in every account, and ends it there, also in
// an account that they have left.
func TestEverywhere(t *testing.T) {
	s := newSite(t)
	app, _, err := s.provider.Registry().Register(t.Context(), "1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/cb"},
	})
	require.NoError(t, err)
	s.authorize(app, "1", "1", "read")
	s.authorize(app, "1", "left", "read")
	s.authorize(app, "somebody else", "1", "read")
	const everywhere = "/accounts/authorized_applications"
	require.Contains(t, s.open(list("1")).links(), everywhere)

	p := s.open(everywhere)
	revocations := regexp.MustCompile(everywhere+`/revoke/[0-9a-f-]+`).FindAllString(p.Body, -1)
	require.Len(t, revocations, 2)
	for _, action := range revocations {
		a := s.submit(everywhere, action)
		require.Equal(t, http.StatusSeeOther, a.Status)
		require.Contains(t, s.open(a.Header.Get("Location")).Body, "Zonewatch")
	}
	require.Contains(t, s.open(everywhere).Body, "You authorized no application.")
	grants, err := s.provider.Registry().Grants(t.Context(), oauthapp.GrantsForAccount("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	action := everywhere + "/revoke/" + grants.Items[0].ID.String()
	require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action, s.ticketFor(action)).Status, "and it is not there")
	require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action, url.Values{}).Status)
}

func TestPrefix(t *testing.T) {
	for _, prefix := range []string{"/settings", "/settings/", "/a/b"} {
		s := newSite(t, func(_ *flow.Config, d *dashboard.Config) { d.Prefix = prefix })
		root := strings.TrimSuffix(prefix, "/") + list("1")
		require.Equal(t, root, s.pages.Path("1"))
		registered := s.submit(root+"/new", root, registration()...)
		require.Equal(t, http.StatusOK, registered.Status)
		for _, link := range registered.links() {
			require.True(t, strings.HasPrefix(link, root) || strings.HasPrefix(link, "https://weather.example") || link == "#main", link)
		}
		require.Equal(t, http.StatusNotFound, s.get(list("1")).Status)
	}
	s := newSite(t)
	for _, prefix := range []string{"settings", "/a b", "/{x}", "/a?b", "//a", "/%41"} {
		_, err := dashboard.New(dashboard.Config{Provider: s.provider, Prefix: prefix})
		require.ErrorContains(t, err, "Config.Prefix", prefix)
	}
	_, err := dashboard.New(dashboard.Config{})
	require.ErrorContains(t, err, "Config.Provider")
}

func TestAccountIDsAreEscaped(t *testing.T) {
	s := newSite(t)
	id := `a?b#c d "é%`
	s.user.Accounts = administered(id, "Odd")
	root := s.pages.Path(id)
	registered := s.submit(root+"/new", root, registration()...)
	require.Equal(t, http.StatusOK, registered.Status, registered.text())
	require.Contains(t, s.open(root).text(), "Weather Station")
}

func TestOverrides(t *testing.T) {
	type nav struct{ User string }
	s := newSite(t, func(f *flow.Config, _ *dashboard.Config) {
		f.Pages.Files = fstest.MapFS{
			"navigation.html":    {Data: []byte(`<nav>{{with .Host}}{{.User}}{{end}}</nav>`)},
			"revoke_tokens.html": {Data: []byte(`{{define "title"}}Sure?{{end}}{{define "main"}}<form method="post" action="{{.Page.Action}}"><input type="hidden" name="ticket" value="{{.Page.Ticket}}"><button>Go</button></form>{{end}}`)},
		}
		f.Pages.Data = func(*http.Request) any { return nav{"Ann & Co"} }
	})
	app, _ := s.register("1")
	require.Contains(t, s.open(pathOf(app)).Body, "<nav>Ann &amp; Co</nav>")
	a := s.open(pathOf(app, "revoke"))
	require.Equal(t, "Sure?", a.title())
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, pathOf(app, "revoke"), a.form(pathOf(app, "revoke"))).Status)

	_, err := flow.New(flow.Config{
		Issuer: "https://service.example", Store: s.store, Scopes: []flow.Scope{{Name: "read", Default: true}},
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil }, LoginURL: func(string) string { return "/login" },
		Pages: flow.Pages{Files: fstest.MapFS{"delete_application.html": {Data: []byte(`{{define "title"}}{{.Page.Nmae}}{{end}}{{define "main"}}{{end}}`)}}},
	})
	require.ErrorContains(t, err, "delete_application.html")
}

// Who is signed out when they send a form is sent to sign in, and from there
// maybe to an identity provider at yet another origin: browsers hold the policy
// against each step.
func TestFormMayLeadToSignIn(t *testing.T) {
	for name, test := range map[string]struct{ login, sources string }{
		"here":                {"/login", "https:"},
		"elsewhere":           {"https://login.example/", "https:"},
		"elsewhere, loopback": {"http://localhost:9/", "http: https:"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(f *flow.Config, _ *dashboard.Config) {
				f.LoginURL = func(returnTo string) string { return test.login + "?to=" + url.QueryEscape(returnTo) }
			})
			csp := s.open(list("1") + "/new").Header.Get("Content-Security-Policy")
			require.True(t, strings.HasSuffix(csp, "; form-action 'self' "+test.sources), csp)
		})
	}
}

func TestNothingIsShared(t *testing.T) {
	s := newSite(t)
	done := make(chan string)
	const n = 20
	for i := range n {
		go func() {
			name := fmt.Sprintf("Concurrent %d", i)
			form := fill(s.open(list("1")+"/new").form(list("1")), append(registration(), "name", name)...)
			a := s.do(http.MethodPost, list("1"), form)
			if a.Status != http.StatusOK || !strings.Contains(a.text(), name) {
				done <- a.text()
				return
			}
			done <- a.byID("client-secret")
		}()
	}
	secrets := map[string]bool{}
	for range n {
		secret := <-done
		require.True(t, strings.HasPrefix(secret, "oa_cs_"), secret)
		secrets[secret] = true
	}
	require.Len(t, secrets, n)
}
