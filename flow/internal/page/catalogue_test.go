package page

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// messageFiles are files of messages by their tags.
func messageFiles(pairs ...string) fs.FS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m["messages/"+pairs[i]+".json"] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func writeTo(t *testing.T, o Options, r *http.Request, name string, data any) *httptest.ResponseRecorder {
	t.Helper()
	set, err := New(o)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	set.Write(w, r, http.StatusOK, name, data)
	require.Equal(t, http.StatusOK, w.Code)
	return w
}

func TestBrokenMessagesFailNewWithFileAndKey(t *testing.T) {
	for name, tt := range map[string]struct{ tag, text, want string }{
		"no JSON":                   {"nl", `{`, "messages/nl.json"},
		"no tag":                    {"dutch language", `{}`, "messages/dutch language.json"},
		"unknown key":               {"nl", `{"consent.haeding": "Sta {1} toe"}`, "messages/nl.json: consent.haeding: is not in en.json"},
		"no text":                   {"nl", `{"consent.authorize": 1}`, "messages/nl.json: consent.authorize: must be a text"},
		"empty":                     {"nl", `{"consent.authorize": " "}`, "messages/nl.json: consent.authorize: is empty"},
		"no such category":          {"nl", `{"time.in.days": {"one": "{1}", "several": "{1}", "other": "{1}"}}`, "messages/nl.json: time.in.days: several"},
		"lost category":             {"pl", `{"time.in.days": {"one": "{1}", "few": "{1}", "other": "{1}"}}`, "messages/pl.json: time.in.days: must have a text for each plural category of the language and no other: many"},
		"further category":          {"nl", `{"time.in.days": {"one": "{1}", "two": "{1}", "other": "{1}"}}`, "messages/nl.json: time.in.days: must have a text for each plural category of the language and no other: two"},
		"uncounted":                 {"nl", `{"time.in.days": "over {1} dagen"}`, "messages/nl.json: time.in.days: must have a text for each plural category"},
		"lost argument":             {"nl", `{"consent.heading": "Toestaan"}`, "messages/nl.json: consent.heading: has the arguments and markup"},
		"further argument":          {"nl", `{"consent.authorize": "Sta {1} toe"}`, "messages/nl.json: consent.authorize: has the argument {1}, which"},
		"argument in English alone": {"en", `{"fail.not_found_text": "{1} is not there."}`, "messages/en.json: fail.not_found_text: has the argument {1}, which the message does not have"},
		"counts nothing":            {"nl", `{"consent.heading": {"one": "Sta {1} toe", "other": "Sta {1} toe"}}`, "messages/nl.json: consent.heading: must be one text, as the message counts nothing"},
		"broken argument":           {"nl", `{"consent.heading": "Sta {name} toe"}`, "messages/nl.json: consent.heading: has markup"},
		"further markup":            {"nl", `{"consent.authorize": "<b>Toestaan</b>"}`, "messages/nl.json: consent.authorize: has markup"},
		"script":                    {"en", `{"consent.authorize": "<script>alert(1)</script>"}`, "messages/en.json: consent.authorize: has markup"},
		"parted markup":             {"nl", `{"consent.heading": "<str{1}ong>"}`, "messages/nl.json: consent.heading: has markup"},
		"lost markup":               {"nl", `{"common.final": "Dit is definitief."}`, "messages/nl.json: common.final: has the arguments and markup"},
		"wrong order":               {"nl", `{"common.final": "</strong>Dit is definitief.<strong>"}`, "messages/nl.json: common.final: has markup that does not match"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{Overrides: messageFiles(tt.tag, tt.text)})
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := New(Options{Languages: []string{"nl"}})
	require.ErrorContains(t, err, "Languages: has nl, and there is no messages/nl.json")
	_, err = New(Options{Languages: []string{"?"}})
	require.ErrorContains(t, err, `Languages: has "?", which is no tag of BCP 47`)
	_, err = New(Options{Further: []Further{{Files: messageFiles("en", `{"consent.heading": "{1}"}`)}}})
	require.ErrorContains(t, err, "messages/en.json: consent.heading: is there already")
}

func TestAHostOverridesMessagesAndAddsALanguage(t *testing.T) {
	o := Options{Overrides: messageFiles(
		"en", `{"consent.authorize": "Allow & go on"}`,
		"nl", `{"consent.heading": "Sta {1} toe", "usage.users": {"one": "Dit sluit één gebruiker uit", "other": "Dit sluit {1} gebruikers uit"}}`,
		"nl-BE", `{"consent.asks": "Het vraagt om"}`,
	)}
	get := func(accept, name string, data any) (string, string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", accept)
		w := writeTo(t, o, r, name, data)
		require.Equal(t, "Accept-Language", w.Header().Get("Vary"))
		return w.Body.String(), w.Header().Get("Content-Language")
	}
	consent := Consent{Application: `<b>"A"</b>`}

	english, tag := get("", "consent.html", consent)
	require.Equal(t, "en", tag)
	require.Contains(t, english, `<html lang="en">`)
	require.Contains(t, english, "<h1>Authorize <bdi>&lt;b&gt;&#34;A&#34;&lt;/b&gt;</bdi></h1>")
	require.Contains(t, english, "<title>Authorize &lt;b&gt;&#34;A&#34;&lt;/b&gt;</title>")
	require.Contains(t, english, `value="authorize">Allow &amp; go on</button>`)

	dutch, tag := get("nl-NL, en;q=0.5", "consent.html", consent)
	require.Equal(t, "nl", tag)
	require.Contains(t, dutch, `<html lang="nl">`)
	require.Contains(t, dutch, "<h1>Sta <bdi>&lt;b&gt;&#34;A&#34;&lt;/b&gt;</bdi> toe</h1>")
	require.Contains(t, dutch, "Allow &amp; go on", "what Dutch lacks is in English")
	require.Contains(t, dutch, "It asks for permission to")

	flemish, tag := get("nl-BE", "consent.html", consent)
	require.Equal(t, "nl-BE", tag)
	require.Contains(t, flemish, "<h1>Sta <bdi>", "what Flemish lacks is in Dutch")
	require.Contains(t, flemish, "Het vraagt om")

	one, _ := get("nl", "revoke_tokens.html", Warning{Usage: Usage{Users: 1}})
	require.Contains(t, one, "Dit sluit één gebruiker uit; it was never used.")
	many, _ := get("nl", "revoke_tokens.html", Warning{Usage: Usage{Users: 2}})
	require.Contains(t, many, "Dit sluit 2 gebruikers uit; it was never used.")
}

// What a text from left to right ends with stays at its end on a page from
// right to left.
func TestArgumentsAreIsolatedFromRightToLeft(t *testing.T) {
	o := Options{Overrides: messageFiles("he", `{"list.title": "יישומים של {1}"}`)}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "he")
	require.Contains(t, writeTo(t, o, r, "applications.html", Applications{Account: "Acme (EU)"}).Body.String(), "<title>יישומים של \u2068Acme (EU)\u2069</title>")
	r.Header.Set("Accept-Language", "en")
	require.Contains(t, writeTo(t, o, r, "applications.html", Applications{Account: "Acme (EU)"}).Body.String(), "<title>OAuth applications of Acme (EU)</title>")
}

