package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// The programs in the README are those that are compiled and tested, from their
// first comment or function on that it shows.
func TestReadmeShowsTheExamples(t *testing.T) {
	for example, from := range map[string]string{"embed": "func main() {\n", "mcp": "// host is"} {
		source, err := os.ReadFile(filepath.Join(root, "examples", example, "main.go"))
		require.NoError(t, err)
		_, program, found := strings.Cut(string(source), "\n"+from)
		require.True(t, found)
		shown := strings.Contains(readme(t), "```go\n"+from+program+"```\n")
		require.True(t, shown, "README.md shows another program than examples/%s/main.go, from %q on", example, from)
	}
}

// What the README links to in this repository is there.
func TestReadmeLinks(t *testing.T) {
	prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(readme(t), "")
	links := regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(prose, -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		_, err := os.Stat(filepath.Join(root, link[1]))
		require.NoError(t, err)
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	return string(text)
}
