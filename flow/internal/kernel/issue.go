// Package kernel is what every capability of package flow stands on: the one
// place that issues codes and tokens.
package kernel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// An Issuance makes codes and tokens, and has the store keep what must be known
// of them, in one call each. Whether they may be issued is decided before. Its
// errors are the store's.
type Issuance struct {
	Store       store.Store
	Credentials credential.Format
	Keys        [][]byte // take part in the tokens of a rotation; the first makes them
	Lifetimes   Lifetimes
	Resource    string                 // the identifier of the default resource
	Claims      func(name string) bool // whether a capability claims an entry of Extra

	// StillGiven returns which of some scopes a user may still give for an
	// account: all where there is no user.
	StillGiven func(ctx context.Context, user, account string, scopes []string) ([]string, *wire.Error)

	// Consented is told of every consent that was not remembered, before it is
	// kept, with what the session keeps. Optional.
	Consented func(ctx context.Context, c Consent, extra Extra) error
}

// Lifetimes are how long codes, tokens and consents are good.
type Lifetimes struct {
	Code          time.Duration
	AccessToken   time.Duration
	RefreshToken  time.Duration
	Session       time.Duration
	RotationGrace time.Duration
}

// A Consent is what a user authorized, now or before.
type Consent struct {
	ApplicationID     uuid.UUID
	UserID, AccountID string
	Scopes            []string
	// Resources are the identifiers of the resources that the user was asked
	// for; none for the default one alone. [Issuance.Tokens] compares them: a
	// session that begins otherwise keeps [Kernel.KeptResources].
	Resources []string
	// Remembered has nobody asked: it is good only as far as the user's live
	// grant.
	Remembered bool
	// Public says that the client is public: consent is never remembered for
	// it.
	Public bool
	At     time.Time
}

// asksFor reports whether the user of a consent was asked for the resources of
// these keys, or for the default one if there are no keys.
func (i *Issuance) asksFor(c Consent, keys []string) bool {
	asked := map[string]bool{}
	for _, identifier := range c.Resources {
		asked[ResourceKey(identifier)] = true
	}
	byDefault := ResourceKey(i.Resource)
	if len(asked) == 0 {
		asked[byDefault] = true
	}
	if len(keys) == 0 {
		return asked[byDefault]
	}
	return !slices.ContainsFunc(keys, func(key string) bool { return !asked[key] })
}

// Failed is the answer where an Issuance failed with an error that is none of
// those named: a fault of ours, or an outage of the store.
func Failed(err error) *wire.Error {
	if fault, ok := errors.AsType[*wire.Error](err); ok {
		return fault
	}
	return wire.Outage(err)
}

// begin keeps a session with what it begins with, to its own end or that of a
// client secret.
func (i *Issuance) begin(ctx context.Context, c Consent, session *store.Session, extra Extra, secret uuid.UUID) (oauthapp.Grant, error) {
	var err error
	if session.Extra, err = i.encode(extra); err != nil {
		return oauthapp.Grant{}, err
	}
	if i.Consented != nil && !c.Remembered && c.UserID != "" {
		if err := i.Consented(ctx, c, extra); err != nil {
			return oauthapp.Grant{}, err
		}
	}
	session.ApplicationID, session.UserID, session.AccountID = c.ApplicationID, c.UserID, c.AccountID
	session.Scopes, session.CreatedAt = c.Scopes, c.At
	start := store.SessionStart{Session: *session, SecretID: secret}
	if !c.Remembered {
		id, err := uuid.NewV7()
		if err != nil {
			return oauthapp.Grant{}, err
		}
		start.GrantID = id
	}
	return i.Store.BeginSession(ctx, start)
}

// A CodeRequest is what of an authorization request its code is bound to.
type CodeRequest struct {
	RedirectURI   string // "" where it was not sent
	CodeChallenge string
	State         string
	Extra         Extra // what capabilities keep with the session
}

// A Code is an authorization code that was issued.
type Code struct {
	Value     string
	SessionID uuid.UUID
	Scopes    []string       // of the session
	Grant     oauthapp.Grant // without its application
}

