package guides

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// # Start and stop
//
// Give http.Server timeouts, and a WriteTimeout that is longer than your store
// may take: an answer after it is lost. Stop with Shutdown, then stop the
// Cleaner, then close the store.
//
// # Keys
//
// Config.Keys sign open forms. Keep 32 random bytes in a file or a vault, the
// same for all nodes. To replace a key, append the new one everywhere, then
// move it to the front everywhere, and remove the old one a day later. Keys
// open no token, so no token ends with them.
//
// # Clean-up
//
// store.Cleaner removes what expired. It frees space and nothing else: what
// expired or was revoked is refused whether it runs or not. Let one node run
// it.
//
// # Health
//
// Ping of the store is for a readiness check. It is a method of sqlite.Store
// and postgres.Store: it fails where the database cannot be written or is away.
// That of SQLite notices a full disk, that of PostgreSQL does not. Ask it once
// a second at most. An outage is answered 503 with Retry-After, and clients
// keep their tokens.
//
// # Alerts
//
// package telemetry gives these to Prometheus or another backend:
//
//   - oauthapps.request.duration, with a result of server_error: an outage;
//   - oauthapps.store.call.duration: a slow store;
//   - oauthapps.limiter.refusals: somebody guesses secrets;
//   - oauthapps.cleanup.pass.age, above an hour or so: clean-up does not keep up.
//
// # Backup and restore
//
// A backup holds digests, which open nothing, and tells who authorized what.
// For SQLite run VACUUM INTO; for PostgreSQL any backup will do.
//
// A backup brings back what was revoked since it was made. After a restore, end
// everything: EndAccess(ctx, GrantsToOwner(AnyOwner), nil). Client secrets that
// were reset since are valid again in their old form as well: ask the
// developers to reset them once more.
//
// # Upgrades
//
// Opening a SQLite file brings it up to date, and so does postgres.Migrate.
// Every token goes on working. An older program refuses a newer schema, so back
// up before you upgrade. The changelog names the migrations for which nodes of
// the version before have to stop.
//
// # Sizing
//
// A session is one row of about 500 bytes on disk, however often it is
// refreshed, and a grant is one of about the same size. A call of your API
// reads by primary key. flow/COST.md has what each request costs.
func Example_operating() {
	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext in a program
	dir := must(os.MkdirTemp("", "operating"))
	defer os.RemoveAll(dir)
	st := must(sqlite.Open(ctx, filepath.Join(dir, "oauthapps.db")))
	cfg := service()
	cfg.Store = st
	cfg.Keys = [][]byte{[]byte("32 random bytes from your vault.")}
	provider := must(flow.New(cfg))

	var cleaning sync.WaitGroup
	cleaning.Go(func() { _ = store.Cleaner{Store: st}.Run(ctx) })
	server := &http.Server{Addr: "127.0.0.1:0", Handler: provider, ReadTimeout: 20 * time.Second, WriteTimeout: 30 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	fmt.Println("ready:", st.Ping(ctx))

	stop() // SIGTERM
	limited, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check(server.Shutdown(limited))
	fmt.Println("stopped:", errors.Is(<-served, http.ErrServerClosed))
	cleaning.Wait()
	check(st.Close())
	// Output:
	// ready: <nil>
	// stopped: true
}
