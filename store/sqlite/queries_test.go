package sqlite

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var aStatement = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK|PRAGMA) `)

// Every constant of queries.go that is a statement is prepared, and so seen by
// the test of plans.
func TestEveryStatementIsPrepared(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "queries.go", nil, 0)
	require.NoError(t, err)
	listed := map[string]bool{}
	var statements []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				listed[e.(*ast.Ident).Name] = true
			}
		case *ast.ValueSpec:
			if len(n.Values) == 1 {
				literal := n.Values[0]
				for {
					b, ok := literal.(*ast.BinaryExpr)
					if !ok {
						break
					}
					literal = b.X
				}
				if l, ok := literal.(*ast.BasicLit); ok && aStatement.MatchString(strings.Trim(l.Value, "`")+" ") {
					statements = append(statements, n.Names[0].Name)
				}
			}
		}
		return true
	})
	require.Greater(t, len(statements), 40)
	for _, name := range statements {
		require.True(t, listed[name], "%s is in none of the lists", name)
	}
	require.Len(t, statements, len(listed))
}

// No statement scans a table or sorts: its cost does not grow with what is
// stored.
func TestQueryPlans(t *testing.T) {
	s := openTemp(t)
	allowed := map[string]string{
		// What is scanned is a subquery, which searches an index and stops at
		// its limit.
		countApplications: "SCAN (subquery",
		// As many users as are counted.
		selectUsage:  "SCAN users",
		walkSessions: "SCAN (subquery", walkGrants: "SCAN (subquery", walkAPITokens: "SCAN (subquery",
		countAPITokens: "SCAN (subquery",
	}
	for _, query := range slices.Concat(reads, writes) {
		if !aStatement.MatchString(query) || strings.HasPrefix(query, "ROLLBACK") {
			continue
		}
		for _, step := range planOf(t, s.writer.conn, query) {
			if prefix, ok := allowed[query]; ok && strings.HasPrefix(step, prefix) {
				continue
			}
			require.NotContains(t, step, "SCAN", "%s\n%s", query, step)
			require.NotContains(t, step, "TEMP B-TREE", "%s\n%s", query, step)
		}
	}
}

// Users are counted each once, not each grant: a user can have one for each of
// very many accounts.
func TestUsersAreCountedByJumping(t *testing.T) {
	s := openTemp(t)
	require.Contains(t, strings.Join(planOf(t, s.writer.conn, selectUsage), "\n"),
		"(application_id=? AND application_epoch=? AND user_id>?)")
}

func planOf(t *testing.T, c *conn, query string) (steps []string) {
	t.Helper()
	_, err := c.once("EXPLAIN QUERY PLAN "+query, func(r *row) {
		r.skip(3)
		steps = append(steps, r.text())
	})
	require.NoError(t, err)
	t.Log(query, "\n   ", strings.Join(steps, "\n    "))
	return steps
}
