package dashboard_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A fielded capability adds a field to the form of confidential applications.
type fielded struct {
	name string
	flag bool
}

func (f fielded) Name() string { return f.name }

func (fielded) Findings() []kernel.Finding { return nil }

func (f fielded) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{ApplicationField: &kernel.ApplicationField{
		Name: f.name, Label: page.Plain(strings.ToUpper(f.name)), Hint: page.Plain("A hint."), Flag: f.flag,
		Text: func(app oauthapp.Application) (text string, has bool) {
			_, _ = app.ReadExtra(f.name, &text)
			return text, app.Type != oauthapp.Public
		},
		Entry: func(app oauthapp.Application, text string) (any, *page.Message) {
			switch {
			case text == "":
				return nil, nil
			case text == "black" || app.Type == oauthapp.Public:
				return nil, page.Plain("Choose a brighter colour.")
			}
			return text, nil
		},
	}}, nil
}

func newFieldedSite(t *testing.T) *site {
	return newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Extensions = []flow.Extension{fielded{name: "colours"}, fielded{name: "bright", flag: true}}
	})
}

func (s *site) extra(app oauthapp.Application) (kept map[string]any) {
	if extra := s.read(app).Extra; len(extra) > 0 {
		require.NoError(s.t, json.Unmarshal(extra, &kept))
	}
	return kept
}

func TestFurtherFields(t *testing.T) {
	s := newFieldedSite(t)
	app, _ := s.register("2", "colours", " red\r\ngreen ", "bright", "true")
	require.Equal(t, map[string]any{"colours": "red\ngreen", "bright": "true"}, s.extra(app))

	edit := func() url.Values { return s.open(pathOf(app, "edit")).form(pathOf(app)) }
	form := edit()
	require.Equal(t, "red\ngreen", form.Get("was_colours"))
	save := func(form url.Values, pairs ...string) *answer {
		return s.do(http.MethodPost, pathOf(app), fill(form, pairs...))
	}

	refused := save(form, "colours", "black", "bright", "true")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Contains(t, refused.text(), "Choose a brighter colour.")
	require.Contains(t, refused.Body, `<a href="#colours">`)
	require.Equal(t, map[string]any{"colours": "red\ngreen", "bright": "true"}, s.extra(app))

	unticked := edit()
	unticked.Del("bright")
	require.Equal(t, http.StatusSeeOther, save(unticked, "colours", "blue").Status)
	require.Equal(t, map[string]any{"colours": "blue"}, s.extra(app))

	unsaid := edit()
	for _, name := range []string{"colours", "bright", "was_colours", "was_bright"} {
		unsaid.Del(name)
	}
	require.Equal(t, http.StatusSeeOther, save(unsaid, "name", "Renamed").Status)
	require.Equal(t, map[string]any{"colours": "blue"}, s.extra(app), "what a form does not have stays")

	require.Equal(t, http.StatusSeeOther, save(edit(), "colours", "").Status)
	require.Nil(t, s.extra(app))
}

func TestFurtherFieldsAtOnce(t *testing.T) {
	s := newFieldedSite(t)
	app, _ := s.register("2", "colours", "red")
	edit := func() url.Values { return s.open(pathOf(app, "edit")).form(pathOf(app)) }
	first, second, third := edit(), edit(), edit()
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, pathOf(app), fill(first, "colours", "green")).Status)
	told := s.do(http.MethodPost, pathOf(app), fill(second, "colours", "blue"))
	require.Equal(t, http.StatusConflict, told.Status)
	require.Contains(t, told.text(), "You changed it too.")
	require.Equal(t, map[string]any{"colours": "green"}, s.extra(app))
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, pathOf(app), told.form(pathOf(app))).Status)
	require.Equal(t, map[string]any{"colours": "blue"}, s.extra(app), "their decision")

	told = s.do(http.MethodPost, pathOf(app), fill(third, "name", "Renamed"))
	require.Equal(t, http.StatusConflict, told.Status)
	require.Contains(t, told.text(), "You did not change it.")
	require.Equal(t, http.StatusSeeOther, s.do(http.MethodPost, pathOf(app), told.form(pathOf(app))).Status)
	require.Equal(t, map[string]any{"colours": "blue"}, s.extra(app), "nothing is brought back")
}

func TestFurtherFieldsOfPublicApplications(t *testing.T) {
	s := newFieldedSite(t)
	refused := s.submit("/accounts/2/oauth_applications/new", "/accounts/2/oauth_applications",
		"name", "Weather", "homepage_url", "https://weather.example", "callback_url", "https://weather.example/cb", "client_type", "public", "colours", "red")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Contains(t, refused.text(), "Choose a brighter colour.")
	require.Contains(t, refused.Body, ">\nred</textarea>")
}

// Owners say what their application can do without.
func TestOptionalScopes(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2", "optional_scopes", "write\r\n")
	require.Equal(t, map[string]any{"flow": map[string]any{"optional_scopes": []any{"write"}}}, s.extra(app))

	a := s.submit(pathOf(app, "edit"), pathOf(app), "optional_scopes", "write\r\nadmin", "description", "typed")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), `There is no permission "admin". Choose from these: read, write.`)
	require.Equal(t, []string{"write\nadmin", "typed"}, []string{a.form(pathOf(app)).Get("optional_scopes"), a.form(pathOf(app)).Get("description")})

	s.follow(s.submit(pathOf(app, "edit"), pathOf(app), "optional_scopes", "write\r\n read\r\nwrite"))
	require.Equal(t, map[string]any{"flow": map[string]any{"optional_scopes": []any{"read", "write"}}}, s.extra(app))
	edit := s.open(pathOf(app, "edit"))
	require.Equal(t, "read\nwrite", edit.form(pathOf(app)).Get("optional_scopes"))
	require.Contains(t, edit.Body, `<details class="further" aria-label="More settings" open>`)
	s.follow(s.submit(pathOf(app, "edit"), pathOf(app), "optional_scopes", ""))
	require.Empty(t, s.extra(app))

	s = newSite(t, func(cfg *flow.Config, _ *dashboard.Config) { cfg.Scopes = cfg.Scopes[:1] })
	require.NotContains(t, s.open(list("2")+"/new").Body, "optional_scopes", "there is nothing to leave out")
}