func TestLanguageOfARequest(t *testing.T) {
	files := messageFiles("nl", `{}`, "he", `{}`, "pt-BR", `{}`)
	for name, tt := range map[string]struct {
		languages            []string
		set, locales, accept string
		want, direction      string
	}{
		"nothing":                   {want: "en"},
		"browser":                   {accept: "fi, nl;q=0.5", want: "nl"},
		"application over browser":  {locales: "nl en", accept: "he", want: "nl"},
		"setting over all":          {set: "he", locales: "nl", accept: "pt-BR", want: "he", direction: "rtl"},
		"setting that is not there": {set: "fi", locales: "nl", want: "nl"},
		"application's second":      {locales: "fi nl", want: "nl"},
		"variant over exact":        {accept: "nl-BE, en;q=0.5", want: "nl"},
		"region":                    {accept: "pt-BR", want: "pt-BR"},
		"nonsense":                  {set: "!", locales: "<>", accept: ";;q=x", want: "en"},
		"nonsense among others":     {accept: "nl;q=0.9, -BE;q=0.8, he;level=1;q=0.7, toolonglanguage", want: "nl"},
		"weights":                   {accept: "fi, he;q=0.4, nl;q=0.5", want: "nl"},
		"not wanted":                {accept: "nl;q=0, he;q=0.1, *;q=0.5", want: "he", direction: "rtl"},
		"default of the host":       {languages: []string{"nl", "he"}, accept: "fr", want: "nl"},
		"unknown before known":      {set: "xx, he", want: "he", direction: "rtl"},
		"unknown of the browser":    {accept: "xx, nl;q=0.5, he;q=0.7", want: "he", direction: "rtl"},
		"far too many of the host":  {set: strings.Repeat("fi,", 1000) + "nl", want: "en"},
		"far too many":              {locales: strings.Repeat("fi ", 1000) + "nl", accept: strings.Repeat("fi,", 1000) + "nl", want: "en"},
		"not offered":               {languages: []string{"nl"}, accept: "he", want: "nl"},
		"a region of it":            {languages: []string{"en", "nl-BE"}, accept: "nl-BE", want: "nl-BE"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Language", tt.accept)
			r = WithLocales(r, tt.locales)
			o := Options{Overrides: files, Languages: tt.languages, Language: func(*http.Request) string { return tt.set }}
			w := writeTo(t, o, r, "error.html", Error{})
			require.Equal(t, tt.want, w.Header().Get("Content-Language"))
			html := `<html lang="` + tt.want + `"`
			if tt.direction != "" {
				html += ` dir="` + tt.direction + `"`
			}
			require.Contains(t, w.Body.String(), html+">")
		})
	}
}

func TestMessageThatThereIsNotFailsThePage(t *testing.T) {
	var log strings.Builder
	set, err := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	for _, message := range []*Message{Say("error.nonsense"), Say("consent.heading"), Say("time.in.days", "3"), Say("consent.heading", struct{}{})} {
		w := httptest.NewRecorder()
		set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, "error.html", Error{Title: message})
		require.Equal(t, http.StatusInternalServerError, w.Code, message)
	}
	require.Contains(t, log.String(), "error.nonsense")
}
