package house

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// demanded are examples of what a host meets first, by the folder of their
// package.
var demanded = map[string][]string{
	"oauthapp": {"Registry_RevokeGrant", "Registry_EndAccess", "Registry_ChangeStanding", "Registry_Transfer", "Registry_Import"},
	"flow": {
		"Config_events", "Config_profile", "Config_resources", "Guard", "Pages",
		"Provider_Authenticate", "Provider_Refusals", "Provider_WritePage",
	},
	"store/memory":   {"New"},
	"store/postgres": {"New"}, // which a test runs, as it needs a database
	"store/sqlite":   {"Open"},
}

// Each package that hosts import shows itself at work: go test runs an example
// of it and compares what that prints.
func TestEveryPackageHasARunnableExample(t *testing.T) {
	root := root(t)
	for _, folder := range importable(t, root) {
		names, runnable, err := examplesIn(filepath.Join(root, filepath.FromSlash(folder)))
		require.NoError(t, err, folder)
		if len(runnable) == 0 {
			t.Errorf("%s has no example with an output", folder)
		}
		for _, name := range demanded[folder] {
			if !slices.Contains(names, name) {
				t.Errorf("%s has no Example%s", folder, name)
			}
		}
	}
}

// An example without an output is compiled and never run: it does not count.
func TestExamplesThatDoNotRunAreFound(t *testing.T) {
	const heading = "package room_test\n\nimport \"fmt\"\n\n"
	for name, tt := range map[string]struct {
		file, content string
		names, run    []string
	}{
		"none":       {"room_test.go", heading + "func TestRoom() { fmt.Println() }\n", nil, nil},
		"not run":    {"room_test.go", heading + "func Example() { fmt.Println(1) }\n", []string{""}, nil},
		"run":        {"room_test.go", heading + "func ExampleNew() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n", []string{"New"}, []string{"New"}},
		"no test":    {"room.go", heading + "func Example() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n", nil, nil},
		"no package": {"room_test.go", "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, tt.file), []byte(tt.content), 0o600))
			names, run, err := examplesIn(folder)
			require.Equal(t, tt.content == "", err != nil)
			require.Equal(t, tt.names, names)
			require.Equal(t, tt.run, run)
		})
	}
}

// importable returns the folders of the packages that programs outside of the
// module can import.
func importable(t *testing.T, root string) (folders []string) {
	for _, top := range []string{"oauthapp", "store", "flow"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if entry.Name() == "internal" || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			files, err := filepath.Glob(filepath.Join(path, "*.go"))
			isTest := func(file string) bool { return strings.HasSuffix(file, "_test.go") }
			if files = slices.DeleteFunc(files, isTest); len(files) > 0 {
				rel, _ := filepath.Rel(root, path)
				folders = append(folders, filepath.ToSlash(rel))
			}
			return err
		})
		require.NoError(t, err)
	}
	require.Subset(t, folders, []string{"oauthapp", "oauthapp/credential", "store", "store/storetest", "flow", "flow/dashboard", "flow/flowtest"})
	require.Subset(t, folders, present(t))
	return folders
}

// examplesIn returns the names of the examples in a folder, without the word
// Example, and of those that go test runs.
func examplesIn(folder string) (names, run []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, nil, err
	}
	var parsed []*ast.File
	set := token.NewFileSet()
	for _, file := range files {
		f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			return nil, nil, err
		}
		parsed = append(parsed, f)
	}
	for _, example := range doc.Examples(parsed...) {
		names = append(names, example.Name)
		if example.Output != "" || example.EmptyOutput {
			run = append(run, example.Name)
		}
	}
	return names, run, nil
}
