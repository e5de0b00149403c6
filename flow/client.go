package flow

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A Limiter limits failures of client authentication at the token, revocation
// and introspection endpoints. A host can set one of its own as Config.Limiter,
// such as one that all nodes share.
//
// A failure is counted after the credentials were judged. A client that
// authenticates is never counted and never refused, whatever others do at its
// address. A failure beyond the limit is answered 429 with Retry-After, the
// same for a client that exists and one that does not.
//
// Secrets that were imported as slow hashes have further limits, which count an
// attempt before it is judged. So even a right secret can be refused, until the
// node has found it right once.
//
// Failed is called by many goroutines at once, and a request waits for it. An
// error is logged, and the library's own limiter decides about that failure.
type Limiter interface {
	// Failed counts a failure and returns 0. If there were too many, it counts
	// nothing and returns how long the client should wait before it tries
	// again.
	Failed(ctx context.Context, f FailedAuthentication) (retryAfter time.Duration, err error)
}

// A FailedAuthentication is a request whose client authentication failed (RFC
// 6749, section 5.2: invalid_client). A request that names no client at all is
// one too.
type FailedAuthentication struct {
	// ClientID is what the request sent as its client ID, up to 255 bytes, or
	// "". There may be no such client. Do not log it: a client may have sent
	// something else by mistake, even a secret.
	ClientID string

	// Network is where the request came from: an IPv4 address, or the 64-bit
	// prefix of an IPv6 address, such as 2001:db8::/64, as one caller usually
	// has all of that. If Config.RemoteAddr returns something that is no
	// address, Network is that.
	Network string
}

// ownLimiter is the Limiter of the library.
type ownLimiter struct{ *clientauth.Limiter }

// Failed implements [Limiter]. It never fails.
func (l ownLimiter) Failed(_ context.Context, f FailedAuthentication) (time.Duration, error) {
	return l.Limiter.Failed(f.ClientID, f.Network), nil
}

// newClients returns what authenticates the clients of a provider.
func (p *Provider) newClients() *clientauth.Authenticator {
	return &clientauth.Authenticator{
		Store:   p.cfg.Store,
		Methods: p.added.ClientAuthentication,
		Now:     p.now,
		Failed:  p.authenticationFailed,

		ConfidentialOnly: p.cfg.Profile == FAPI2,

		IsForeign: func(id string) bool { return p.added.ClientSource(id) != nil },
		Resolve: func(r *http.Request, id string, client store.Client, kept bool) (store.Client, bool, *wire.Error) {
			return p.resolveClient(r, id, client, kept, false)
		},
	}
}

// authenticationFailed counts and reports a failure, and returns its answer:
// the refusal given, or 429 where there were too many.
func (p *Provider) authenticationFailed(r *http.Request, f clientauth.Failure, refusal *wire.Error) *wire.Error {
	retryAfter := f.RetryAfter
	if retryAfter == 0 {
		retryAfter = p.countFailure(r, f.ClientID)
	}
	event := kernel.EventOf(oauthapp.ClientAuthenticationFailed, f.Application)
	event.ClientID, event.Reason = f.Nameable, f.Reason
	if retryAfter > 0 {
		event.Type, event.Reason = oauthapp.ClientAuthenticationLimited, "too many failed attempts"
		refusal = wire.TooMany("too many failed attempts to authenticate the client", retryAfter)
	}
	event.Error = refusal.Code
	p.emit(r, event)
	return refusal
}

// countFailure counts a failed client authentication, and returns how long the
// client has to wait, 0 where it need not. The library's own limiter decides
// where that of the host fails.
func (p *Provider) countFailure(r *http.Request, clientID string) time.Duration {
	failed := FailedAuthentication{ClientID: clientID, Network: bucket.Network(p.cfg.RemoteAddr(r))}
	retryAfter, err := p.limiter.Failed(r.Context(), failed)
	if err != nil {
		p.logFailure(r, "limiter failed", err)
		retryAfter, _ = p.ownLimiter.Failed(r.Context(), failed) // never fails
	}
	return retryAfter
}

