package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tables of requirements, of package flow and of each capability in its own
// folder, name tests that exist, and name one for each requirement.
func TestStandardsNameTheirTests(t *testing.T) {
	written := testsOfTheModule(t)
	require.True(t, written["e2e.TestStandardsNameTheirTests"])
	rows := 0
	for _, page := range []string{"flow/STANDARDS.md", "flow/*/STANDARDS.md"} {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(page)))
		require.NoError(t, err)
		require.NotEmpty(t, paths, page)
		for _, path := range paths {
			rows += checkStandards(t, path, written)
		}
	}
	require.Greater(t, rows, 80)
}

var namedTest = regexp.MustCompile("`([a-z0-9]+\\.(?:Test|Fuzz|Example)[A-Za-z0-9_]*)`")

// checkStandards checks one page, and returns how many requirements it has.
func checkStandards(t *testing.T, path string, written map[string]bool) (rows int) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		tests := namedTest.FindAllStringSubmatch(line, -1)
		for _, test := range tests {
			assert.True(t, written[test[1]], "%s names a test that does not exist: %s", path, test[1])
		}
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.Contains(line, "| proven by |") {
			continue
		}
		rows++
		assert.NotEmpty(t, tests, "%s: a requirement without a test: %s", path, line)
		assert.Regexp(t, `^ (RFC [0-9]{4}, |OAuth 2\.1, |OpenID Connect Core 1\.0, |draft)|^ practice `, cells[1],
			"%s: a requirement without its source: %s", path, line)
	}
	return rows
}

// testsOfTheModule are its tests, as "package.TestName", by the folder of the
// package.
func testsOfTheModule(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[filepath.Base(filepath.Dir(path))+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	require.NoError(t, err)
	return tests
}
