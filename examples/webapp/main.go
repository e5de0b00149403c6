// Command webapp is a web application of somebody else, which people log in to
// with their account at the demo server. It is what a developer who registers
// an application writes: golang.org/x/oauth2 does the OAuth part, and nothing
// here knows the library behind the server.
//
//	go run ./examples/webapp -client-id ID -client-secret SECRET
//
// At /tv it is a television, which its user logs in to with a phone (RFC 8628).
//
// The client ID and secret can also come from the environment, as
// OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, where other users of the machine do
// not see them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// options are what the command line and the environment say.
type options struct {
	addr         string
	provider     string
	clientID     string
	clientSecret string
}

// run returns the exit status: 2 for a command line that makes no sense.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, getenv, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "webapp: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, opts, stdout); err != nil {
		fmt.Fprintf(stderr, "webapp: %v\n", err)
		return 1
	}
	return 0
}

func parseOptions(args []string, getenv func(string) string, stdout io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("webapp", flag.ContinueOnError)
	flags.StringVar(&opts.addr, "addr", "127.0.0.1:8081", "listen on `HOST:PORT`")
	flags.StringVar(&opts.provider, "provider", "http://127.0.0.1:8080", "`URL` of the demo server")
	flags.StringVar(&opts.clientID, "client-id", getenv("OAUTH_CLIENT_ID"), "client `ID` of the application (default $OAUTH_CLIENT_ID)")
	flags.StringVar(&opts.clientSecret, "client-secret", "", "client `SECRET` of the application (default $OAUTH_CLIENT_SECRET)")
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "Usage: webapp [flags]")
		flags.PrintDefaults()
		return options{}, err
	case err != nil:
		return options{}, err
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if opts.clientSecret == "" {
		opts.clientSecret = getenv("OAUTH_CLIENT_SECRET") // not a flag's default, which -help prints
	}
	opts.provider = strings.TrimSuffix(opts.provider, "/")
	if opts.clientID == "" || opts.clientSecret == "" {
		return options{}, fmt.Errorf("wants -client-id and -client-secret: add an application at %s/ with the callback URL http://%s/callback",
			opts.provider, opts.addr)
	}
	return opts, nil
}

func serve(ctx context.Context, opts options, stdout io.Writer) error {
	listener, err := net.Listen("tcp", opts.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program listens on %s: stop it, or choose another port with -addr, which the callback URL of the application has then", opts.addr)
	}
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(stdout, "listening on %s\n\n", url)
	fmt.Fprintf(stdout, "The application's callback URL at %s must be %s/callback\n", opts.provider, url)
	fmt.Fprintf(stdout, "Open %s/ and log in. Stop with Ctrl-C.\n", url)

	server := &http.Server{
		Handler:           newApp(opts, url).handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
	}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
