package flow_test

import (
	"net/http"
	"net/url"
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
	require.ErrorContains(t, err, "flow: Config.Pages.Files: Languages has nl, and there is no messages/nl.json")
}
