package oauthapp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// An APIToken is what is kept of an access token that a user made for
// themselves, without an application. Package flow/tokens has the pages for
// them, and turns them on.
type APIToken struct {
	ID     uuid.UUID // version 7; part of the token
	UserID string    // who made it and for whom it acts; never ""
	// AccountID is the one account that an account token reaches. It is "" for
	// a user token, which reaches every account that the user may act for.
	AccountID string
	Name      string   // as the user wrote it
	Scopes    []string // at least one, sorted

	Digest     credential.Digest // of the token
	Hint       string            // the last 4 characters of its random part
	CreatedAt  time.Time
	LastUsedAt time.Time // to within a few minutes; zero if never used
	ExpiresAt  time.Time // it is refused from then on; zero if it does not expire
}

// Live reports whether the token is accepted at the time given.
func (t APIToken) Live(now time.Time) bool { return t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt) }

// An APITokenFilter selects API tokens. With an AccountID it selects the
// account tokens of that account: those that UserID made, or everyone's where
// that is "". Without an AccountID it selects the user tokens of UserID. The
// zero filter selects nothing.
type APITokenFilter struct{ UserID, AccountID string }

// IsZero reports whether the filter selects nothing.
func (f APITokenFilter) IsZero() bool { return f == APITokenFilter{} }

// Selects reports whether the filter selects a token.
func (f APITokenFilter) Selects(t APIToken) bool {
	return !f.IsZero() && f.AccountID == t.AccountID && (f.UserID == "" || f.UserID == t.UserID)
}

// APITokenStore keeps API tokens. It is part of [Store], whose rules hold here
// too. Every method treats a token that has expired at now as absent.
type APITokenStore interface {
	// CreateAPIToken keeps a new token. It returns ErrLimit if the user has
	// limit live tokens of either kind already, however many are created at
	// once, and ErrExists if the ID is in use.
	CreateAPIToken(ctx context.Context, token APIToken, limit int) error

	// APIToken returns a token by its primary key, or ErrNotFound.
	APIToken(ctx context.Context, id uuid.UUID, now time.Time) (APIToken, error)

	// APITokens lists the tokens that a filter selects, newest first (by ID,
	// descending). Page is as for Applications.
	APITokens(ctx context.Context, filter APITokenFilter, page Page, now time.Time) (List[APIToken], error)

	// RevokeAPIToken ends a token and returns it as it was. It returns
	// ErrNotFound, also for a token that the filter does not select.
	RevokeAPIToken(ctx context.Context, filter APITokenFilter, id uuid.UUID, now time.Time) (APIToken, error)

	// EndAPITokens ends API tokens in steps, as EndGrants ends grants. It ends
	// the tokens of the user, or for the account, or of both, that the filter
	// names. It ends every token for the filter of everything,
	// GrantsToOwner(AnyOwner), and none for one that names an application or
	// the owner of applications.
	EndAPITokens(ctx context.Context, filter GrantFilter, cursor string, limit int) (next string, ended int, err error)
}

// EndsAPITokens reports whether [Registry.EndAccess] with this filter ends API
// tokens too. They belong to no application, so a filter that names an
// application or its owner ends none.
func (f GrantFilter) EndsAPITokens() bool {
	return f.Err() == nil && f.application == uuid.Nil && f.Owner().IsAny()
}

// A NewAPIToken is what a user fills in to make an API token.
type NewAPIToken struct {
	// ID is optional. Take it from [NewAPITokenID] before the form is shown, so
	// that a form that is sent twice makes one token: the second returns
	// ErrExists.
	ID        uuid.UUID
	UserID    string // who makes it. Required.
	AccountID string // of an account token; "" for a user token
	// Name has 1 to 100 characters, as the name of an application.
	Name string
	// Scopes has at least one of Config.Scopes.
	Scopes []string
	// Lifetime is how long it lives; 0 means that it does not expire.
	Lifetime time.Duration
}

// NewAPITokenID makes the ID of an API token.
func NewAPITokenID() uuid.UUID { return newID() }

