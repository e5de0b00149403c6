package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

const twoCallbacks = "https://weather.example/callback\r\nhttps://weather.example/old"

// Of two people who edit an application at once the second is told what the
// first changed, brings nothing back, and loses nothing.
func TestLostUpdate(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2", "callback_url", twoCallbacks, "description", "Line one\r\nline two")
	edit := func() url.Values { return s.open(pathOf(app, "edit")).form(pathOf(app)) }
	first, second := edit(), edit()
	s.follow(s.do(http.MethodPost, pathOf(app), fill(first, "callback_url", "https://weather.example/callback", "homepage_url", "https://one.example")))
	s.user = bob()
	second = fill(second, "description", "Mine", "homepage_url", "https://two.example", "ticket", edit().Get("ticket"))
	told := s.do(http.MethodPost, pathOf(app), second)
	require.Equal(t, http.StatusConflict, told.Status, told.text())
	require.Contains(t, told.text(), "Callback URL removed: https://weather.example/old You did not change it. The form has what is saved now.")
	require.Contains(t, told.text(), "Homepage URL before: https://weather.example now: https://one.example You changed it too. The form has what you typed.")
	require.NotContains(t, told.text(), "Description before")
	require.True(t, strings.HasPrefix(told.title(), "Error: "))
	saved := s.read(app)
	require.Equal(t, []string{"https://weather.example/callback"}, saved.CallbackURLs)
	require.Equal(t, "https://one.example", saved.HomepageURL)

	again := told.form(pathOf(app))
	require.Equal(t, "Mine", again.Get("description"))
	require.Equal(t, "https://two.example", again.Get("homepage_url"))
	require.Equal(t, "https://weather.example/callback", again.Get("callback_url"))
	s.follow(s.do(http.MethodPost, pathOf(app), again))
	saved = s.read(app)
	require.Equal(t, "Mine", saved.Description)
	require.Equal(t, "https://two.example", saved.HomepageURL)
	require.Equal(t, []string{"https://weather.example/callback"}, saved.CallbackURLs)

	t.Run("the same form twice", func(t *testing.T) {
		form := fill(edit(), "name", "Twice")
		s.follow(s.do(http.MethodPost, pathOf(app), form))
		events := len(s.events)
		require.Contains(t, s.follow(s.do(http.MethodPost, pathOf(app), form)).text(), "The application is saved.")
		require.Len(t, s.events, events, "it was saved already")
	})
	t.Run("what the form does not show", func(t *testing.T) {
		form := fill(edit(), "name", "Mine alone")
		reg := s.read(app).Registration()
		reg.Scopes = []string{"read"}
		_, err := s.provider.Registry().Update(t.Context(), oauthapp.OwnedBy("2"), app.ID, reg)
		require.NoError(t, err)
		s.follow(s.do(http.MethodPost, pathOf(app), form))
		require.Equal(t, []string{"read"}, s.read(app).Scopes)
	})
	t.Run("a mistake is told first, and then the change", func(t *testing.T) {
		form := edit()
		s.follow(s.do(http.MethodPost, pathOf(app), fill(edit(), "name", "Other name")))
		refused := s.do(http.MethodPost, pathOf(app), fill(form, "homepage_url", "nonsense"))
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		told := s.do(http.MethodPost, pathOf(app), fill(refused.form(pathOf(app)), "homepage_url", "https://three.example"))
		require.Equal(t, http.StatusConflict, told.Status)
		require.Contains(t, told.text(), "now: Other name")
	})
	t.Run("a form without a version", func(t *testing.T) {
		for _, version := range []string{"", "0", "x", "-1", "99999999999999999999"} {
			form := fill(edit(), "name", "Unseen", "version", version)
			for _, field := range []string{"was_name", "was_description", "was_homepage_url", "was_callback_url"} {
				form.Del(field)
			}
			told := s.do(http.MethodPost, pathOf(app), form)
			require.Equal(t, http.StatusConflict, told.Status, version)
			require.Contains(t, told.text(), "Name before: Unseen now: Other name")
			require.Equal(t, "Unseen", told.form(pathOf(app)).Get("name"))
		}
	})
	t.Run("deleted meanwhile", func(t *testing.T) {
		form := edit()
		s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", s.read(app).Name)
		require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, pathOf(app), form).Status)
	})
}

