package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named is a folder or a file in backticks, and a declaration behind it.
var named = regexp.MustCompile("`([A-Za-z0-9_.][A-Za-z0-9_./]*(?:/|\\.(?:go|md|txt)))(?::([A-Za-z0-9_]+))?`")

// What ARCHITECTURE.md names is there: files, folders, and functions and types
// in the files that they stand behind.
func TestArchitectureNamesWhatIsThere(t *testing.T) {
	root := root(t)
	text, err := os.ReadFile(filepath.Join(root, ".github", "ARCHITECTURE.md"))
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(text), "\n"), 170, "it is to be read in one sitting")
	functions := 0
	for _, match := range named.FindAllStringSubmatch(string(text), -1) {
		if isDeleted(root, match[1]) {
			continue
		}
		path := filepath.Join(root, filepath.FromSlash(match[1]))
		if match[2] == "" {
			_, err := os.Stat(path)
			assert.NoError(t, err)
			continue
		}
		functions++
		source, err := os.ReadFile(path)
		if assert.NoError(t, err) {
			declared := regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|type )` + match[2] + `\b`)
			assert.True(t, declared.Match(source), "%s declares no %s", match[1], match[2])
		}
	}
	require.Greater(t, functions, 25)
	for _, room := range present(t) {
		assert.Contains(t, string(text), "`"+room+"/`")
	}
}

// The table of rooms tells what each room below flow imports of flow and its
// internal packages: no more, and no less.
func TestArchitectureTellsImports(t *testing.T) {
	root := root(t)
	text, err := os.ReadFile(filepath.Join(root, ".github", "ARCHITECTURE.md"))
	require.NoError(t, err)
	told := map[string]string{} // the last cell of a row, by room
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		for _, match := range named.FindAllStringSubmatch(cells[1], -1) {
			told[strings.TrimSuffix(match[1], "/")] = cells[3]
		}
	}
	for _, p := range list(t, "-json=ImportPath,Imports,Error", "./flow/...") {
		room := p.rel()
		if !p.ours() || !strings.HasPrefix(room, "flow/") {
			continue
		}
		cell, ok := told[room]
		if !assert.True(t, ok, "%s is not in the table", room) {
			continue
		}
		var want, imported []string
		for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ';' }) {
			word = strings.TrimSpace(word)
			if _, isRoom := told["flow/internal/"+word]; isRoom || word == "flow" {
				want = append(want, word)
			}
		}
		for _, path := range p.Imports {
			if path == module+"/flow" || strings.HasPrefix(path, module+"/flow/internal/") {
				imported = append(imported, strings.TrimPrefix(strings.TrimPrefix(path, module+"/"), "flow/internal/"))
			}
		}
		assert.ElementsMatch(t, want, imported, room)
	}
}
