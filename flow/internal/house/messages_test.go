package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What has messages: the library, and the demo for pages of its own, whose
// folder may be deleted.
const (
	top        = "../../.."
	flowFolder = top + "/flow"
	demoFolder = top + "/examples/server"
)

// messageFiles are the files of messages of one language, by their folders.
func messageFiles(t *testing.T, tag string) map[string]map[string]any {
	files := map[string]map[string]any{}
	walk(t, func(path string, d fs.DirEntry) error {
		if filepath.Base(filepath.Dir(path)) != "messages" || d.Name() != tag+".json" {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var messages map[string]any
		if err := json.Unmarshal(b, &messages); err != nil {
			return err
		}
		folder, err := filepath.Rel(top, filepath.Dir(path))
		files[filepath.ToSlash(folder)] = messages
		return err
	})
	return files
}

// walk visits every file of the library and of the demo.
func walk(t *testing.T, visit func(path string, d fs.DirEntry) error) {
	for _, folder := range []string{flowFolder, demoFolder} {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.IsDir():
				return nil
			}
			return visit(path, d)
		}))
	}
}

// TestEveryLanguageIsWhole: each language that the library has says all that
// English says, in every room and in the demo. What New finds wrong with a message is not
// looked for here.
func TestEveryLanguageIsWhole(t *testing.T) {
	english := messageFiles(t, "en")
	require.NotEmpty(t, english)
	for _, tag := range languages(t) {
		t.Run(tag, func(t *testing.T) {
			files := messageFiles(t, tag)
			for folder, messages := range english {
				for key := range messages {
					_, has := files[folder][key]
					require.True(t, has, "%s lacks %s", folder, key)
				}
			}
			require.Len(t, files, len(english))
		})
	}
}

// tenses are the beginnings of keys that moment.go of package page puts
// together.
var tenses = regexp.MustCompile(`^time\.(ago|in)\.`)

// TestMessagesAreSaid: each key that is written in a template or in Go is in
// the catalogue, and each key of the catalogue is written there.
func TestMessagesAreSaid(t *testing.T) {
	keys, said := map[string]bool{}, map[string]bool{} // said ends with "*" where the rest is put together
	for _, messages := range messageFiles(t, "en") {
		for key := range messages {
			keys[key] = true
		}
	}
	inTemplate := regexp.MustCompile(`\(?msg "([^"]+)"`)
	walk(t, func(path string, d fs.DirEntry) error {
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		switch filepath.Ext(path) {
		case ".html":
			if filepath.Base(filepath.Dir(path)) == "testdata" {
				return nil
			}
			b, err := os.ReadFile(path)
			for _, m := range inTemplate.FindAllStringSubmatch(string(b), -1) {
				said[m[1]] = true
			}
			return err
		case ".go":
			return saidIn(path, keys, said)
		}
		return nil
	})
	var beginnings []string
	for key := range said {
		if beginning, found := strings.CutSuffix(key, "*"); found {
			beginnings = append(beginnings, beginning)
			continue
		}
		require.True(t, keys[key], "there is no message %s", key)
	}
	for key := range keys {
		begins := func(beginning string) bool { return strings.HasPrefix(key, beginning) }
		require.True(t, said[key] || slices.ContainsFunc(beginnings, begins) || tenses.MatchString(key), "nobody says %s", key)
	}
}

// saidIn notes what a Go file says: the keys that Say is called with, and
// whatever else is written there and is a key.
func saidIn(path string, keys, said map[string]bool) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	note := func(e ast.Expr, called bool) {
		rest := ""
		if sum, ok := e.(*ast.BinaryExpr); ok && called {
			e, rest = sum.X, "*"
		}
		literal, ok := e.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && (called || keys[text]) {
			said[text+rest] = true
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name, ok := n.Fun.(*ast.Ident)
			if selector, is := n.Fun.(*ast.SelectorExpr); is {
				name, ok = selector.Sel, true
			}
			if ok && name.Name == "Say" {
				note(n.Args[0], true)
			}
		case *ast.BasicLit:
			note(n, false)
		}
		return true
	})
	return nil
}
