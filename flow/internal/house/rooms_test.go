package house

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// rooms are the capabilities: each is a folder that can be deleted.
var rooms = []string{
	"flow/clientcredentials",
	"flow/clientkeys",
	"flow/clientmetadata",
	"flow/device",
	"flow/leaks",
	"flow/tokens",
	"flow/dnsimple",
	"flow/dpop",
	"flow/globalrevocation",
	"flow/par",
	"flow/registration",
	"flow/telemetry",
}

// No folder of package flow is forgotten: it is a capability, or one of these.
func TestEveryCapabilityIsListed(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(root(t), "flow"))
	require.NoError(t, err)
	for _, entry := range entries {
		room := "flow/" + entry.Name()
		if entry.IsDir() && !slices.Contains([]string{"flow/dashboard", "flow/flowtest", "flow/internal", "flow/testdata"}, room) {
			require.Contains(t, rooms, room, "a capability that is not in the list of those that can be deleted")
			if room != "flow/telemetry" { // which nobody's standard asks for
				require.FileExists(t, filepath.Join(root(t), room, "STANDARDS.md"))
			}
		}
	}
}

// Each capability can be deleted. Without the files of all of them the go
// command still finds every import of everything but the examples, tests
// included; and none imports another. So nothing that is left changes with the
// folder of one: it builds and passes as it did.
func TestEachCapabilityCanBeDeleted(t *testing.T) {
	root := root(t)
	rest := runGo(t, root, "list", "-overlay="+overlayWithout(t, root, rooms), "-test", "-deps", "./flow/...", "./store/...", "./oauthapp/...")
	require.Contains(t, rest, module+"/flow/dashboard\n")
	for _, room := range rooms {
		require.NotContains(t, rest, module+"/"+room+"\n", "it was not deleted")
		imports := runGo(t, root, "list", "-f", "{{.Imports}} {{.TestImports}} {{.XTestImports}}", "./"+room+"/...")
		for _, other := range rooms {
			if other != room {
				require.NotRegexp(t, module+"/"+other+`[/ \]]`, imports, "%s imports %s", room, other)
			}
		}
	}
}

// Without any capability the rest passes its tests, also those that read files.
func TestWithoutAnyCapability(t *testing.T) {
	if os.Getenv("OAUTHAPPS_TEST_FULL") == "" {
		t.Skip("it builds everything anew: set OAUTHAPPS_TEST_FULL=1")
	}
	copied := t.TempDir()
	copyModule(t, root(t), copied)
	for _, room := range append([]string{"examples"}, rooms...) {
		require.NoError(t, os.RemoveAll(filepath.Join(copied, filepath.FromSlash(room))))
	}
	runGo(t, copied, "vet", "./flow/...")
	runGo(t, copied, "test", "./flow/flowtest", "./flow/dashboard", "./flow")
}

// overlayWithout writes an overlay for the go command in which the files of
// some folders are not there.
func overlayWithout(t *testing.T, root string, folders []string) string {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var err error
	for _, folder := range folders {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(root, filepath.FromSlash(folder)), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				overlay.Replace[path] = ""
			}
			return err
		}))
	}
	require.NoError(t, err)
	b, err := json.Marshal(overlay)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

// runGo runs the go command in a module, and returns what it prints.
func runGo(t *testing.T, dir string, args ...string) string {
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %v:\n%s", args, out)
	return string(out)
}

// copyModule copies what git would have of the module: its files, but no
// dot-folders and nothing that was installed.
func copyModule(t *testing.T, from, to string) {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if rel != "." && (entry.Name()[0] == '.' || entry.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o644)
	})
	require.NoError(t, err)
}
