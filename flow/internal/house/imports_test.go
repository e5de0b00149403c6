package house

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the module promises of its imports holds for the code that users link:
// test files are not looked at.

const (
	module = "github.com/oauthapps/oauthapps"
	fosite = "github.com/ory/" // its own module and those it comes with
)

// A listedPackage is a package as the go command lists it.
type listedPackage struct {
	ImportPath string
	Name       string
	Standard   bool
	Imports    []string
	Deps       []string // direct and indirect
	Export     string   // file of the compiled package's exported declarations
	Error      *struct{ Err string }
}

// rel is the import path within the module.
func (p listedPackage) rel() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func (p listedPackage) ours() bool { return strings.HasPrefix(p.ImportPath, module+"/") }

func list(t *testing.T, args ...string) map[string]listedPackage {
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-deps"}, args...)...)
	cmd.Dir = root(t)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	packages := map[string]listedPackage{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if p.ours() && p.Error != nil {
			t.Fatalf("%s: %s", p.ImportPath, p.Error.Err)
		}
		packages[p.ImportPath] = p
	}
	require.Contains(t, packages, module+"/oauthapp")
	return packages
}

// root returns the folder of the module. It looks into each folder below, so
// that the go command does not take a result from its cache after any of the
// files changed.
func root(t *testing.T) string {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	require.NoError(t, err)
	root := filepath.Dir(strings.TrimSpace(string(out)))
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && path != root && (entry.Name()[0] == '.' || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		return err
	})
	require.NoError(t, err)
	return root
}

// layers are in the order of imports: each package imports its own layer and
// those below alone.
var layers = []string{"oauthapp", "store", "flow", "examples"}

func layerOf(rel string) int {
	top, _, _ := strings.Cut(rel, "/")
	return slices.Index(layers, top)
}

func TestImports(t *testing.T) {
	packages := list(t, "-json=ImportPath,Name,Standard,Imports,Deps,Error", "./...")
	within := func(rel, parent string) bool { return rel == parent || strings.HasPrefix(rel, parent+"/") }
	foreign := func(p listedPackage) (paths []string) {
		for _, dep := range p.Deps {
			if d := packages[dep]; !d.Standard && !d.ours() {
				paths = append(paths, dep)
			}
		}
		return paths
	}

	for _, p := range packages {
		if !p.ours() {
			continue
		}
		rel := p.rel()
		t.Run(rel, func(t *testing.T) {
			require.GreaterOrEqual(t, layerOf(rel), 0, "one of the folders %v", layers)

			for _, path := range p.Imports {
				if dep := packages[path]; dep.ours() {
					require.LessOrEqual(t, layerOf(dep.rel()), layerOf(rel), "imports run %s: %s",
						"examples, flow, store, oauthapp", path)
				}
				require.False(t, strings.HasPrefix(path, "github.com/stretchr/testify"), "testify is for test files: %s", path)
				if rel != "flow/telemetry" && layerOf(rel) < slices.Index(layers, "examples") {
					require.False(t, strings.HasPrefix(path, "go.opentelemetry.io/"), "OpenTelemetry is the telemetry's own: %s", path)
				}
				if layerOf(rel) < slices.Index(layers, "examples") {
					require.False(t, strings.HasPrefix(path, "github.com/go-chi/"), "the router is an example's own: %s", path)
				}
				if rel != "flow/internal/engine" {
					require.False(t, strings.HasPrefix(path, fosite), "fosite is the engine's own: %s", path)
				}
				if rel != "flow/internal/jose" {
					require.False(t, strings.HasPrefix(path, "github.com/go-jose/"), "signed tokens are read in one place: %s", path)
				}
			}

			switch {
			case within(rel, "oauthapp"), rel == "store", within(rel, "store/memory"), within(rel, "store/storetest"):
				require.Subset(t, []string{"github.com/google/uuid"}, foreign(p), "the standard library and uuid alone")
			}
			if layerOf(rel) < slices.Index(layers, "flow") {
				require.NotContains(t, strings.Join(foreign(p), " "), fosite, "what only administers or stores links no fosite")
				require.False(t, slices.Contains(p.Deps, "net/http"), "what only administers or stores links no HTTP server")
			}
		})
	}
}

