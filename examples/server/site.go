package main

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/tokens"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// dnsimpleTokenPath is where the library serves the DNSimple-compatible token
// endpoint, which the demo limits like its API.
const dnsimpleTokenPath = "/v2/oauth/access_token"

// authorizePath is where the library serves authorization requests.
const authorizePath = "/oauth/authorize"

// devicePath is where the library has people enter the codes of devices.
const devicePath = "/device"

var demoScopes = []flow.Scope{
	{Name: "read", Description: "See who you are and read what the account has", Default: true},
	{Name: "write", Description: "Change what the account has", Risk: "What is changed or deleted cannot be brought back."},
}

// newSite puts the demo together: the library's pages and endpoints, and what
// every host application has of its own, its sign-in and its API.
func newSite(opts options, st pingableStore, keys masterKeys, logger *slog.Logger) (http.Handler, error) {
	login := &login{
		sessions: newSessions(keys.derive("sessions"), opts.secure(), time.Now),
		limiter:  newLoginLimiter(time.Now),
		people:   &directory{},
		origins:  http.NewCrossOriginProtection(),
		logger:   logger,

		hasTokens: !opts.isOff("tokens"),
	}
	if err := login.origins.AddTrustedOrigin(opts.issuer); err != nil {
		return nil, err
	}
	opts.signOut = login.sessions.endAll
	provider, err := flow.New(configuration(opts, st, keys, login, logger))
	if err != nil {
		return nil, err
	}
	findings, err := provider.Check(context.Background())
	if err != nil {
		return nil, err
	}
	logFindings(logger, findings)
	login.provider = provider
	dashboard, err := dashboard.New(dashboard.Config{Provider: provider})
	if err != nil {
		return nil, err
	}
	return routes(opts, st, provider, dashboard, login, logger), nil
}

// configuration is what the demo tells the library.
func configuration(opts options, st pingableStore, keys masterKeys, login *login, logger *slog.Logger) flow.Config {
	return flow.Config{
		Issuer:        opts.issuer,
		Store:         st,
		Keys:          keys.derive("forms of the library"),
		SigningKeys:   keys.signing(),
		CurrentUser:   login.currentUser,
		LoginURL:      loginURL,
		MayAct:        login.people.mayAct,
		Scopes:        demoScopes,
		IgnoredScopes: []string{"openid", "offline_access"}, // which many clients ask for everywhere
		Resources:     demoResources(opts.issuer),
		Applications: flow.Applications{
			ReservedName: func(_, name string) bool {
				return oauthapp.Imitates(name, "OAuth Applications demo")
			},
			NeedsApproval: func(oauthapp.Application) bool { return opts.requireApproval },
		},
		Profile: opts.profile,
		Lifetimes: flow.Lifetimes{
			Code:          opts.codeTTL,
			AccessToken:   opts.accessTokenTTL,
			RefreshToken:  opts.refreshTokenTTL,
			RotationGrace: opts.rotationGrace,
		},
		Pages: flow.Pages{
			Files: pageFiles(),
			Data:  login.pageData,

			Language: languageOf,
			AccountName: func(_ context.Context, account string) (string, error) {
				return accountName(account), nil
			},
			UserName: func(_ context.Context, user string) (string, error) {
				p, _ := personByID(user)
				return p.email, nil
			},
		},
		Extensions: capabilities(opts),
		Events: func(ctx context.Context, event oauthapp.Event) {
			logger.InfoContext(ctx, "event", "event", event)
		},
		Logger: logger,
	}
}

// logFindings tells the operator what to change before others rely on the
// service.
func logFindings(logger *slog.Logger, findings []flow.Finding) {
	for _, f := range findings {
		level := slog.LevelInfo
		if f.Severity == flow.Warning {
			level = slog.LevelWarn
		}
		logger.Log(context.Background(), level, "configuration", "field", f.Field, "finding", f.Message, "see", f.Reference)
	}
}

func routes(opts options, st pingableStore, provider *flow.Provider, dashboard http.Handler, login *login, logger *slog.Logger) http.Handler {
	limiter := newRateLimiter(opts.rateLimit, time.Now)
	protected := provider.Guard(flow.Guard{Scopes: []string{"read"}, Applications: true})

	mux := http.NewServeMux()
	mux.Handle("/oauth/", provider)
	mux.Handle("/.well-known/", provider)
	mux.Handle(dnsimpleTokenPath, limiter.limited(provider))
	mux.Handle("GET /v2/whoami", limiter.limited(protected(whoami(login.people, logger))))
	guard := flow.Guard{Scopes: []string{"read"}, Applications: true, Resource: opts.issuer + mcpPath}
	mux.Handle(mcpPath, limiter.limited(provider.Guard(guard)(mcpServer(login.people))))
	mux.HandleFunc("GET /demo.css", stylesheet)
	mux.HandleFunc("GET "+languagePath, chooseLanguage(opts.secure()))
	if opts.metrics.handler != nil {
		mux.Handle("GET /metrics", opts.metrics.handler)
	}
	mux.Handle("GET /healthz", &health{ping: st.Ping, now: time.Now, logger: logger})

	if opts.operatorToken != "" {
		operator := &operator{token: opts.operatorToken, registry: provider.Registry(), people: login.people, scopes: demoScopes, logger: logger}
		mux.Handle("/operator/", operator.handler())
	}

	pages := login.sessions.renewing
	mux.Handle(authorizePath, pages(provider))
	mux.Handle(devicePath, pages(provider))
	mux.Handle("/accounts/", pages(dashboard))
	mux.Handle(tokens.Path, pages(provider))
	mux.Handle(tokens.Path+"/", pages(provider))
	mux.Handle("GET /{$}", pages(http.HandlerFunc(login.home)))
	mux.Handle("GET /login", pages(http.HandlerFunc(login.show)))
	mux.Handle("POST /login", login.takesForm(login.submit))
	mux.Handle("POST /logout", login.takesForm(login.logout))

	site := cleanPaths(mux)
	if opts.secure() {
		site = strictTransport(site)
	}
	return site
}

// cleanPaths answers 404 where a mux would redirect to the path without empty
// and dot segments: it does so with 307, which has a browser send a form again,
// password and all (RFC 9700, section 4.12).
func cleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		if clean := path.Clean(asked); asked != clean && asked != clean+"/" {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// strictTransport tells browsers never to come back without TLS (RFC 6797).
func strictTransport(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}
