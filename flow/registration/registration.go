// Package registration is a capability of package flow: clients register
// themselves (RFC 7591), and manage what they registered (RFC 7592).
//
//	flow.Config{Extensions: []flow.Extension{registration.New(registration.Config{Open: true})}}
//
// It adds POST /oauth/register, where clients register, and GET, PUT and DELETE
// below it, which a client calls with its registration access token. For
// clients that can do both, package clientmetadata is the better way.
//
// A client becomes an application without an owner. The host's administrators
// can suspend and delete it like any other, and the consent page says that it
// registered itself. A user is always asked before they are sent back to it.
//
// Redirect URIs follow the rules of callback URLs (oauthapp.Registration).
// Other metadata that this service does not support is left out: the answer
// tells what was registered. A client without token_endpoint_auth_method gets a
// client secret. One with "none" is public. One with "private_key_jwt"
// authenticates with the keys of its jwks or jwks_uri, if package clientkeys is
// listed too; the profile flow.FAPI2 admits no others.
//
// # Open registration
//
// With [Config.Open], anybody can register a client. Each node limits that:
// from one network to 100, and then one every 36 seconds. A client that no user
// has authorized within 24 hours ends. Its client_uri is shown only if it is at
// the host of one of its redirect URIs.
//
// # Software statements
//
// A software statement (RFC 7591, section 2.3) is a JWT in which a publisher
// says what a client is, signed with ES256, Ed25519 (EdDSA), PS256 or RS256.
// With [Config.Publishers], its claims overrule the members of the request. An
// exp, iat and nbf are obeyed, and an aud must contain flow.Config.Issuer. A
// statement is no credential: everybody who has a copy of the client has it.
//
// # Management
//
// A registration access token is for one client, and is kept as a digest. A PUT
// replaces the metadata; its answer has a new registration access token, and
// the old one ends. A DELETE ends the client and its tokens.
package registration

