// Command host is a service as somebody would write it: Taskboard, where teams
// keep their tasks. Its users register OAuth applications, and let those of
// others at the tasks of a team.
//
//	DATABASE_URL=postgres://localhost/taskboard go run ./examples/host -seed
//
// It has what a service has of its own, and hands to the library: a router and
// a database (service.go, database.go), people in teams with roles (people.go),
// their sign-in (signin.go), an API (api.go), an audit log (audit.go), and a
// mobile app (mobile.go). It also has what those who run a service need: the
// pages of its support desk (support.go), deprovisioning (scim.go), and
// metrics.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

// settings come from the environment, where secrets belong.
type settings struct {
	Database       string // DATABASE_URL: a connection string of PostgreSQL
	Addr           string // ADDR: where to listen; 127.0.0.1:8080 unless it is set
	Issuer         string // ISSUER: the URL that everybody else knows; http:// and Addr unless it is set
	FormKey        []byte // FORM_KEY: 32 bytes in hex, the same for all nodes; made at random unless it is set
	SCIMToken      string // SCIM_TOKEN: of the directory that deprovisions users; no requests unless it is set
	MetricsToken   string // METRICS_TOKEN: of Prometheus; likewise
	MobileCallback string // MOBILE_CALLBACK: https URL that opens the mobile app; no app unless it is set
}

func readSettings() (settings, error) {
	key, err := hex.DecodeString(os.Getenv("FORM_KEY"))
	if err != nil {
		return settings{}, errors.New("FORM_KEY is not hexadecimal")
	}
	set := settings{
		Database:       os.Getenv("DATABASE_URL"),
		Addr:           os.Getenv("ADDR"),
		Issuer:         os.Getenv("ISSUER"),
		FormKey:        key,
		SCIMToken:      os.Getenv("SCIM_TOKEN"),
		MetricsToken:   os.Getenv("METRICS_TOKEN"),
		MobileCallback: os.Getenv("MOBILE_CALLBACK"),
	}
	if set.Addr == "" {
		set.Addr = "127.0.0.1:8080"
	}
	return set, nil
}

func main() {
	seed := flag.Bool("seed", false, "make people to try it with, where there are none, and print their passwords")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	set, err := readSettings()
	if err == nil {
		err = run(ctx, set, *seed, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "host:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done, and then answers what is under way.
func run(ctx context.Context, set settings, seed bool, stdout io.Writer) error {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	listener, err := net.Listen("tcp", set.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program listens on %s: stop it, or choose another port with ADDR=127.0.0.1:0", set.Addr)
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	if set.Issuer == "" {
		set.Issuer = "http://" + listener.Addr().String()
	}
	pool, err := openDatabase(ctx, set.Database)
	if err != nil {
		return err
	}
	defer pool.Close()
	s, err := newService(ctx, set, pool, logger)
	if err != nil {
		return err
	}
	if seed {
		if err := s.seed(ctx, stdout); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, "listening on", set.Issuer)
	return serve(ctx, listener, s, logger)
}

func serve(ctx context.Context, listener net.Listener, s *service, logger *slog.Logger) error {
	cleaner := store.Cleaner{Store: s.store, Logger: logger}
	cleaning, stopCleaning := context.WithCancel(ctx)
	var cleaned sync.WaitGroup
	cleaned.Go(func() { _ = cleaner.Run(cleaning) }) // which fails without a store only
	defer cleaned.Wait()
	defer stopCleaning()

	server := &http.Server{
		Handler:      s.routes(),
		ReadTimeout:  20 * time.Second,
		WriteTimeout: 30 * time.Second, // longer than a call of the store
		ErrorLog:     slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		limited, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return server.Shutdown(limited)
	}
}
