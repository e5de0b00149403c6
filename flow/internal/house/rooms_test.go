package house

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	"flow/gallery",
	"flow/globalrevocation",
	"flow/par",
	"flow/registration",
	"flow/signedintrospection",
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
			if room != "flow/telemetry" && room != "flow/gallery" { // which nobody's standard asks for
				require.FileExists(t, filepath.Join(root(t), room, "STANDARDS.md"))
			}
		}
	}
}

// present returns the capabilities whose folders are there: whoever deletes one
// has nothing else to do.
func present(t *testing.T) (there []string) {
	root := root(t)
	for _, room := range rooms {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(room))); err == nil {
			there = append(there, room)
		}
	}
	return there
}

// isDeleted reports whether a path leads to what was deleted with its folder: a
// capability, or an example.
func isDeleted(root, path string) bool {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 2 || parts[0] != "examples" && !slices.Contains(rooms, parts[0]+"/"+parts[1]) {
		return false
	}
	_, err := os.Stat(filepath.Join(root, parts[0], parts[1]))
	return errors.Is(err, fs.ErrNotExist)
}

// Nothing imports a capability but the examples, tests included: without the
// files of all capabilities the go command finds every import of the rest, and
// none of them imports another.
func TestOnlyExamplesImportCapabilities(t *testing.T) {
	root, rooms := root(t), present(t)
	rest := runGo(t, root, "list", "-overlay="+overlayWithout(t, root, rooms), "-test", "-deps", "./flow/...", "./store/...", "./oauthapp/...")
	require.Contains(t, rest, module+"/flow/dashboard\n")
	all := importsOf(t, root, "./flow/...")
	for _, room := range rooms {
		require.NotContains(t, rest, module+"/"+room+"\n", "it was not left out")
		for folder, imports := range all {
			if folder != room && isAmong(imports, room) {
				t.Errorf("%s imports %s", folder, room)
			}
		}
	}
}

// What a capability alone says is among its own messages, so that nobody is
// left with them when it is deleted.
func TestMessagesOfTheLibraryAreItsOwn(t *testing.T) {
	root := root(t)
	folder := filepath.Join(root, "flow")
	var library, capabilities strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if first, _, _ := strings.Cut(filepath.ToSlash(rel), "/"); slices.Contains(rooms, "flow/"+first) {
			capabilities.Write(text)
		} else {
			library.Write(text)
		}
		return err
	}))
	text, err := os.ReadFile(filepath.Join(folder, "internal", "page", "messages", "en.json"))
	require.NoError(t, err)
	var messages map[string]any
	require.NoError(t, json.Unmarshal(text, &messages))
	require.Greater(t, len(messages), 100)
	for key := range messages {
		if quoted := strconv.Quote(key); strings.Contains(capabilities.String(), quoted) && !strings.Contains(library.String(), quoted) {
			t.Errorf("%s is said by a capability alone", key)
		}
	}
}

// A page of requirements names tests of no capability but its own, so that it
// stays true when another one is deleted.
func TestPagesOfRequirementsNameTheirOwnTests(t *testing.T) {
	root := root(t)
	tests := regexp.MustCompile("`([a-z0-9]+)\\.(?:Test|Fuzz|Example)")
	for _, page := range append(present(t), "flow") {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page), "STANDARDS.md"))
		if page == "flow/telemetry" || page == "flow/gallery" {
			continue // which nobody's standard asks for
		}
		require.NoError(t, err)
		named := tests.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, named, page)
		for _, test := range named {
			if room := "flow/" + test[1]; room != page && slices.Contains(rooms, room) {
				t.Errorf("%s names a test of %s", page, room)
			}
		}
	}
}

// Each capability can be deleted: the rest builds and passes its tests, but for
// the examples that list it. The go command has the result of a test from its
// cache unless something that the test builds or reads was deleted. The other
// examples are vetted, and what is below flow imports nothing of it.
func TestEachCapabilityCanBeDeleted(t *testing.T) {
	if os.Getenv("OAUTHAPPS_TEST_FULL") == "" {
		t.Skip("it builds everything anew: set OAUTHAPPS_TEST_FULL=1")
	}
	copied := t.TempDir()
	copyModule(t, root(t), copied)
	examples := importsOf(t, copied, "./examples/...")
	for _, room := range present(t) {
		t.Run(path.Base(room), func(t *testing.T) {
			takeAway(t, copied, room)
			for example, imports := range examples {
				if isAmong(imports, room) {
					takeAway(t, copied, example)
				}
			}
			runGo(t, copied, "vet", "./flow/...", "./examples/...")
			runGo(t, copied, "test", "-vet=off", "./flow/...")
		})
	}
}

// takeAway deletes a folder of a module until the end of a test.
func takeAway(t *testing.T, module, folder string) {
	from, to := filepath.Join(module, filepath.FromSlash(folder)), filepath.Join(t.TempDir(), "away")
	require.NoError(t, os.Rename(from, to))
	t.Cleanup(func() { require.NoError(t, os.Rename(to, from)) })
}

// importsOf returns what the packages in each folder right below flow or
// examples import, tests included.
func importsOf(t *testing.T, root, packages string) map[string]string {
	imports := map[string]string{}
	listed := runGo(t, root, "list", "-f", "{{.ImportPath}} {{.Imports}} {{.TestImports}} {{.XTestImports}}", packages)
	for line := range strings.Lines(listed) {
		parts := strings.SplitN(strings.TrimPrefix(line, module+"/"), " ", 2)
		path := strings.Split(parts[0], "/")
		imports[strings.Join(path[:min(2, len(path))], "/")] += parts[1]
	}
	return imports
}

func isAmong(imports, room string) bool {
	return regexp.MustCompile(module + "/" + room + `[/ \]]`).MatchString(imports)
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

// runGo runs the go command in a module, without the optional parts of tests,
// and returns what it prints.
func runGo(t *testing.T, dir string, args ...string) string {
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OAUTHAPPS_TEST_") })
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %v:\n%s", args, out)
	return string(out)
}

// copyModule copies the files of the module that are neither those of git nor
// installed.
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
			if entry.Name() == ".git" || entry.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if entry.Type()&fs.ModeSymlink != 0 || entry.Name() == ".git" { // a worktree has a file
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o644)
	})
	require.NoError(t, err)
}
