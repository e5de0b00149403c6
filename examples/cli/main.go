// Command cli is a native application of somebody else (RFC 8252): a command
// line program that its user logs in to with their account at the demo server.
// It is a public client, so it has no secret, and proves with PKCE that the
// code is its own.
//
//	go run ./examples/cli -client-id ID
//	go run ./examples/cli -client-id ID -device
//
// Register it as a public application with the callback URL
// http://127.0.0.1/callback: it listens on whatever port is free, and the
// server accepts any for 127.0.0.1.
//
// With -device its user logs in on another device, with a code (RFC 8628): on
// machines without a browser, and through SSH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	provider  string
	clientID  string
	noBrowser bool
	device    bool
	timeout   time.Duration
}

// run returns the exit status: 1 where nobody was logged in, 2 for a command
// line that makes no sense.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "cli: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := withTimeout(ctx, opts.timeout)
	defer cancel()

	logIn := login
	if opts.device {
		logIn = deviceLogin
	}
	token, err := logIn(ctx, opts, stdout)
	if err == nil {
		err = whoami(ctx, opts.provider, token, stdout)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "cli: %v\n", context.Cause(ctx))
	default:
		fmt.Fprintf(stderr, "cli: %v\n", err)
	}
	return 1
}

// withTimeout bounds the wait for the user, and says so where it ran out.
func withTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("nobody answered in the browser within %v", limit))
}

func parseOptions(args []string, stdout io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("cli", flag.ContinueOnError)
	flags.StringVar(&opts.provider, "provider", "http://127.0.0.1:8080", "`URL` of the demo server")
	flags.StringVar(&opts.clientID, "client-id", os.Getenv("OAUTH_CLIENT_ID"), "client `ID` of the application (default $OAUTH_CLIENT_ID)")
	flags.BoolVar(&opts.noBrowser, "no-browser", false, "print the URL to open instead of opening it")
	flags.BoolVar(&opts.device, "device", false, "log in on another device, with a code")
	flags.DurationVar(&opts.timeout, "timeout", 5*time.Minute, "how long to wait for the answer in the browser")
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "Usage: cli [flags]")
		flags.PrintDefaults()
		return options{}, err
	case err != nil:
		return options{}, err
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	opts.provider = strings.TrimSuffix(opts.provider, "/")
	if opts.clientID == "" {
		return options{}, fmt.Errorf("wants -client-id: add a public application at %s/ with the callback URL http://127.0.0.1/callback", opts.provider)
	}
	if opts.timeout <= 0 {
		return options{}, fmt.Errorf("-timeout %v: want a duration above zero", opts.timeout)
	}
	return opts, nil
}
