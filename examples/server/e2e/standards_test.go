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

// The table of requirements names tests that exist, and names one for each requirement.
func TestStandardsNameTheirTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "flow", "STANDARDS.md"))
	require.NoError(t, err)
	written := testsOfTheModule(t)
	require.True(t, written["e2e.TestStandardsNameTheirTests"])

	named := regexp.MustCompile("`([a-z0-9]+\\.(?:Test|Fuzz|Example)[A-Za-z0-9_]*)`")
	rows := 0
	for line := range strings.Lines(string(text)) {
		tests := named.FindAllStringSubmatch(line, -1)
		for _, test := range tests {
			assert.True(t, written[test[1]], "flow/STANDARDS.md names a test that does not exist: %s", test[1])
		}
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.Contains(line, "| proven by |") {
			continue
		}
		rows++
		require.NotEmpty(t, tests, "a requirement without a test: %s", line)
		require.Regexp(t, `^ (RFC [0-9]{4}, |OAuth 2\.1, |OpenID Connect Core 1\.0, |draft)|^ practice `, cells[1], "a requirement without its source: %s", line)
	}
	require.Greater(t, rows, 80)
}

// testsOfTheModule are its tests, as "package.TestName", by the folder of the package.
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