// Code begins a session with an authorization code.
func (i *Issuance) Code(ctx context.Context, c Consent, r CodeRequest) (Code, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Code{}, err
	}
	code := i.Credentials.NewCode(id)
	expires := c.At.Add(i.Lifetimes.Code)
	kept := store.Code{Digest: code.Digest(), ExpiresAt: expires, RedirectURI: r.RedirectURI, CodeChallenge: r.CodeChallenge}
	if r.State != "" {
		kept.State = credential.DigestOf(r.State)
	}
	grant, err := i.begin(ctx, c, &store.Session{ID: id, ExpiresAt: expires, Code: kept}, r.Extra, uuid.Nil)
	return Code{code.Reveal(), id, c.Scopes, grant}, err
}

// A GivenCode is a code that a client was given before its user was asked, such
// as a device code. It names the session that is to begin.
type GivenCode struct {
	SessionID uuid.UUID
	Digest    credential.Digest
	ExpiresAt time.Time
	Extra     Extra // what capabilities keep with the session
}

// Begin begins the session of a code that its client was given before. The code
// is redeemed as every other. However many begin it at once, one gets nil; the
// others get [store.ErrExists].
func (i *Issuance) Begin(ctx context.Context, c Consent, code GivenCode) (oauthapp.Grant, error) {
	return i.begin(ctx, c, &store.Session{
		ID:        code.SessionID,
		ExpiresAt: code.ExpiresAt,
		Code:      store.Code{Digest: code.Digest, ExpiresAt: code.ExpiresAt},
	}, code.Extra, uuid.Nil)
}

// Tokens are what a token request is answered with.
type Tokens struct {
	Access    string
	Type      string         // of the access token; the token endpoint fills it in
	ExpiresAt time.Time      // of the access token
	Scopes    []string       // of the access token
	Refresh   string         // "" where none was issued
	Session   *store.Session // as it is now
}

// ExpiresIn is how many whole seconds the access token lives from a time on,
// and at least one: published clients take 0 for a token that never expires.
func (t *Tokens) ExpiresIn(now time.Time) int64 {
	return max(1, int64(t.ExpiresAt.Sub(now)/time.Second))
}

// Tokens begins a session of a user with its tokens, for a grant that has no
// code. The session is of the client of the request, keeps its Extra, and
// begins at its time; of the consent UserID, AccountID, Scopes and Resources
// count. A request for another resource than these is refused. With
// refreshable, a refresh token comes with the access token; otherwise the
// session ends with the access token. An access token that may reach none of
// the scopes is refused; [TokenRequest.Limited] tells so before.
//
// What is good once is claimed before, as with Take of store.Records, so that
// of many requests one gets tokens. Where Tokens fails then, it is used up. A
// grant whose user says yes on a page has Begin and Redeem, which is one write.
func (i *Issuance) Tokens(t *TokenRequest, c Consent, refreshable bool) (Tokens, *wire.Error) {
	if c.UserID == "" || c.AccountID == "" {
		return Tokens{}, wire.Internal(errors.New("kernel: a session of nobody"))
	}
	return i.tokens(t, c, refreshable, oauthapp.Secret{})
}

// Application begins a session of the client itself, which has no user, with
// its access token. It ends with the client secret that the client
// authenticated with, if that was one. The rest is as for Tokens.
func (i *Issuance) Application(t *TokenRequest, scopes []string) (Tokens, *wire.Error) {
	return i.tokens(t, Consent{Scopes: scopes}, false, t.Secret)
}

func (i *Issuance) tokens(t *TokenRequest, c Consent, refreshable bool, secret oauthapp.Secret) (Tokens, *wire.Error) {
	c.ApplicationID, c.At = t.Client.Application.ID, t.Now
	scopes, refusal := i.judgeConsent(t, &c)
	if refusal != nil {
		return Tokens{}, refusal
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Tokens{}, wire.Internal(err)
	}
	end := c.At.Add(i.Lifetimes.Session)
	if !secret.Live(end) {
		end = secret.ExpiresAt
	}
	access := i.Credentials.NewAccessToken(id)
	session := store.Session{ID: id, Access: i.access(access, scopes, c.At, end)}
	issued := Tokens{Access: access.Reveal(), ExpiresAt: session.Access.ExpiresAt, Scopes: scopes}
	session.ExpiresAt = issued.ExpiresAt
	if refreshable {
		family := credential.NewFamily()
		refresh := i.Credentials.NewRefreshToken(id, family)
		session.RefreshFamily, session.Refresh, session.ExpiresAt = family.Digest(), i.refresh(refresh, c.At, end), end
		issued.Refresh = refresh.Reveal()
	}
	grant, err := i.begin(t.HTTP.Context(), c, &session, t.Extra, secret.ID)
	if errors.Is(err, store.ErrNotFound) {
		return Tokens{}, wire.Refuse(wire.InvalidGrant, "the application, or what the user granted it, is there no more")
	}
	if err != nil {
		return Tokens{}, Failed(err)
	}
	session.GrantID = grant.ID
	issued.Session = &session
	return issued, nil
}

