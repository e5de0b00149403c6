package flowtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
)

type welcome struct{ Name, Problem string }

// greeting is a host with a page of its own, which writes some words out.
func greeting() flow.Config {
	return flow.Config{Pages: flow.Pages{
		Data: func(*http.Request) any { return "Ann" },
		Files: fstest.MapFS{
			"messages/en.json": {Data: []byte(`{"site.welcome": "Welcome to {1}", "site.too_late": "Too late"}`)},
			"messages/de.json": {Data: []byte(`{"site.welcome": "Willkommen bei {1}", "site.too_late": "Zu spät"}`)},
			"footer.html":      {Data: []byte(`<footer>Signed in as {{.Host}} <a href="/" lang="de">Deutsch</a></footer>`)},
			"welcome.html": {Data: []byte(`{{define "title"}}{{msg "site.welcome" .Page.Name}}{{end}}` +
				`{{define "main"}}<p>{{with .Page.Problem}}{{msg .}}{{end}}</p><code>GET</code><input placeholder="Search">{{end}}`)},
		},
	}}
}

func TestUntranslated(t *testing.T) {
	require.Equal(t, []string{"Search", "Signed in as"}, flowtest.Untranslated(t, greeting(), "welcome.html", welcome{"Example", "site.too_late"}))

	cfg := greeting()
	cfg.Pages.Files.(fstest.MapFS)["footer.html"].Data = nil
	cfg.Pages.Files.(fstest.MapFS)["plain.html"] = &fstest.MapFile{Data: []byte(`{{define "title"}}{{.Page}}{{end}}{{define "main"}}{{end}}`)}
	cfg.Pages.Data = nil
	require.Empty(t, flowtest.Untranslated(t, cfg, "plain.html", "Example"))
	require.Empty(t, flowtest.Untranslated(t, cfg, "plain.html", nil))
}

// The words of the configuration are messages, and every text of data is a name,
// wherever it stands.
func TestUntranslatedKnowsWordsAndNames(t *testing.T) {
	type person struct {
		Key   string
		Lines [1]string
		Boss  *person
	}
	boss := &person{Key: "Chief", Lines: [1]string{"One line"}}
	boss.Boss = boss
	files := fstest.MapFS{"own.html": {Data: []byte(`{{define "title"}}{{msg "list.heading"}}{{end}}{{define "main"}}` +
		`<p>{{msg "scope.read"}}</p>{{with .Page}}{{.Key}} {{index .Boss.Lines 0}}{{end}}<input type="submit" value="Send">{{end}}`)}}
	require.Equal(t, []string{"Send"}, flowtest.Untranslated(t, flow.Config{
		Scopes: []flow.Scope{{Name: "read", Description: "Read your <domains>", Default: true}},
		Pages:  flow.Pages{Files: files},
	}, "own.html", boss))
}

// A page of the host, and what it says in one language alone. In a host's own
// tests, cfg is the configuration of the service, and t is there.
func ExampleUntranslated() {
	cfg := flow.Config{Pages: flow.Pages{Files: fstest.MapFS{
		"messages/en.json": {Data: []byte(`{"site.welcome": "Welcome to {1}"}`)},
		"messages/de.json": {Data: []byte(`{"site.welcome": "Willkommen bei {1}"}`)},
		"welcome.html": {Data: []byte(`{{define "title"}}{{msg "site.welcome" .Page}}{{end}}` +
			`{{define "main"}}<h1>{{msg "site.welcome" .Page}}</h1><p>Please sign in.</p>{{end}}`)},
	}}}
	var texts []string
	testing.Benchmark(func(t *testing.B) { texts = flowtest.Untranslated(t, cfg, "welcome.html", "Example Domains") })
	fmt.Println("in no file of messages:", texts)
	// Output: in no file of messages: [Please sign in.]
}
