package main

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/postgres"
)

// What applications can ask for.
const (
	readTasks  = "tasks:read"
	writeTasks = "tasks:write"
)

// A service is Taskboard.
type service struct {
	settings
	pool      *pgxpool.Pool
	store     store.Store
	provider  *flow.Provider
	dashboard *dashboard.Dashboard
	metrics   http.Handler
	origins   *http.CrossOriginProtection
	logger    *slog.Logger
}

//go:embed pages
var pages embed.FS

func newService(ctx context.Context, set settings, pool *pgxpool.Pool, logger *slog.Logger) (*service, error) {
	s := &service{settings: set, pool: pool, origins: http.NewCrossOriginProtection(), logger: logger}
	if err := s.origins.AddTrustedOrigin(set.Issuer); err != nil {
		return nil, err
	}
	observed, handler, err := newMetrics()
	if err != nil {
		return nil, err
	}
	s.metrics = handler
	if s.store, err = telemetry.Store(postgres.New(pool), observed); err != nil {
		return nil, err
	}
	files, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, err
	}
	cfg := flow.Config{
		Issuer:      set.Issuer,
		Store:       s.store,
		CurrentUser: s.currentUser,
		MayAct:      s.mayAct,
		LoginURL:    loginURL,
		Scopes: []flow.Scope{
			{Name: readTasks, Description: "Read the tasks of the team", Default: true},
			{Name: writeTasks, Description: "Add tasks to the team"},
		},
		Applications: flow.Applications{ReservedName: func(owner, name string) bool {
			return owner != staffTeam && oauthapp.Imitates(name, "Taskboard")
		}},
		Extensions: []flow.Extension{telemetry.New(observed)},
		Pages: flow.Pages{
			Files:       files,
			Languages:   []string{"en"}, // as those pages are
			Data:        visitor,
			AccountName: s.teamName,
			UserName:    s.email,
		},
		Events: s.record,
		Logger: logger,
	}
	if len(set.FormKey) > 0 {
		cfg.Keys = [][]byte{set.FormKey}
	}
	for _, finding := range cfg.Check() {
		logger.Warn("configuration", "finding", finding.String())
	}
	if s.provider, err = flow.New(cfg); err != nil {
		return nil, err
	}
	if s.dashboard, err = dashboard.New(dashboard.Config{Provider: s.provider}); err != nil {
		return nil, err
	}
	return s, s.registerMobileApp(ctx)
}

// routes says who answers what. The library judges by itself which other sites
// may send its forms; those of the service come from the service alone.
func (s *service) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(s.identify)
	r.Handle("/oauth/*", s.provider)
	r.Handle("/.well-known/*", s.provider)
	r.Handle("/accounts/*", s.dashboard)

	r.Group(func(r chi.Router) {
		r.Use(s.origins.Handler)
		r.Get("/", s.handle(s.home))
		r.Get("/login", s.handle(s.showSignIn))
		r.Post("/login", s.handle(s.signIn))
		r.Post("/logout", s.handle(s.signOut))
		r.Get("/taskboard.css", stylesheet)
		r.Get("/support", s.handle(s.atSupport(s.findApplication)))
		r.Post("/support/suspend", s.handle(s.atSupport(s.suspend)))
		r.Post("/support/reinstate", s.handle(s.atSupport(s.reinstate)))
	})

	r.With(s.provider.Require(readTasks)).Get("/api/tasks", s.handle(s.listTasks))
	r.With(s.provider.Require(writeTasks)).Post("/api/tasks", s.handle(s.addTask))

	scim := r.With(bearer(s.SCIMToken))
	scim.Patch("/scim/v2/Users/{id}", s.handle(s.patchUser))
	scim.Delete("/scim/v2/Users/{id}", s.handle(s.deleteUser))
	r.With(bearer(s.MetricsToken)).Handle("/metrics", s.metrics)
	return r
}

// visitor is what the head of each page shows, the library's pages too.
func visitor(r *http.Request) any {
	if p := personFrom(r.Context()); p != nil {
		return p
	}
	return nil
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pages, "pages/taskboard.css")
}

// handle returns a handler whose error is an outage: what failed is for the
// log.
func (s *service) handle(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := serve(w, r); err != nil {
			s.logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "error", err)
			w.Header().Set("Retry-After", "5")
			http.Error(w, "Taskboard cannot do that at the moment. Please try again.", http.StatusServiceUnavailable)
		}
	}
}
