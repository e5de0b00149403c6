package oauthapp

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPagesSayMistakesInTheSameWords: the message of each code, in the
// catalogue of the pages, is the text that is here.
func TestPagesSayMistakesInTheSameWords(t *testing.T) {
	b, err := os.ReadFile("../flow/internal/page/messages/en.json")
	require.NoError(t, err)
	var messages map[string]any
	require.NoError(t, json.Unmarshal(b, &messages))
	texts := mistakes(t)
	require.NotEmpty(t, texts)
	for code, text := range texts {
		require.Equal(t, text, messages["problem."+code], code)
	}
	for key := range messages {
		if code, ok := strings.CutPrefix(key, "problem."); ok {
			require.Contains(t, texts, code)
		}
	}
}

// mistakes are the texts of all mistakes in the files of this package by their
// codes, with {1} for what a predicate is about, and {2} and so on for the
// arguments.
func mistakes(t *testing.T) map[string]string {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "wrong" {
				return true
			}
			code, text := constant(t, call.Args[0]), message(constant(t, call.Args[1]))
			if before, there := texts[code]; there {
				require.Equal(t, before, text, code)
			}
			texts[code] = text
			return true
		})
	}
	return texts
}

func constant(t *testing.T, e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok {
		return constant(t, sum.X) + constant(t, sum.Y)
	}
	text, err := strconv.Unquote(e.(*ast.BasicLit).Value)
	require.NoError(t, err)
	return text
}

// message is a format as a message.
func message(format string) string {
	if regexp.MustCompile(`^[a-z]`).MatchString(format) { // a predicate
		format = "{1} " + format
	}
	n := 1
	return regexp.MustCompile(`%[sd%]`).ReplaceAllStringFunc(format, func(verb string) string {
		if verb == "%%" {
			return "%"
		}
		n++
		return "{" + strconv.Itoa(n) + "}"
	})
}
