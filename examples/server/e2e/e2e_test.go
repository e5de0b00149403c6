// Package e2e tests the demo server from outside: as a program that is started,
// killed and started again, by browsers, by published OAuth clients, by the
// other example programs, and by raw requests. It knows the server by its
// contract (flags, paths, form fields and answers) and imports nothing of the
// library, but for mcp_test.go, whose host protects an MCP server of its own,
// and redirect_test.go, which tries more callback URLs than forms could be
// sent. Several servers on one PostgreSQL database are a cluster, which is
// tested as one.
//
// Tests that need more than Go skip, and say what is missing, on a machine that
// lacks it. With OAUTHAPPS_TEST_FULL=1 in the environment they fail instead.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs is the folder of the example programs, built once for all tests.
var programs string

// program is the path of an example program: "server", "webapp" or "cli".
func program(name string) string { return filepath.Join(programs, name) }

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "oauthapps-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	build := exec.Command("go", "build", "-o", dir, "..", "../../webapp", "../../cli")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// missing ends a test that lacks a part of the machine: it skips, or fails in a
// full run. supply says how to get the part.
func missing(t *testing.T, part, supply string) {
	t.Helper()
	if os.Getenv("OAUTHAPPS_TEST_FULL") == "1" {
		t.Fatalf("%s is missing, and OAUTHAPPS_TEST_FULL=1 asks for it: %s", part, supply)
	}
	t.Skipf("%s is missing: %s", part, supply)
}
