package flowtest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/page/pagetest"
)

// Untranslated returns what a page of the host's own, name in
// flow.Config.Pages.Files, says that is neither a message nor data: texts that
// are written out in a template, so that every reader gets them in the one
// language. It looks at the layout around the page too, and so
// at the host's head, navigation and footer, which get what Pages.Data returns.
//
// Texts of data count as names, such as those of people, but for those that are
// keys of messages. They have marks around them, so a template that compares one
// with eq finds it to be another: let it compare a number or a bool. What is in
// <code>, and in an element with a lang attribute, is left alone. It ends the
// test if the page cannot be shown.
//
// What only some languages lack, flow.Provider.Check tells.
func Untranslated(t testing.TB, cfg flow.Config, name string, data any) []string {
	t.Helper()
	isKey := keys(t, page.Messages, cfg.Pages.Files)
	if ask := cfg.Pages.Data; ask != nil {
		cfg.Pages.Data = func(r *http.Request) any { return pagetest.HostData(ask(r), isKey) }
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r = page.WithMarks(r, pagetest.Begin, pagetest.End)
	New(t, cfg).WritePage(w, r, http.StatusOK, name, pagetest.HostData(data, isKey))
	if w.Code != http.StatusOK {
		t.Fatalf("flowtest: the page %s cannot be shown: see the log", name)
	}
	texts := pagetest.Unsaid(t, w.Body.Bytes())
	for i, text := range texts {
		texts[i] = strings.TrimSpace(text)
	}
	return texts
}

// keys returns what tells the keys of the messages in some files, of which the
// host's need not have any.
func keys(t testing.TB, files ...fs.FS) func(text string) bool {
	t.Helper()
	all := map[string]any{}
	for _, f := range files {
		if f == nil {
			continue
		}
		b, err := fs.ReadFile(f, "messages/en.json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(b, &all)
		}
		if err != nil {
			t.Fatalf("flowtest: flow.Config.Pages.Files: messages/en.json: %v", err)
		}
	}
	return func(text string) bool { return all[text] != nil }
}
