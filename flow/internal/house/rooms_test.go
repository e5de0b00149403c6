package house

import (
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
	"flow/clientkeys",
	"flow/clientmetadata",
	"flow/device",
	"flow/dnsimple",
	"flow/dpop",
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

// Each capability can be deleted, and everything but the examples that list it
// builds and passes its tests.
func TestEachCapabilityCanBeDeleted(t *testing.T) {
	for _, room := range rooms {
		t.Run(room, func(t *testing.T) {
			require.DirExists(t, filepath.Join(root(t), room))
			copied := t.TempDir()
			copyModule(t, root(t), copied)
			require.NoError(t, os.RemoveAll(filepath.Join(copied, filepath.FromSlash(room))))
			require.NoError(t, os.RemoveAll(filepath.Join(copied, "examples")))
			run := func(args ...string) {
				cmd := exec.CommandContext(t.Context(), "go", args...)
				cmd.Dir = copied
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "go %v:\n%s", args, out)
			}
			run("vet", "./flow/...")
			run("test", "./flow/flowtest", "./flow/dashboard")
			if os.Getenv("OAUTHAPPS_TEST_FULL") != "" {
				run("test", "./flow")
			}
		})
	}
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