// maxAPITokens is how many live API tokens a user may have.
const maxAPITokens = 100

// CreateAPIToken makes an API token and returns it with its text, which can
// never be seen again. It returns a [*ValidationError] that names everything
// wrong with n: name, scope or expires_in. It returns [ErrLimit] if the user
// has 100 live tokens already, and [ErrExists] if n.ID is in use.
//
// The token gets the scopes that n names: the caller has asked before what the
// user may do. Package flow asks flow.Config.MayAct again at each use.
func (r *Registry) CreateAPIToken(ctx context.Context, n NewAPIToken) (APIToken, credential.Plaintext, error) {
	if n.UserID == "" {
		return APIToken{}, credential.Plaintext{}, errors.New("oauthapp: NewAPIToken.UserID is empty; pass the ID of whoever is signed in")
	}
	n.Name = strings.TrimSpace(n.Name)
	if problems := r.checkAPIToken(n); len(problems) > 0 {
		return APIToken{}, credential.Plaintext{}, &ValidationError{problems}
	}
	now := r.now()
	if n.ID == uuid.Nil {
		n.ID = newID()
	}
	plaintext := r.format.NewAPIToken(n.ID)
	token := APIToken{
		ID: n.ID, UserID: n.UserID, AccountID: n.AccountID, Name: n.Name,
		Scopes: slices.Compact(slices.Sorted(slices.Values(n.Scopes))),
		Digest: plaintext.Digest(), Hint: plaintext.Hint(), CreatedAt: now,
	}
	if n.Lifetime > 0 {
		token.ExpiresAt = now.Add(n.Lifetime).Truncate(time.Microsecond)
	}
	if err := r.cfg.Store.CreateAPIToken(ctx, token, maxAPITokens); err != nil {
		return APIToken{}, credential.Plaintext{}, err
	}
	r.reportAPIToken(ctx, APITokenCreated, now, token, "")
	return token, plaintext, nil
}

func (r *Registry) checkAPIToken(n NewAPIToken) (problems []FieldError) {
	if problem := checkName(n.Name); problem != nil {
		problems = append(problems, problem.about("name", "Name"))
	}
	if len(n.Scopes) == 0 {
		problems = append(problems, wrong("scope.required", "Choose at least one permission.").of("scope"))
	}
	for _, scope := range n.Scopes {
		if !slices.Contains(r.cfg.Scopes, scope) {
			problems = append(problems, unknownScope(r.cfg.Scopes).aboutValue("scope", scope))
		}
	}
	if n.Lifetime < 0 {
		problems = append(problems, wrong("expires_in.negative", "is %s; it must be positive, or 0 for a token that does not expire.", n.Lifetime.String()).about("expires_in", "Lifetime"))
	}
	return problems
}

// APITokens lists the live API tokens that a filter selects, newest first.
func (r *Registry) APITokens(ctx context.Context, filter APITokenFilter, page Page) (List[APIToken], error) {
	return r.cfg.Store.APITokens(ctx, filter, page, r.now())
}

// RevokeAPIToken ends an API token that a filter selects: it is refused from
// then on, on every node. The event has the reason, which may be "". It returns
// the token as it was, and [ErrNotFound].
func (r *Registry) RevokeAPIToken(ctx context.Context, filter APITokenFilter, id uuid.UUID, reason string) (APIToken, error) {
	now := r.now()
	token, err := r.cfg.Store.RevokeAPIToken(ctx, filter, id, now)
	if err != nil {
		return APIToken{}, err
	}
	r.reportAPIToken(ctx, APITokenRevoked, now, token, reason)
	return token, nil
}

func (r *Registry) reportAPIToken(ctx context.Context, typ EventType, at time.Time, token APIToken, reason string) {
	r.report(ctx, typ, at, Application{}, func(e *Event) {
		e.APITokenID, e.APITokenName = token.ID, token.Name
		e.UserID, e.AccountID, e.Scopes, e.Reason = token.UserID, token.AccountID, token.Scopes, reason
	})
}
