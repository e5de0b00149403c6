package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the README promises: a whole persistent provider takes a host
// application at most 20 lines, as gofmt lays them out and in lines that can be
// read.
func TestMainIsTwentyLinesAtMost(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	formatted, err := format.Source(source)
	require.NoError(t, err)
	require.True(t, bytes.Equal(source, formatted), "main.go is not gofmt'ed")

	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", source, 0)
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Name.Name != "main" {
			continue
		}
		first, last := files.Position(function.Body.Lbrace).Line, files.Position(function.Body.Rbrace).Line
		body := lines[first : last-1]
		require.NotEmpty(t, body)
		require.LessOrEqual(t, len(body), 20)
		for _, line := range body {
			require.LessOrEqual(t, len(line), 110, line)
			require.NotContains(t, line, ";", "one statement a line")
		}
		return
	}
	t.Fatal("main.go has no main")
}

// What people copy ends those who send a body, or read an answer, a byte at a
// time. All examples do.
func TestServersEndSlowBodies(t *testing.T) {
	var servers []string
	names, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || types.ExprString(literal.Type) != "http.Server" {
				return true
			}
			servers = append(servers, name)
			var set []string
			for _, element := range literal.Elts {
				set = append(set, types.ExprString(element.(*ast.KeyValueExpr).Key))
			}
			require.Subset(t, set, []string{"ReadTimeout", "WriteTimeout"}, name)
			return true
		})
	}
	require.Contains(t, servers, "../embed/main.go")
	require.Contains(t, servers, "../webapp/main.go")
}
