package flow_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// dutch is a language that a host adds.
var dutch = fstest.MapFS{"messages/nl.json": {Data: []byte(`{
	"consent.heading": "{1} toestaan",
	"consent.undecided": "Maak een keuze.",
	"error.request": "Dit verzoek is onbruikbaar"
}`)}}

// TestConfiguredWordsByLanguage: what the host says of scopes and resources is
// in the language of the page, and in the configuration's words where there is
// no message.
func TestConfiguredWordsByLanguage(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Scopes = []flow.Scope{
			{Name: "read", Description: "Read your <domains>", Default: true, Group: "Domains"},
			{Name: "write", Description: "Change your {domains}", Risk: "It can delete them.", Group: "Domains"},
		}
		cfg.Resources = []flow.Resource{{Identifier: "https://mcp.example", Name: "Acme MCP", Scopes: []string{"read", "write"}}}
		cfg.Pages.Languages = []string{"en", "nl"}
		cfg.Pages.Files = fstest.MapFS{
			"messages/nl.json": {Data: []byte(`{
				"scope.read": "Je domeinen lezen", "scope_group.Domains": "Domeinen", "scope_risk.write": "Het kan ze verwijderen.",
				"resource.Acme MCP": "Acme-MCP"
			}`)},
		}
	})
	ask := []string{"scope", "read write", "resource", "https://mcp.example"}
	english := h.open(request(h.app, ask...)).Body.String()
	for _, text := range []string{"Read your &lt;domains&gt; <code>", "Change your {domains} <code>", "It can delete them.", "<h3>Domains</h3>", "<bdi>Acme MCP</bdi>"} {
		require.Contains(t, english, text)
	}
	inDutch := h.open(request(h.app, append(ask, "ui_locales", "nl")...)).Body.String()
	for _, text := range []string{"Je domeinen lezen <code>", "Change your {domains} <code>", "Het kan ze verwijderen.", "<h3>Domeinen</h3>", "<bdi>Acme-MCP</bdi>"} {
		require.Contains(t, inDutch, text)
	}

	findings, err := h.Check(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(findings, func(f flow.Finding) bool { return f.Field == "Pages.Files" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, findings[i].Message, "Pages in nl have some texts in English: messages/nl.json lacks ")

	// German has all that the library says, and one description is not there.
	h = newHost(t, func(cfg *flow.Config) {
		cfg.Pages.Languages = []string{"de", "en"}
		cfg.Pages.Files = fstest.MapFS{"messages/de.json": {Data: []byte(`{"scope.read": "Daten lesen"}`)}}
	})
	findings, err = h.Check(t.Context())
	require.NoError(t, err)
	i = slices.IndexFunc(findings, func(f flow.Finding) bool { return f.Field == "Pages.Files" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, findings[i].Message, "messages/de.json lacks 1 of them, the first being scope.write.")

	// What several languages lack is told once.
	h = newHost(t, func(cfg *flow.Config) {
		cfg.Pages.Languages = []string{"en", "de", "fr", "es"}
		cfg.Pages.Files = fstest.MapFS{"messages/fr.json": {Data: []byte(`{"scope.read": "Lire"}`)}}
	})
	findings, err = h.Check(t.Context())
	require.NoError(t, err)
	var told []string
	for _, f := range findings {
		if f.Field == "Pages.Files" {
			told = append(told, f.Message)
		}
	}
	require.Len(t, told, 2)
	require.Contains(t, told[0], "Pages in de, es have some texts in English: messages/de.json lacks 2 of them")
	require.Contains(t, told[1], "Pages in fr have some texts in English: messages/fr.json lacks 1 of them")
}

// TestNamelessResourceNeedsNoTranslation: an API without a name is called by
// its place on the network, in every language.
func TestNamelessResourceNeedsNoTranslation(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Resources = []flow.Resource{{Identifier: "https://mcp.example/mcp"}}
		cfg.Pages.Languages = []string{"en", "de"}
		cfg.Pages.Files = fstest.MapFS{"messages/de.json": {Data: []byte(`{"scope.read": "Daten lesen", "scope.write": "Daten ändern"}`)}}
	})
	inGerman := h.open(request(h.app, "resource", "https://mcp.example/mcp", "ui_locales", "de"))
	require.Contains(t, inGerman.Body.String(), "<bdi>mcp.example/mcp</bdi>")
	findings, err := h.Check(t.Context())
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(findings, func(f flow.Finding) bool { return f.Field == "Pages.Files" }), findings)
}

// TestLanguage: the host's choice comes before that of the application, and
// that before the browser's. The language stays when the page is shown again.
func TestLanguage(t *testing.T) {
	set := ""
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Pages.Files, cfg.Pages.Languages = dutch, []string{"en", "nl"}
		cfg.Pages.Language = func(*http.Request) string { return set }
	})
	const inDutch = "<h1><bdi>Flowtest</bdi> toestaan</h1>"
	w := h.open(request(h.app))
	require.Contains(t, w.Body.String(), "<h1>Authorize <bdi>Flowtest</bdi></h1>")
	require.Equal(t, "en", w.Header().Get("Content-Language"))

	asked := request(h.app, "ui_locales", "xx nl-BE en")
	w = h.open(asked)
	require.Contains(t, w.Body.String(), inDutch)
	require.Contains(t, w.Body.String(), `<html lang="nl">`)
	again := h.decide(w, "", "1")
	require.Equal(t, http.StatusBadRequest, again.Code)
	require.Contains(t, again.Body.String(), "Maak een keuze.")

	refused := h.open(request(h.app, "ui_locales", "nl", "redirect_uri", "https://evil.example"))
	require.Contains(t, refused.Body.String(), "<h1>Dit verzoek is onbruikbaar</h1>")
	require.Contains(t, refused.Body.String(), "redirect_uri: the application has not registered it as a callback URL", "for developers, in English")

	set = "en"
	require.Contains(t, h.open(asked).Body.String(), "<h1>Authorize")
	set = "nl"
	require.Contains(t, h.open(url.Values{}).Body.String(), "<h1>Dit verzoek is onbruikbaar</h1>")
}

func TestBrokenLanguageFailsNew(t *testing.T) {
	cfg := minimal()
	cfg.Pages.Files = fstest.MapFS{"messages/nl.json": {Data: []byte(`{"consent.heading": "Toestaan"}`)}}
	_, err := flow.New(cfg)
	require.ErrorContains(t, err, "flow: Config.Pages.Files: page messages/nl.json: consent.heading:")
	cfg.Pages.Files, cfg.Pages.Languages = nil, []string{"nl"}
	_, err = flow.New(cfg)
	require.ErrorContains(t, err, "flow: Config.Pages.Languages: has nl, and there is no messages/nl.json")
	cfg.Pages.Languages, cfg.Pages.Data = nil, func(*http.Request) any { panic("nobody") }
	_, err = flow.New(cfg)
	require.ErrorContains(t, err, "flow: Config.Pages.Data: panicked for a request that nobody is signed in to: nobody")
}