// fosite can be replaced without breaking a user, because nothing that a user
// can name or reach from the outside has one of its types.
func TestNoFositeInExportedSignatures(t *testing.T) {
	packages := list(t, "-export", "-json=ImportPath,Name,Standard,Export,Error", "./oauthapp/...", "./store/...", "./flow/...")
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if packages[path].Export == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(packages[path].Export)
	})
	checked := 0
	for _, p := range packages {
		if !p.ours() || p.Name == "main" || strings.Contains("/"+p.rel()+"/", "/internal/") {
			continue
		}
		pkg, err := compiled.Import(p.ImportPath)
		require.NoError(t, err)
		checked++
		for _, problem := range exposed(pkg, fosite) {
			t.Errorf("%s: %s", p.rel(), problem)
		}
	}
	require.GreaterOrEqual(t, checked, 5)
}

// The search finds what it is for: flow itself does not pass if the type to
// find is one that it does expose.
func TestExposedTypesAreFound(t *testing.T) {
	packages := list(t, "-export", "-json=ImportPath,Export", "./flow", "./oauthapp")
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	for path, exposing := range map[string]string{
		module + "/flow":     "net/http",               // in the signatures of methods
		module + "/oauthapp": "github.com/google/uuid", // in the fields of structs
	} {
		pkg, err := compiled.Import(path)
		require.NoError(t, err)
		require.NotEmpty(t, exposed(pkg, exposing))
		require.Empty(t, exposed(pkg, "example.com/"))
	}
}

// exposed tells where types of packages below prefix can be reached from the
// exported declarations of pkg.
func exposed(pkg *types.Package, prefix string) (problems []string) {
	walk := walker{prefix: prefix, seen: map[types.Type]bool{}}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			walk.found = ""
			walk.visit(object.Type())
			if walk.found != "" {
				problems = append(problems, fmt.Sprintf("%s reaches %s", name, walk.found))
			}
		}
	}
	return problems
}

// A walker visits every type that a user can get at from another.
type walker struct {
	prefix string
	seen   map[types.Type]bool
	found  string
}

func (w *walker) visit(typ types.Type) {
	if typ == nil || w.seen[typ] {
		return
	}
	w.seen[typ] = true
	switch typ := typ.(type) {
	case *types.Alias:
		w.visitNamed(typ.Obj(), nil)
		w.visit(types.Unalias(typ))
	case *types.Named:
		w.visitNamed(typ.Obj(), typ)
		for arg := range typ.TypeArgs().Types() {
			w.visit(arg)
		}
	case *types.Signature:
		w.visitTuple(typ.Params())
		w.visitTuple(typ.Results())
		for param := range typ.TypeParams().TypeParams() {
			w.visit(param.Constraint())
		}
	case *types.Struct:
		for field := range typ.Fields() {
			if field.Exported() || field.Embedded() {
				w.visit(field.Type())
			}
		}
	case *types.Interface:
		for method := range typ.Methods() {
			if method.Exported() {
				w.visit(method.Type())
			}
		}
		for embedded := range typ.EmbeddedTypes() {
			w.visit(embedded)
		}
	case *types.Union:
		for term := range typ.Terms() {
			w.visit(term.Type())
		}
	case *types.Map:
		w.visit(typ.Key())
		w.visit(typ.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.visit(typ.Elem())
	}
}

// visitNamed looks into the types of the module, and at the names of others.
func (w *walker) visitNamed(name *types.TypeName, named *types.Named) {
	if name.Pkg() == nil {
		return
	}
	path := name.Pkg().Path()
	if strings.HasPrefix(path, w.prefix) {
		w.found = path + "." + name.Name()
	}
	if named == nil || !strings.HasPrefix(path, module+"/") {
		return
	}
	w.visit(named.Underlying())
	for method := range named.Methods() {
		if method.Exported() {
			w.visit(method.Type())
		}
	}
}

func (w *walker) visitTuple(tuple *types.Tuple) {
	for v := range tuple.Variables() {
		w.visit(v.Type())
	}
}
