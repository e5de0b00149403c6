//go:build unix

package flow_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/postgres"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// costServerEnv makes the test program the server that BenchmarkCost measures:
// a process of its own, whose processor time is that of its requests and
// nothing else. It names the store.
const costServerEnv = "OAUTHAPPS_TEST_COST_SERVER"

func TestMain(m *testing.M) {
	if dsn, ok := os.LookupEnv(costServerEnv); ok {
		if err := serveCost(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A usage is what the server has spent so far.
type usage struct {
	CPU    time.Duration // user and system
	Allocs uint64
	Bytes  uint64
	Calls  uint64 // of the store
}

func (u usage) plus(other usage) usage {
	return usage{u.CPU + other.CPU, u.Allocs + other.Allocs, u.Bytes + other.Bytes, u.Calls + other.Calls}
}

func (u usage) minus(other usage) usage {
	return usage{u.CPU - other.CPU, u.Allocs - other.Allocs, u.Bytes - other.Bytes, u.Calls - other.Calls}
}

// A greeting is what the server tells of itself when it is ready.
type greeting struct {
	Address, ClientID, ClientSecret string
}

// An issued is what a client holds of a session.
type issued struct {
	User, Code, Access, Refresh string

	grant uuid.UUID
}

// A costServer serves a provider over a store, and what its measuring needs,
// below /cost/.
type costServer struct {
	store  *countingStore
	seeds  store.Store // the same, where sessions may be begun without waiting for the disk
	app    oauthapp.Application
	format credential.Format
	now    time.Time
}

// serveCost serves until its standard input ends.
func serveCost(dsn string) error {
	s, seeds, err := openCostStore(dsn)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c := &costServer{store: &countingStore{Store: s}, seeds: seeds, now: time.Now().UTC().Truncate(time.Microsecond)}
	handler, hello, err := c.handler(listener.Addr().String())
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(hello); err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openCostStore opens a store, and once more for sessions that nothing is
// measured of.
func openCostStore(dsn string) (s, seeds store.Store, err error) {
	switch scheme, path, _ := strings.Cut(dsn, ":"); scheme {
	case "memory":
		s = memory.New()
		return s, s, nil
	case "sqlite":
		s, err = sqlite.Open(context.Background(), path)
		return s, s, err
	}
	if s, err = postgres.Open(context.Background(), dsn); err != nil {
		return nil, nil, err
	}
	seeds, err = postgres.Open(context.Background(), dsn+"&synchronous_commit=off")
	return s, seeds, err
}

// smallAnswer is the body of the floor, and of the API behind the guard.
var smallAnswer = []byte(`{"id":1,"name":"Ada","email":"ada@example.com"}`)

func answerSmall(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(smallAnswer)
}

func (c *costServer) handler(address string) (http.Handler, greeting, error) {
	provider, err := flow.New(flow.Config{
		Issuer:      "http://" + address,
		Store:       c.store,
		CurrentUser: costUser,
		LoginURL:    func(returnTo string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Default: true}, {Name: "write"}},
		Logger:      slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return nil, greeting{}, err
	}
	app, secret, err := provider.Registry().Register(context.Background(), "1", oauthapp.Registration{
		Name: "Example", HomepageURL: "https://client.example/", CallbackURLs: []string{callback},
	})
	if err != nil {
		return nil, greeting{}, err
	}
	c.app = app
	mux := http.NewServeMux()
	mux.HandleFunc("POST /floor", answerSmall)
	mux.Handle("GET /api", provider.Require("read")(http.HandlerFunc(answerSmall)))
	mux.HandleFunc("GET /cost/usage", c.usage)
	mux.HandleFunc("POST /cost/begin", c.begin)
	provider.Mount(mux)
	return mux, greeting{address, app.ClientID, secret.Reveal()}, nil
}

// costUser is whoever a client says, for an account of that name.
func costUser(r *http.Request) (*flow.User, error) {
	user := r.Header.Get("User")
	return &flow.User{ID: user, Name: user, Accounts: []flow.Account{{ID: user, Name: user}}}, nil
}

// usage tells what was spent until now.
func (c *costServer) usage(w http.ResponseWriter, _ *http.Request) {
	var rusage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &rusage); err != nil {
		panic(err)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	_ = json.NewEncoder(w).Encode(usage{
		CPU:    time.Duration(rusage.Utime.Nano() + rusage.Stime.Nano()),
		Allocs: memory.Mallocs,
		Bytes:  memory.TotalAlloc,
		Calls:  c.store.calls.Load(),
	})
}

// begin begins n sessions, each of a user of its own, redeems their codes if
// asked to, and tells what clients hold of as many as are wanted, spread over
// all of them.
func (c *costServer) begin(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	wanted, _ := strconv.Atoi(r.FormValue("wanted"))
	redeem := r.FormValue("redeem") != ""
	held := make([]issued, n)
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	const callers = 128
	for caller := range callers {
		group.Go(func() {
			for i := caller; i < n && failed.Load() == nil; i += callers {
				var err error
				if held[i], err = c.session(r.Context(), r.FormValue("users")+strconv.Itoa(i), redeem); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		http.Error(w, (*err).Error(), http.StatusInternalServerError)
		return
	}
	sample := make([]issued, wanted)
	for i := range sample {
		sample[i] = held[i*n/wanted]
		if !redeem {
			continue
		}
		// The note of the first use is made beforehand: it comes once in five
		// minutes, not with each request.
		if err := c.seeds.Touch(r.Context(), store.Use{GrantID: sample[i].grant, At: time.Now().UTC()}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_ = json.NewEncoder(w).Encode(sample)
}

func (c *costServer) session(ctx context.Context, user string, redeem bool) (issued, error) {
	id := uuid.Must(uuid.NewV7())
	scopes := []string{"read", "write"}
	code := c.format.NewCode(id)
	grant, err := c.seeds.BeginSession(ctx, store.SessionStart{
		GrantID: uuid.Must(uuid.NewV7()),
		Session: store.Session{
			ID: id, ApplicationID: c.app.ID, UserID: user, AccountID: user, Scopes: scopes,
			CreatedAt: c.now, ExpiresAt: c.now.Add(24 * time.Hour),
			Code: store.Code{Digest: code.Digest(), ExpiresAt: c.now.Add(24 * time.Hour), RedirectURI: callback, CodeChallenge: challenge},
		},
	})
	if err != nil || !redeem {
		return issued{User: user, Code: code.Reveal()}, err
	}
	family := credential.NewFamily()
	access, refresh := c.format.NewAccessToken(id), c.format.NewRefreshToken(id, family)
	err = c.seeds.RedeemCode(ctx, store.Redemption{
		SessionID: id, Code: code.Digest(), Family: family.Digest(), ExpiresAt: c.now.Add(24 * time.Hour), At: c.now,
		Access:  store.AccessToken{Digest: access.Digest(), IssuedAt: c.now, ExpiresAt: c.now.Add(24 * time.Hour), Scopes: scopes},
		Refresh: store.RefreshToken{Digest: refresh.Digest(), ExpiresAt: c.now.Add(24 * time.Hour)},
	})
	return issued{User: user, Access: access.Reveal(), Refresh: refresh.Reveal(), grant: grant.ID}, err
}

// A countingStore counts the calls of the methods that requests make.
type countingStore struct {
	store.Store
	calls atomic.Uint64
}

func (s *countingStore) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	s.calls.Add(1)
	return s.Store.Client(ctx, clientID, session, now)
}

func (s *countingStore) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	s.calls.Add(1)
	return s.Store.Session(ctx, id)
}

func (s *countingStore) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	s.calls.Add(1)
	return s.Store.Grants(ctx, filter, page)
}

func (s *countingStore) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	s.calls.Add(1)
	return s.Store.BeginSession(ctx, b)
}

func (s *countingStore) RedeemCode(ctx context.Context, r store.Redemption) error {
	s.calls.Add(1)
	return s.Store.RedeemCode(ctx, r)
}

func (s *countingStore) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	s.calls.Add(1)
	return s.Store.RotateRefreshToken(ctx, r)
}

func (s *countingStore) EndSession(ctx context.Context, id uuid.UUID) error {
	s.calls.Add(1)
	return s.Store.EndSession(ctx, id)
}

func (s *countingStore) Touch(ctx context.Context, u store.Use) error {
	s.calls.Add(1)
	return s.Store.Touch(ctx, u)
}

// startCostServer starts the server in a process of its own, which ends with
// the benchmark.
func startCostServer(b *testing.B, dsn string) greeting {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), costServerEnv+"="+dsn)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	var hello greeting
	if err := json.NewDecoder(bufio.NewReader(stdout)).Decode(&hello); err != nil {
		b.Fatalf("the server did not start: %v", err)
	}
	return hello
}
