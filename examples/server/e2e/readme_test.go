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

// The program in the README is the one that is compiled and tested.
func TestReadmeShowsTheEmbedExample(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "examples", "embed", "main.go"))
	require.NoError(t, err)
	_, program, found := strings.Cut(string(source), "\nfunc main() {\n")
	require.True(t, found)
	shown := strings.Contains(readme(t), "```go\nfunc main() {\n"+program+"```\n")
	require.True(t, shown, "README.md shows another program than examples/embed/main.go, from func main on")
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
