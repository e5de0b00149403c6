package flowtest

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/page/pagetest"
)

// Untranslated returns what a page of the host's own, name in
// flow.Config.Pages.Files, says that is neither in a file of messages nor in
// data: texts that are written out in a template, so that every reader gets
// them in the one language. It looks at the layout around the page too, and so
// at the host's head, navigation and footer, which get what Pages.Data returns.
//
// Texts of data count as names, such as those of people, but for those that are
// keys of messages. What is in <code>, and in an element with a lang attribute,
// is left alone. It ends the test if the page cannot be shown.
//
// What only some languages lack, flow.Provider.Check tells.
func Untranslated(t testing.TB, cfg flow.Config, name string, data any) []string {
	t.Helper()
	files := fstest.MapFS{}
	if cfg.Pages.Files != nil {
		files = copied(t, cfg.Pages.Files)
	}
	english := pagetest.Marked(t, page.Messages, files)[pagetest.English]
	var keys map[string]any
	if err := json.Unmarshal(english.Data, &keys); err != nil {
		t.Fatalf("flowtest: %v", err)
	}
	isKey := func(text string) bool { return keys[text] != nil }
	files[pagetest.English] = english
	cfg.Pages.Files, cfg.Pages.Languages, cfg.Pages.Language = files, []string{"en"}, nil
	if ask := cfg.Pages.Data; ask != nil {
		cfg.Pages.Data = func(r *http.Request) any { return pagetest.Data(ask(r), isKey) }
	}
	w := httptest.NewRecorder()
	New(t, cfg).WritePage(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, name, pagetest.Data(data, isKey))
	if w.Code != http.StatusOK {
		t.Fatalf("flowtest: the page %s cannot be shown: see the log", name)
	}
	texts := pagetest.Unsaid(t, w.Body.Bytes())
	for i, text := range texts {
		texts[i] = strings.TrimSpace(text)
	}
	return texts
}

// copied are the files of the host, to which others can be added.
func copied(t testing.TB, files fs.FS) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		all[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatalf("flowtest: flow.Config.Pages.Files: %v", err)
	}
	return all
}
