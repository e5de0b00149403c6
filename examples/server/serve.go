package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

// shutdownLimit is how long requests in flight may take once the server is told
// to stop.
const shutdownLimit = 30 * time.Second

// serveUntil answers requests until ctx is done, then those in flight.
// Meanwhile it cleans up what expired.
func serveUntil(ctx context.Context, listener net.Listener, site http.Handler, st store.Store, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           site,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}

	ctx, stop := context.WithCancel(ctx)
	var cleaning sync.WaitGroup
	defer cleaning.Wait() // the store is closed after this
	defer stop()
	cleaner := store.Cleaner{Store: st, Logger: logger}
	cleaning.Go(func() { _ = cleaner.Run(ctx) }) // which fails without a store only

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}

	limited, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(errors.New("some requests did not end in time"), server.Close())
	}
	return nil
}
