package dpop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A service judges the requests to one provider.
type service struct {
	cfg    Config
	kernel *kernel.Kernel
	proofs verifier
	calls  *memory // of this process

	issuer, resource string // the origins of the endpoints and of the API
}

func newService(cfg Config, k *kernel.Kernel) (*service, error) {
	strict := k.Profile == kernel.FAPI2
	cfg.RequireBinding = cfg.RequireBinding || strict
	issuer, err := originOf(k.Issuer)
	if err != nil {
		return nil, err
	}
	resource, err := originOf(k.Resource)
	if err != nil {
		return nil, err
	}
	return &service{
		cfg:      cfg,
		kernel:   k,
		proofs:   verifier{nonces: nonces{k.Tickets}, requireNonce: cfg.RequireNonce, strict: strict},
		calls:    newMemory(max(nonceLifetime, proofLifetime+clockSkew), maxProofs),
		issuer:   issuer,
		resource: resource,
	}, nil
}

// judgeTokenRequest binds what a token request comes to to the key that it
// proves (RFC 9449, section 5).
func (s *service) judgeTokenRequest(t *kernel.TokenRequest) *wire.Error {
	bound, err := bindingOf(t.Extra)
	if err != nil {
		return wire.Internal(err)
	}
	p, refusal := s.proofAtEndpoint(t.HTTP, t.Now)
	if refusal == nil {
		refusal = s.judgeKey(t, bound, p.thumbprint)
	}
	if refusal == nil && p.thumbprint != "" && !t.Again && !namesNothing(t) {
		refusal = s.claim(t.HTTP.Context(), p, t.Now)
	}
	if refusal != nil || t.Repeat {
		return refusal
	}
	next := binding{Access: p.thumbprint}
	if session := t.Client.Session; session != nil && !session.Refresh.Digest.IsZero() {
		if next.Previous = bound.Access; bound.Previous != bound.Access {
			t.DropOlder()
		}
	}
	var keep any
	if next != (binding{}) {
		keep = next
	}
	if err := t.Keep(Name, keep); err != nil {
		return wire.Internal(err)
	}
	return nil
}

// judgeKey tells whether a token request may go on with a key, "" where it
// proves none. A confidential client proves itself in another way, so that its
// refresh tokens are not bound to a key (RFC 9449, section 5).
func (s *service) judgeKey(t *kernel.TokenRequest, bound binding, key string) *wire.Error {
	switch {
	case key == "" && (s.cfg.RequireBinding || demandsBinding(t.Client.Application)):
		return wire.Refuse(InvalidProof, "the DPoP header is missing: tokens are bound to a key here")
	case key == "" && bound.Code != "":
		return wire.Refuse(InvalidProof, "the DPoP header is missing: the code is bound to a key")
	case bound.Code != "" && key != bound.Code:
		return wire.Refuse(wire.InvalidGrant, "the code is bound to another key")
	case t.Repeat && key != bound.Access:
		return wire.Refuse(wire.InvalidGrant, "a repeated refresh must prove the same key")
	case !t.Public() || bound.Access == "":
		return nil
	case key == "":
		return wire.Refuse(InvalidProof, "the DPoP header is missing: the refresh token is bound to a key")
	case key != bound.Access:
		return wire.Refuse(wire.InvalidGrant, "the refresh token is bound to another key")
	}
	return nil
}

// demandsBinding reports whether an application gets bound tokens alone. What
// cannot be read demands it.
func demandsBinding(app oauthapp.Application) bool {
	var kept Application
	_, err := app.ReadExtra(Name, &kept)
	return err != nil || kept.BoundAccessTokens
}

// namesNothing reports whether a token request presents a code or refresh token
// that names no session, or is one of a public client for tokens for itself. Its
// grant refuses such a request, or has the device wait. Its proof is not kept,
// so that nobody fills the store with them.
func namesNothing(t *kernel.TokenRequest) bool {
	if t.Params.Get("grant_type") == "client_credentials" {
		return t.Public()
	}
	return t.Client.Session == nil && (t.Params.Has("code") || t.Params.Has("refresh_token") || t.Params.Has("device_code"))
}

// judgePush binds the code of a pushed request to the key that the push proves
// (RFC 9449, section 10.1).
func (s *service) judgePush(a *kernel.AuthorizationRequest) *wire.Error {
	if !a.Pushing {
		return nil
	}
	now := s.kernel.Now()
	p, refusal := s.proofAtEndpoint(a.HTTP, now)
	if refusal != nil || p.thumbprint == "" {
		return refusal
	}
	if named := a.Params.Get(keyParam); named != "" && named != p.thumbprint {
		return wire.Refuse(wire.InvalidRequest, keyParam+" is not the key of the DPoP proof")
	}
	if refusal := s.claim(a.HTTP.Context(), p, now); refusal != nil {
		return refusal
	}
	a.Params = append(a.Params.Without(keyParam), wire.Param{Name: keyParam, Value: p.thumbprint})
	return nil
}

