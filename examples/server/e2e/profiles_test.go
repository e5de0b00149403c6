package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var moduleRow = regexp.MustCompile("^\\| `([A-Za-z0-9_-]+)` \\| (.+) \\|$")

// The page of profiles names tests that exist, one for each clause, and answers
// for each module of the conformance suite: with a test, or with the reason why
// it is not applicable.
func TestProfilesNameTheirTests(t *testing.T) {
	written := testsOfTheModule(t)
	path := filepath.Join(root, "flow", "PROFILES.md")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	list, err := os.ReadFile(filepath.Join("testdata", "fapi2-modules.txt"))
	require.NoError(t, err)

	var modules []string
	clauses := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		tests := namedTest.FindAllStringSubmatch(line, -1)
		for _, test := range tests {
			assert.True(t, written[test[1]], "a test that does not exist: %s", test[1])
		}
		if row := moduleRow.FindStringSubmatch(line); row != nil {
			modules = append(modules, "fapi2-security-profile-final-"+row[1])
			reason, notApplicable := strings.CutPrefix(row[2], "not applicable: ")
			assert.Equal(t, notApplicable, len(tests) == 0, line)
			assert.True(t, !notApplicable || reason != "", line)
			continue
		}
		if strings.Count(line, "|") == 4 && !strings.Contains(line, "---") && !strings.Contains(line, "| proven by |") {
			clauses++
			assert.NotEmpty(t, tests, "a clause without a test: %s", line)
		}
	}
	require.Equal(t, strings.Fields(string(list)), modules)
	require.Greater(t, clauses, 40)
}