import (
	"context"
	"crypto/x509"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/assertion"
	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Name is the name of the capability.
const Name = "registration"

// Path is the path of the registration endpoint, below that of the issuer.
const Path = "/oauth/register"

// clientPath is where a client manages its registration.
const clientPath = Path + "/{client_id}"

// The limits of open registration.
const (
	unusedLifetime = 24 * time.Hour
	openBurst      = 100
	openPace       = time.Hour / openBurst
)

// Config configures the capability. One of Open and InitialAccessToken is
// required.
type Config struct {
	// Open lets anybody register a client. Defaults to clients with an initial
	// access token alone.
	Open bool

	// InitialAccessToken reports whether the bearer of a token, which the host
	// gave to somebody, may register clients (RFC 7591, section 1.2). Such
	// clients are not limited in number and do not end unused. Many goroutines
	// call it at once. Let it compare digests, or in constant time. An error is
	// an outage and answered 503. With Open, a client can be registered without
	// a token too.
	InitialAccessToken func(ctx context.Context, token string) (bool, error)

	// Scopes are the most that such a client can ask for, whenever it
	// registered. Defaults to every scope of the service.
	Scopes []string

	// Publishers are those whose software statements count (RFC 7591, section
	// 2.3): what a statement says of a client overrules what the client says
	// itself. Statements of others are refused. Defaults to none: then all
	// statements are ignored.
	Publishers []Publisher

	// Roots are root certificates that are trusted beside those of the system
	// when keys of publishers are fetched. Defaults to none.
	Roots []*x509.Certificate
}

// A Publisher signs software statements. It has either Keys or KeysURL.
type Publisher struct {
	// Issuer is the iss of its statements.
	Issuer string
	// Keys are its public keys, a JWK Set (RFC 7517) of at most 16384 bytes.
	Keys json.RawMessage
	// KeysURL is the https URL of such a set.
	KeysURL string
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string { return Name }

func (e extension) Findings() []kernel.Finding {
	if !e.cfg.Open {
		return nil
	}
	message := "Package registration lets anybody register clients."
	if len(e.cfg.Scopes) == 0 {
		message += " Set its Config.Scopes to what a stranger may ask users for."
	}
	return []kernel.Finding{{
		Field:     "Extensions",
		Reference: "RFC 7591, section 5",
		Message:   message + " Leave Open out where clients can have a metadata document, which package clientmetadata reads.",
	}}
}

//go:embed messages
var messages embed.FS

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if !e.cfg.Open && e.cfg.InitialAccessToken == nil {
		return kernel.Contribution{}, errors.New("Config.Open or Config.InitialAccessToken is required")
	}
	for _, scope := range e.cfg.Scopes {
		if _, ok := k.Scopes[scope]; !ok {
			return kernel.Contribution{}, fmt.Errorf("Config.Scopes: %q is not one of flow.Config.Scopes", scope)
		}
	}
	s := &service{kernel: k, cfg: e.cfg, networks: bucket.NewLimiter(bucket.New(openBurst, openPace))}
	if err := s.usePublishers(); err != nil {
		return kernel.Contribution{}, err
	}
	return kernel.Contribution{
		Routes: []kernel.Route{
			{Method: http.MethodPost, Path: Path, Handler: s.answering(s.register), AnyOrigin: true},
			{Method: http.MethodGet, Path: clientPath, Handler: s.managed(s.read)},
			{Method: http.MethodPut, Path: clientPath, Handler: s.managed(s.replace)},
			{Method: http.MethodDelete, Path: clientPath, Handler: s.managed(s.remove)},
		},
		JudgeAuthorization: s.judge,
		LimitScopes:        s.limitScopes,
		Pages:              page.Further{Files: messages},
		ClientBadge: func(app oauthapp.Application) *page.Message {
			if _, ok := entryOf(app); !ok {
				return nil
			}
			return page.Say("registration.badge")
		},
		Metadata: map[string]any{"registration_endpoint": k.Issuer + Path},
	}, nil
}

// A service is what answers the endpoints.
type service struct {
	kernel *kernel.Kernel
	cfg    Config

	networks *bucket.Limiter

	keys *assertion.Keys // of publishers

	sweeping sync.Mutex
	after    string // where the next sweep begins
}

// entry is what an application keeps of its registration.
type entry struct {
	Token  string   `json:"token"` // digest of the registration access token, in hexadecimal digits
	Open   bool     `json:"open,omitempty"`
	Method string   `json:"method"` // token_endpoint_auth_method
	Grants []string `json:"grants"`
	// Statement is the software statement, "" where none counted.
	Statement string `json:"software_statement,omitempty"`
}

// entryOf returns the entry of an application that registered itself.
func entryOf(app oauthapp.Application) (kept entry, ok bool) {
	if app.Owner != "" {
		return entry{}, false
	}
	found, err := app.ReadExtra(Name, &kept)
	return kept, found && err == nil
}

// limitScopes is what the host lists, for clients that registered before, too.
func (s *service) limitScopes(app oauthapp.Application) []string {
	if _, ok := entryOf(app); !ok || len(s.cfg.Scopes) == 0 {
		return nil
	}
	return s.cfg.Scopes
}

// admit reports whether a request may register a client, and whether it is an
// open one.
func (s *service) admit(r *http.Request) (open bool, refusal *wire.Error) {
	token, presented := kernel.BearerToken(r)
	if s.cfg.InitialAccessToken != nil && presented {
		ok, err := s.cfg.InitialAccessToken(r.Context(), token)
		switch {
		case err != nil:
			return false, wire.Outage(err)
		case ok:
			return false, nil
		}
		return false, wire.Refuse(wire.InvalidToken, "the initial access token is not valid")
	}
	if !s.cfg.Open {
		return false, wire.Refuse(wire.InvalidToken, "an initial access token is needed to register a client")
	}
	return true, nil
}

// limit counts an open registration, unless there were too many from the
// network.
func (s *service) limit(r *http.Request) *wire.Error {
	network := bucket.Network(s.kernel.Actor(r, "").RemoteAddr)
	if wait := s.networks.Take(s.kernel.Now(), bucket.KeyOf(network)); wait > 0 {
		return wire.TooMany("too many clients were registered from this network", wait)
	}
	return nil
}

// isUnused reports whether an application that registered itself openly has
// gone unused for too long. Users who authorized it are asked for only then.
func (s *service) isUnused(ctx context.Context, app oauthapp.Application) (bool, error) {
	kept, ok := entryOf(app)
	if !ok || !kept.Open || !app.LastUsedAt.IsZero() || s.kernel.Now().Before(app.CreatedAt.Add(unusedLifetime)) {
		return false, nil
	}
	usage, err := s.kernel.Registry.Usage(ctx, oauthapp.AnyOwner, app.ID)
	if err != nil {
		return false, err
	}
	// The LastUsedAt above is zero for the client of a request, whenever it was
	// used last.
	return usage.Users == 0 && usage.Itself.Tokens == 0 && usage.LastUsedAt.IsZero(), nil
}

// judge refuses authorization requests of clients that have ended unused.
func (s *service) judge(a *kernel.AuthorizationRequest) *wire.Error {
	unused, err := s.isUnused(a.HTTP.Context(), a.Client.Application)
	switch {
	case err != nil:
		return wire.Outage(err)
	case unused:
		return wire.Refuse(wire.UnauthorizedClient, "the client went unused for 24 hours after it registered, and has to register again")
	}
	return nil
}

// sweepSize is how many applications one registration looks at. It is more than
// the one that the registration makes, so clients that ended unused do not pile
// up, and nothing runs in the background.
const sweepSize = 50

// sweep deletes some of the clients that have ended unused.
func (s *service) sweep(ctx context.Context) {
	if !s.sweeping.TryLock() {
		return
	}
	defer s.sweeping.Unlock()
	list, err := s.kernel.Registry.Applications(ctx, oauthapp.AnyOwner, oauthapp.Page{After: s.after, Limit: sweepSize})
	if err == nil {
		s.after = list.Next
	}
	for _, app := range list.Items {
		var unused bool
		if unused, err = s.isUnused(ctx, app); err == nil && unused {
			err = s.delete(ctx, app.ID)
		}
		if err != nil {
			break
		}
	}
	if err != nil && ctx.Err() == nil {
		s.kernel.Logger.WarnContext(ctx, "clients that went unused were not deleted", "error", err)
	}
}

// delete deletes an application. One that is gone already is no failure.
func (s *service) delete(ctx context.Context, id uuid.UUID) error {
	err := s.kernel.Registry.Delete(ctx, oauthapp.AnyOwner, id)
	if errors.Is(err, oauthapp.ErrNotFound) {
		return nil
	}
	return err
}