// proofAtEndpoint checks the proof of a request to an endpoint of the library.
// The proof is zero where there is none.
func (s *service) proofAtEndpoint(r *http.Request, now time.Time) (proof, *wire.Error) {
	compact, refusal := headerOf(r)
	if refusal != nil || compact == "" {
		return proof{}, refusal
	}
	// The path is the one that the endpoint was found by.
	target, err := normalize(s.issuer + r.URL.EscapedPath())
	if err != nil {
		return proof{}, wire.Internal(err)
	}
	p, refusal := s.proofs.check(compact, r.Method, target, now)
	return p, s.tellNonce(refusal, now)
}

// tellNonce adds the nonce to a refusal that asks for one.
func (s *service) tellNonce(refusal *wire.Error, now time.Time) *wire.Error {
	if refusal != nil && refusal.Code == UseNonce {
		refusal.Header = http.Header{}
		refusal.Header.Set(nonceHeader, s.proofs.nonces.issue(now))
	}
	return refusal
}

// addNonce tells the next nonce with every answer to a request with DPoP (RFC
// 9449, section 8.2).
func (s *service) addNonce(h http.Header, r *http.Request) {
	if !s.cfg.RequireNonce {
		return
	}
	name, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if r.Header.Get(headerName) != "" || strings.EqualFold(name, scheme) {
		h.Set(nonceHeader, s.proofs.nonces.issue(s.kernel.Now()))
	}
}

// recordMargin is how much longer than a proof its record is kept, for nodes
// whose clocks are ahead.
const recordMargin = time.Minute

var errReplayed = wire.Refuse(InvalidProof, "the DPoP proof was used before")

// claim sees to it that a proof is used once, at whatever node.
func (s *service) claim(ctx context.Context, p proof, now time.Time) *wire.Error {
	err := s.kernel.Store.Keep(ctx, store.Record{Kind: Name, Digest: p.id, ExpiresAt: p.until.Add(recordMargin)}, now)
	switch {
	case errors.Is(err, store.ErrExists):
		return errReplayed
	case err != nil:
		return wire.Outage(err)
	}
	return nil
}

// checkCall judges a call of the API with a valid access token (RFC 9449,
// section 7).
func (s *service) checkCall(r *http.Request, used, token string, session *store.Session) *wire.Error {
	key, err := keyOf(session, credential.DigestOf(token))
	switch {
	case err != nil:
		return wire.Internal(err)
	case key == "" && used != scheme:
		return nil // a bearer token, of a client that goes with and without proofs
	case key == "":
		return wire.Refuse(wire.InvalidToken, "the access token is a bearer token: it is not bound to a key")
	case used != scheme:
		return wire.Refuse(wire.InvalidToken, "the access token is bound to a key: it needs the scheme DPoP and a proof")
	}
	refusal := s.judgeCall(r, token, key)
	if refusal != nil && refusal.Status < http.StatusInternalServerError {
		unauthorized := *refusal
		unauthorized.Status = http.StatusUnauthorized
		return &unauthorized
	}
	return refusal
}

func (s *service) judgeCall(r *http.Request, token, key string) *wire.Error {
	compact, refusal := headerOf(r)
	if refusal != nil {
		return refusal
	}
	if compact == "" {
		return wire.Refuse(InvalidProof, "the DPoP header is missing")
	}
	target, refusal := s.targetOfCall(r)
	if refusal != nil {
		return refusal
	}
	now := s.kernel.Now()
	p, refusal := s.proofs.check(compact, r.Method, target, now)
	switch {
	case refusal != nil:
		return s.tellNonce(refusal, now)
	case p.thumbprint != key:
		return wire.Refuse(wire.InvalidToken, "the access token is bound to another key")
	case !p.isFor(token):
		return wire.Refuse(InvalidProof, "the DPoP proof's ath is not the hash of the access token")
	case s.cfg.SharedReplay:
		return s.claim(r.Context(), p, now)
	}
	accepted, stale := s.calls.accept(p.id, p.until, now)
	switch {
	case stale:
		return s.tellNonce(wire.Refuse(UseNonce, "the DPoP proof is too old for what this service can remember now"), now)
	case !accepted:
		return errReplayed
	}
	return nil
}

// targetOfCall returns the URI of a call of the API.
func (s *service) targetOfCall(r *http.Request) (string, *wire.Error) {
	if s.cfg.RequestURL != nil {
		target, err := normalize(s.cfg.RequestURL(r))
		if err != nil {
			return "", wire.Internal(fmt.Errorf("dpop: Config.RequestURL: %w", err))
		}
		return target, nil
	}
	origin := s.resource
	if resource := kernel.ResourceOf(r.Context()); resource != "" {
		var err error
		if origin, err = originOf(resource); err != nil {
			return "", wire.Internal(err)
		}
	}
	target, err := targetOf(origin, r)
	if err != nil {
		return "", wire.Refuse(InvalidProof, "the URI of the request is malformed")
	}
	return target, nil
}