// authenticate finds out which client sent a request and whether it is that
// client, and in the same read takes the session named. It also returns the
// client secret that the client authenticated with, zero where it authenticated
// in another way.
func (p *Provider) authenticate(r *http.Request, params wire.Params, session uuid.UUID) (store.Client, oauthapp.Secret, *wire.Error) {
	noteClientID(r, params.Get("client_id"))
	client, secret, refusal := p.clients.Authenticate(r, params, session)
	if refusal == nil {
		noteClient(r, client)
	}
	return client, secret, refusal
}

// noteSecretUse notes that a secret is in use. A note that fails is no reason
// to refuse the client.
func (p *Provider) noteSecretUse(ctx context.Context, secret oauthapp.Secret, now time.Time) {
	use := store.Use{ApplicationID: secret.ApplicationID, SecretID: secret.ID, At: now}
	if err := p.cfg.Store.Touch(ctx, use); err != nil && ctx.Err() == nil {
		p.cfg.Logger.ErrorContext(ctx, "use of a client secret not noted", "error", err)
	}
}

// adoptSecret gives an imported secret that was right a digest in place of its
// slow hash. Where that fails, the next use does it.
func (p *Provider) adoptSecret(ctx context.Context, secret oauthapp.Secret, digest credential.Digest) {
	err := p.cfg.Store.AdoptSecret(ctx, secret.ApplicationID, secret.ID, secret.Hash, digest)
	if err != nil && !errors.Is(err, store.ErrNotFound) && ctx.Err() == nil { // not found: another request was faster
		p.cfg.Logger.ErrorContext(ctx, "imported client secret not adopted", "error", err)
	}
}

// findClient returns the client of an ID, also one that nobody registered. The
// client is zero where it cannot be known before a user has signed in. The
// client of a suspended application is refused.
func (p *Provider) findClient(r *http.Request, id string, signedIn bool) (store.Client, *wire.Error) {
	if !p.clients.Admits(id) || p.added.ClientSource(id) == nil && !wire.IsUnreserved(id) {
		return store.Client{}, unknownClient()
	}
	client, err := p.cfg.Store.Client(r.Context(), id, uuid.Nil, p.now())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Client{}, wire.Outage(err)
	}
	client, found, refusal := p.resolveClient(r, id, client, err == nil, signedIn)
	switch source := p.added.ClientSource(id); {
	case refusal != nil:
		return store.Client{}, refusal
	case !found && (source == nil || signedIn):
		return store.Client{}, unknownClient()
	}
	noteClient(r, client)
	if refusal := refuseSuspended(client.Application, UnauthorizedClient); refusal != nil {
		return store.Client{}, refusal
	}
	return client, nil
}

func unknownClient() *wire.Error {
	return wire.Refuse(UnauthorizedClient, "client_id: there is no such application")
}

// resolveClient returns a client as it is now: as the capability says that
// knows it, or else as the store has it.
func (p *Provider) resolveClient(r *http.Request, id string, client store.Client, kept, signedIn bool) (store.Client, bool, *wire.Error) {
	source := p.added.ClientSource(id)
	if source == nil {
		return client, kept, nil
	}
	var row *oauthapp.Application
	if kept {
		app := client.Application
		row = &app
	}
	app, refusal := source.Resolve(r, id, row, signedIn)
	if refusal != nil || app == nil {
		return store.Client{}, false, refusal
	}
	standing := client.Application.Standing
	if client.Application = *app; kept {
		client.Application.Standing = standing // which only the host sets
	}
	return client, true, nil
}

// keepClient has the store keep a client that nobody registered.
func (p *Provider) keepClient(r *http.Request, client store.Client) (store.Client, *wire.Error) {
	source := p.added.ClientSource(client.Application.ClientID)
	if source == nil {
		return client, nil
	}
	var refusal *wire.Error
	client.Application, refusal = source.Keep(r, client.Application)
	return client, refusal
}
