package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// A Grant records that a user authorized an application for an account. It is
// the remembered consent, and revoking it withdraws the consent. There is one
// grant for each application, user and account. It outlives the tokens that
// were issued under it.
//
// The grant of an application itself has neither user nor account. The tokens
// that an application gets for itself (RFC 6749, section 4.4) are issued under
// it. It is in no list and counts as no user.
//
// A grant is live until it is revoked, the tokens of its application are
// revoked, or its application is deleted. Stores return live grants only.
type Grant struct {
	ID            uuid.UUID // version 7
	ApplicationID uuid.UUID
	UserID        string // the host's user; opaque
	AccountID     string // the host's account that the application reaches; opaque
	Scopes        []string
	AuthorizedAt  time.Time // when the user last authorized the application
	LastUsedAt    time.Time // to within a few minutes; zero if never used

	// Application is filled where grants are listed.
	Application Application
}

// Grants lists the live grants that filter selects, newest first, with their
// applications. It returns a [*ValidationError] of field after if Page.After
// does not come from a list. It returns the error of a filter that has one.
func (r *Registry) Grants(ctx context.Context, filter GrantFilter, page Page) (List[Grant], error) {
	if err := filter.Err(); err != nil {
		return List[Grant]{}, err
	}
	return r.cfg.Store.Grants(ctx, filter, page)
}

// RevokeGrant ends a live grant and returns it as it was, with its application.
// When it has returned, no code or token of the grant is accepted, and the user
// is asked anew. It returns [ErrNotFound] for a grant that filter does not
// select, so select with it what the caller may reach.
func (r *Registry) RevokeGrant(ctx context.Context, filter GrantFilter, id uuid.UUID) (Grant, error) {
	if err := filter.Err(); err != nil {
		return Grant{}, err
	}
	now := r.now()
	grant, err := r.cfg.Store.RevokeGrant(ctx, filter, id)
	if err != nil {
		return Grant{}, err
	}
	r.report(ctx, GrantRevoked, now, grant.Application, func(e *Event) {
		e.GrantID, e.UserID, e.AccountID, e.Scopes = grant.ID, grant.UserID, grant.AccountID, grant.Scopes
	})
	return grant, nil
}
