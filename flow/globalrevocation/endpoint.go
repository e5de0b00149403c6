package globalrevocation

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/assertion"
	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A service is what answers the endpoint.
type service struct {
	kernel   *kernel.Kernel
	cfg      Config
	rules    assertion.Rules
	keys     *assertion.Keys
	failures *clientauth.Limiter
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	tenant, refusal := s.authenticate(r)
	var subject Subject
	if refusal == nil {
		subject, refusal = readSubject(w, r)
	}
	if refusal == nil {
		refusal = s.end(r, tenant, subject)
	}
	if refusal != nil {
		s.kernel.RefuseBearer(w, r, refusal)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// end ends everything of a user. The user is signed out first, so that nobody
// who is signed in as them agrees to something anew in between. A caller that
// has gone meanwhile does not prevent it.
func (s *service) end(r *http.Request, tenant string, subject Subject) *wire.Error {
	user, err := s.cfg.User(r.Context(), tenant, subject)
	if err != nil {
		return wire.Outage(err)
	}
	if user == "" {
		s.report(r, wire.InvalidRequest, "no such user of the tenant")
		return &wire.Error{Code: wire.InvalidRequest, Description: "there is no such user", Status: http.StatusNotFound}
	}
	ctx := oauthapp.WithActor(context.WithoutCancel(r.Context()), s.kernel.Actor(r, ""))
	err = s.cfg.SignOut(ctx, user)
	if err == nil {
		_, err = s.kernel.Registry.EndAccess(ctx, oauthapp.GrantsOfUser(user), nil)
	}
	if err != nil {
		return wire.Outage(err)
	}
	return nil
}

// authenticate returns the tenant that the caller of a request acts for.
func (s *service) authenticate(r *http.Request) (tenant string, refusal *wire.Error) {
	token, presented := kernel.BearerToken(r)
	switch {
	case !presented:
		return "", s.refuse(r, "the request needs an assertion or a token in the Authorization header, as Bearer")
	case s.cfg.IdentityProvider != nil && strings.Count(token, ".") == 2:
		return s.authenticateProvider(r, token)
	case s.cfg.BearerToken == nil:
		return "", s.refuse(r, "the assertion is malformed")
	}
	tenant, ok, err := s.cfg.BearerToken(r.Context(), token)
	switch {
	case err != nil:
		return "", wire.Outage(err)
	case !ok:
		return "", s.refuse(r, "the token is not valid")
	}
	return tenant, nil
}

// authenticateProvider judges an assertion. It is used up before anything is
// done for it.
func (s *service) authenticateProvider(r *http.Request, token string) (tenant string, refusal *wire.Error) {
	a, err := s.rules.Read(token)
	if err == nil && (a.Issuer == "" || !wire.IsText(a.Issuer)) {
		err = errors.New("iss is missing")
	}
	if err == nil {
		err = s.rules.Judge(&a, s.kernel.Now())
	}
	if err != nil {
		return "", s.refuse(r, "the assertion: "+err.Error())
	}
	provider, err := s.cfg.IdentityProvider(r.Context(), a.Issuer)
	switch {
	case err != nil:
		return "", wire.Outage(err)
	case provider == nil:
		return "", s.refuse(r, "no identity provider of this service has the iss of the assertion")
	}
	if refusal := s.verify(r, a, provider); refusal != nil {
		return "", refusal
	}
	switch err := s.kernel.Store.Keep(r.Context(), a.Record(Name+".jti"), s.kernel.Now()); {
	case errors.Is(err, store.ErrExists):
		return "", s.refuse(r, "the assertion was used before")
	case err != nil:
		return "", wire.Outage(err)
	}
	return provider.Tenant, nil
}

// verify refuses an assertion that an identity provider has not signed for this
// service.
func (s *service) verify(r *http.Request, a assertion.Assertion, provider *IdentityProvider) *wire.Error {
	source := jose.Source{Set: provider.Keys, URI: provider.KeysURL}
	keys, err := s.keys.For(r.Context(), a.Token, source, "identity provider "+a.Issuer)
	switch {
	case errors.Is(err, assertion.ErrUnusable):
		s.kernel.Logger.WarnContext(r.Context(), "the keys of an identity provider cannot be used", "issuer", a.Issuer, "error", err)
		return s.refuse(r, "the identity provider has no keys that this service can use")
	case err != nil:
		return wire.Outage(err)
	}
	if _, err := a.Token.Verify(keys...); err != nil {
		return s.refuse(r, "no key of the identity provider made the signature of the assertion")
	}
	if provider.Subject != "" && a.Subject != provider.Subject {
		return s.refuse(r, "sub of the assertion is not the one that the identity provider has for this service")
	}
	return nil
}

// refuse is for a caller that is not known, and for one too many of them from
// one network. The reason is a fixed phrase.
func (s *service) refuse(r *http.Request, reason string) *wire.Error {
	refusal := wire.Refuse(wire.InvalidToken, reason)
	if wait := s.failures.Failed(Name, bucket.Network(s.kernel.Actor(r, "").RemoteAddr)); wait > 0 {
		refusal = wire.TooMany("too many requests of callers that are not known", wait)
	}
	s.report(r, refusal.Code, reason)
	return refusal
}

// report tells the host of a request that is refused.
func (s *service) report(r *http.Request, code, reason string) {
	s.kernel.Emit(r, oauthapp.Event{Type: oauthapp.RequestRefused, Endpoint: Path, Error: code, Reason: reason})
}