// judgeConsent narrows a consent to what its user may still give, and returns
// the scopes of an access token of the request.
func (i *Issuance) judgeConsent(t *TokenRequest, c *Consent) (scopes []string, refusal *wire.Error) {
	if c.UserID != "" && !i.asksFor(*c, t.Resources.Granted) {
		return nil, wire.Refuse(wire.InvalidTarget, "resource exceeds what the user authorized")
	}
	given, refusal := i.StillGiven(t.HTTP.Context(), c.UserID, c.AccountID, c.Scopes)
	if refusal != nil {
		return nil, refusal
	}
	if len(given) == 0 && len(c.Scopes) > 0 {
		return nil, wire.Refuse(wire.InvalidGrant, "the user may not give the application access")
	}
	c.Scopes = given
	if scopes = t.Limited(given); len(scopes) == 0 && len(given) > 0 {
		return nil, wire.Refuse(wire.InvalidScope, "the request leaves no scope")
	}
	return scopes, nil
}

// access is what is kept of an access token. None outlives its session.
func (i *Issuance) access(token credential.Plaintext, scopes []string, at, sessionEnd time.Time) store.AccessToken {
	return store.AccessToken{Digest: token.Digest(), IssuedAt: at, ExpiresAt: earlier(at.Add(i.Lifetimes.AccessToken), sessionEnd), Scopes: scopes}
}

func (i *Issuance) refresh(token credential.Plaintext, at, sessionEnd time.Time) store.RefreshToken {
	return store.RefreshToken{Digest: token.Digest(), ExpiresAt: earlier(at.Add(i.Lifetimes.RefreshToken), sessionEnd)}
}

// Redeem claims the code that a request presents and issues its tokens, on the
// terms of the request. The access token has these scopes, and the session
// keeps the Extra of the request. Redeem returns [store.ErrUsed] where the code
// was redeemed since it was read.
func (i *Issuance) Redeem(t *TokenRequest, scopes []string) (Tokens, error) {
	s := t.Client.Session
	extra, err := i.encode(t.Extra)
	if err != nil {
		return Tokens{}, err
	}
	end := s.CreatedAt.Add(i.Lifetimes.Session)
	token := i.Credentials.NewAccessToken(s.ID)
	kept := store.Redemption{SessionID: s.ID, Code: t.Presented.Digest, Extra: extra, At: t.Now}
	if t.Terms.LongLived > 0 {
		end = earlier(end, t.Now.Add(t.Terms.LongLived))
		kept.Access = store.AccessToken{Digest: token.Digest(), IssuedAt: t.Now, ExpiresAt: end, Scopes: scopes}
	} else {
		kept.Access = i.access(token, scopes, t.Now, end)
	}
	issued := Tokens{Access: token.Reveal(), ExpiresAt: kept.Access.ExpiresAt, Scopes: scopes, Session: s}
	if t.Terms.LongLived == 0 {
		family := credential.NewFamily()
		refresh := i.Credentials.NewRefreshToken(s.ID, family)
		kept.Family, kept.Refresh = family.Digest(), i.refresh(refresh, t.Now, end)
		issued.Refresh = refresh.Reveal()
	}
	kept.ExpiresAt = end
	if err := i.Store.RedeemCode(t.HTTP.Context(), kept); err != nil {
		return Tokens{}, err
	}
	s.Extra = extra
	return issued, nil
}

// EndSession ends a session with all its tokens. A caller that has gone
// meanwhile cannot prevent it.
func (i *Issuance) EndSession(ctx context.Context, id uuid.UUID) error {
	return i.Store.EndSession(context.WithoutCancel(ctx), id)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
