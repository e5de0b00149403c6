package house

import (
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the surface as it is to testdata/surface.txt")

// The exported surface is a reviewed file: what users can write changes only
// with a change of testdata/surface.txt, which a person reads.
func TestSurface(t *testing.T) {
	const file = "testdata/surface.txt"
	root := root(t)
	lines := surface(t)
	require.Greater(t, len(lines), 100)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	was := strings.Split(strings.TrimSpace(string(want)), "\n")
	was = slices.DeleteFunc(was, func(line string) bool {
		return isDeleted(root, strings.TrimSuffix(line[:strings.Index(line, " ")], ":"))
	})
	if !slices.Equal(was, lines) {
		t.Fatalf("the exported surface differs: %q are new, %q are gone; where that is meant, run\n\tgo test ./flow/internal/house -run TestSurface -update",
			without(lines, was), without(was, lines))
	}
}

func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}

// surface describes every exported declaration of every public package, a line
// each.
func surface(t *testing.T) (lines []string) {
	packages := list(t, "-export", "-json=ImportPath,Name,Standard,Export,Error", "./oauthapp/...", "./store/...", "./flow/...")
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if packages[path].Export == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(packages[path].Export)
	})
	for _, p := range packages {
		if !p.ours() || p.Name == "main" || strings.Contains("/"+p.rel()+"/", "/internal/") {
			continue
		}
		pkg, err := compiled.Import(p.ImportPath)
		require.NoError(t, err)
		d := describer{rel: p.rel(), pkg: pkg}
		for _, name := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(name); object.Exported() {
				d.object(object)
			}
		}
		lines = append(lines, d.lines...)
	}
	slices.Sort(lines)
	return lines
}

// A describer writes down the declarations of one package.
type describer struct {
	rel   string
	pkg   *types.Package
	lines []string
}

func (d *describer) add(format string, args ...any) {
	d.lines = append(d.lines, d.rel+": "+fmt.Sprintf(format, args...))
}

// name names a type as a user of the package does: by its package's name, or by
// its own alone where it is of this package.
func (d *describer) name(other *types.Package) string {
	if other == d.pkg {
		return ""
	}
	return other.Name()
}

func (d *describer) typ(typ types.Type) string { return types.TypeString(typ, d.name) }

func (d *describer) object(object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		d.add("const %s %s = %s", object.Name(), d.typ(object.Type()), object.Val().ExactString())
	case *types.Var:
		d.add("var %s %s", object.Name(), d.typ(object.Type()))
	case *types.Func:
		d.add("func %s%s", object.Name(), strings.TrimPrefix(d.typ(object.Type()), "func"))
	case *types.TypeName:
		d.named(object)
	}
}

func (d *describer) named(object *types.TypeName) {
	if object.IsAlias() {
		d.add("type %s = %s", object.Name(), d.typ(types.Unalias(object.Type())))
		return
	}
	named := object.Type().(*types.Named)
	switch under := named.Underlying().(type) {
	case *types.Struct:
		d.add("type %s struct", object.Name())
		for field := range under.Fields() {
			if field.Exported() {
				d.add("type %s struct, %s %s", object.Name(), field.Name(), d.typ(field.Type()))
			}
		}
	case *types.Interface:
		d.add("type %s interface", object.Name())
		for method := range under.Methods() { // embedded ones too
			d.add("type %s interface, %s%s", object.Name(), method.Name(), strings.TrimPrefix(d.typ(method.Type()), "func"))
		}
	default:
		d.add("type %s %s", object.Name(), d.typ(under))
	}
	for method := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if f := method.Obj().(*types.Func); f.Exported() {
			if _, isInterface := named.Underlying().(*types.Interface); !isInterface {
				d.add("method (%s) %s%s", object.Name(), f.Name(), strings.TrimPrefix(d.typ(f.Type()), "func"))
			}
		}
	}
}