func (s *site) read(app oauthapp.Application) oauthapp.Application {
	s.t.Helper()
	app, err := s.provider.Registry().Application(s.t.Context(), oauthapp.OwnedBy(app.Owner), app.ID)
	require.NoError(s.t, err)
	return app
}

// FuzzTwoEdits: whatever two people change, the second brings nothing of the
// first's back without being told, and sees again what they typed.
func FuzzTwoEdits(f *testing.F) {
	f.Add("Weather Station", "", "https://weather.example/callback", "Weather Station", "Mine", twoCallbacks)
	f.Add("A", "a\n\nb", twoCallbacks, "B", "c ", "https://weather.example/old\nhttps://weather.example/callback")
	f.Add(" Weather  Station", "\u00a0x", "", "", "", " \r\n")
	f.Add("A", "", "https://a", "B", "", "https://b?c=d")
	s := newSite(f)
	f.Fuzz(func(t *testing.T, name1, description1, callbacks1, name2, description2, callbacks2 string) {
		s.t, s.events = t, nil
		app, _, err := s.provider.Registry().Register(t.Context(), "1", oauthapp.Registration{
			Name: "Weather Station", HomepageURL: "https://weather.example", CallbackURLs: strings.Fields(twoCallbacks),
		})
		require.NoError(t, err)
		defer func() { require.NoError(t, s.provider.Registry().Delete(t.Context(), oauthapp.OwnedBy("1"), app.ID)) }()
		first, second := s.open(pathOf(app, "edit")).form(pathOf(app)), s.open(pathOf(app, "edit")).form(pathOf(app))
		if s.do(http.MethodPost, pathOf(app), fill(first, "name", name1, "description", description1, "callback_url", callbacks1)).Status != http.StatusSeeOther {
			return
		}
		between := s.read(app)
		answer := s.do(http.MethodPost, pathOf(app), fill(second, "name", name2, "description", description2, "callback_url", callbacks2))
		after := s.read(app)
		kept := func(original, between, after string) {
			t.Helper()
			require.True(t, between == original || between == after, "%q, changed to %q, is %q", original, between, after)
		}
		switch answer.Status {
		case http.StatusSeeOther:
			kept(app.Name, between.Name, after.Name)
			kept(app.Description, between.Description, after.Description)
			kept(strings.Join(app.CallbackURLs, " "), strings.Join(between.CallbackURLs, " "), strings.Join(after.CallbackURLs, " "))
		case http.StatusConflict:
			require.Equal(t, between, after, "nothing is saved")
			again := s.do(http.MethodPost, pathOf(app), answer.form(pathOf(app)))
			require.Equal(t, http.StatusSeeOther, again.Status, again.text())
			decided := s.read(app)
			if strings.TrimSpace(name2) != app.Name {
				require.Equal(t, strings.TrimSpace(name2), decided.Name)
			} else {
				require.Equal(t, between.Name, decided.Name)
			}
			if slices.Equal(lines(callbacks2), app.CallbackURLs) {
				require.Equal(t, between.CallbackURLs, decided.CallbackURLs)
			} else {
				require.Equal(t, lines(callbacks2), decided.CallbackURLs)
			}
		default:
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, answer.text())
			require.Equal(t, between, after, "nothing is saved")
		}
	})
}

// lines are the callback URLs of a text, as they are kept: one without a path
// gets "/".
func lines(text string) []string {
	var kept []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		if u, err := url.Parse(line); err == nil && u.Host != "" && u.Path == "" {
			line = strings.Replace(line, "://"+u.Host, "://"+u.Host+"/", 1)
		}
		if line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
