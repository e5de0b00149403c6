// Package e2e tests the demo server from outside: as a program that is started,
// killed and started again, by browsers, by published OAuth clients, and by raw
// requests. It knows the server by its contract (flags, paths, form fields and
// answers) and imports nothing of the library.
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

// program is the demo server, built once for all tests.
var program string

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
	program = filepath.Join(dir, "server")
	if out, err := exec.Command("go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the demo server: %v\n%s", err, out)
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
