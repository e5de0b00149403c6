package main

import (
	"fmt"
	"io"
	"net"
)

// printWelcome says where the server listens, in the line that scripts wait
// for, and what to try first.
func printWelcome(w io.Writer, addr net.Addr, opts options) {
	fmt.Fprintf(w, "listening on http://%s\n", addr)
	fmt.Fprintf(w, `
Open %[1]s/ and sign in as one of
`, opts.issuer)
	for _, p := range people {
		fmt.Fprintf(w, "  %-18s %s\n", p.email, p.password)
	}
	fmt.Fprintf(w, `
Then be a developer: choose an account, add an application, and authorize it from
  a web application, with the callback URL http://127.0.0.1:8081/callback
    go run ./examples/webapp -provider %[1]s -client-id ID -client-secret SECRET
  a command line program, registered as public, with the callback URL http://127.0.0.1/callback
    go run ./examples/cli -provider %[1]s -client-id ID

`, opts.issuer)
	switch {
	case opts.store.kind == memoryStore:
		fmt.Fprintln(w, "Everything is in memory and gone when the server stops.")
	case opts.store.kind == sqliteStore:
		fmt.Fprintf(w, "Everything is kept in %s; the key that signs cookies and forms is in %s.\n", opts.store.path, opts.keyFile)
	case opts.keyFile == "":
		fmt.Fprintln(w, "Everything is kept in PostgreSQL. The key that signs cookies and forms is random: other nodes need a -key-file shared with this one.")
	default:
		fmt.Fprintf(w, "Everything is kept in PostgreSQL; the keys that sign cookies and forms are in %s.\n", opts.keyFile)
	}
	fmt.Fprintln(w, "Stop with Ctrl-C. Events and errors follow on standard error, as JSON.")
}
