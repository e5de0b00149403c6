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
	"github.com/oauthapps/oauthapps/oauthapp"
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
// package telemetry gives metrics to Prometheus or another backend. With the
// exporter of OpenTelemetry for Prometheus, as examples/host has it, these are
// worth an alert:
//
//	# an outage: somebody is answered 503
//	sum(rate(oauthapps_request_duration_seconds_count{http_response_status_code=~"5.."}[5m])) > 0
//	# a slow store
//	histogram_quantile(0.99, sum by (le) (rate(oauthapps_store_call_duration_seconds_bucket[5m]))) > 0.5
//	# somebody guesses secrets
//	sum(rate(oauthapps_limiter_refusals_total[15m])) > 0.1
//	# the clean-up does not keep up, or no node runs it
//	min(oauthapps_cleanup_pass_age_seconds) > 3600 or absent(oauthapps_cleanup_pass_age_seconds)
//
// So are the events CodeReplayed, RefreshTokenReused and CredentialLeaked, for
// whoever looks after security.
//
// # Backup and restore
//
// A backup holds digests, which open nothing, and tells who authorized what.
// For SQLite run VACUUM INTO; for PostgreSQL any backup will do.
//
// Restore it as follows. Stop all nodes. With SQLite, remove the file and those
// named after it, -wal and -shm, before you copy the backup to its place: they
// hold what came after the backup, and damage it. Then end all access, as
// Example_restore does, before anybody is served: a backup brings back what was
// revoked since it was made.
//
// It also brings back what else was done since. Repeat what your audit log has
// from that time, which is another reason to keep it elsewhere:
//
//   - ApplicationSuspended: the application is not suspended any more.
//   - ApplicationDeleted and ApplicationTransferred: it is there again, or is
//     its former owner's.
//   - ClientSecretReset, ClientSecretRevoked and CredentialLeaked: the secret is
//     good again. Revoke it, and ask the developers for a new one.
//   - UserErased: what the library kept of the user is there again. Erase them
//     once more.
//   - ApplicationCreated: the application is unknown. Its developers register it
//     anew, with another client ID.
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
// reads by primary key. flow/COST.md has what each request costs. By its
// figures for PostgreSQL, 100,000 users with two applications each, which
// refresh every hour, and 1,000 calls of your API a second need about 200 MB of
// database, and a tenth of a core without the database's own time.
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

// A backup is put in the place of a SQLite file, while no process has it open.
func Example_restore() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "restore"))
	defer os.RemoveAll(dir)
	path, backup := filepath.Join(dir, "oauthapps.db"), filepath.Join(dir, "backup.db")
	check(must(sqlite.Open(ctx, backup)).Close()) // made by VACUUM INTO

	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		check(os.RemoveAll(name))
	}
	check(os.WriteFile(path, must(os.ReadFile(backup)), 0o600))
	st := must(sqlite.Open(ctx, path))
	registry := must(oauthapp.NewRegistry(oauthapp.Config{Store: st}))
	_, err := registry.EndAccess(ctx, oauthapp.GrantsToOwner(oauthapp.AnyOwner), nil)
	fmt.Println("all access ended:", err == nil)
	check(st.Close())
	// Output: all access ended: true
}
