// Command server is the demo: a small service whose users register OAuth
// applications, authorize them, and withdraw them again.
//
//	go run ./examples/server
//
// It is a host application as any other, built from the exported packages of
// the library. What is its own is what every host has: people who sign in
// (people.go, login.go, session.go), an API worth protecting (api.go), and a
// process to run it all in. site.go puts the two together.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 after a clean stop, 1 where the server could
// not start or failed, 2 for a command line that makes no sense.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		printUsage(stdout)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "server: %v (-help lists the flags)\n", err)
		return 2
	}

	// The first signal stops the server in good order. It also restores the
	// default behaviour, so that a second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	if err := serve(ctx, opts, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return 1
	}
	return 0
}

// serve runs the server until ctx is done and what was in flight is answered.
// The port comes first: a second server started by mistake touches no file.
func serve(ctx context.Context, opts options, stdout, stderr io.Writer) (err error) {
	listener, err := net.Listen("tcp", opts.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program listens on %s: stop it, or choose another port with -addr 127.0.0.1:0", opts.addr)
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	if opts.issuer == "" {
		opts.issuer = "http://" + listener.Addr().String()
	}

	if opts.metadataRoots, err = loadRoots(opts.metadataCA); err != nil {
		return err
	}
	st, err := openStore(ctx, opts.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	keys, err := loadKeys(opts.keyFile)
	if err != nil {
		return err
	}

	if opts.metrics, err = newMetrics(opts); err != nil {
		return err
	}
	observed, err := opts.metrics.observe(st)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(stderr, nil))
	site, err := newSite(opts, observed, keys, logger)
	if err != nil {
		return err
	}
	printWelcome(stdout, listener.Addr(), opts)
	return serveUntil(ctx, listener, site, observed, logger)
}
