package oauthapp

import (
	"time"

	"github.com/google/uuid"
)

// A Grant records that a user authorized an application for an account: the
// remembered consent, and what is revoked to withdraw it. There is one for each
// application, user and account; it outlives the tokens that were issued under it.
//
// A grant is live until it is revoked, its application's tokens are revoked or its
// application is deleted; stores return live grants only.
type Grant struct {
	ID            uuid.UUID // version 7
	ApplicationID uuid.UUID
	UserID        string // the host's user; opaque
	AccountID     string // the host's account that the application reaches; opaque
	Scopes        []string
	AuthorizedAt  time.Time // when the user last said yes
	LastUsedAt    time.Time // within a few minutes; zero if never used

	// Application is filled where grants are listed.
	Application Application
}

// A GrantFilter selects grants. Every field that is set must match, and at least
// one must be set: a filter without any selects nothing.
type GrantFilter struct {
	UserID        string
	AccountID     string
	ApplicationID uuid.UUID
	Owner         string // of the application
}

// IsZero reports whether no field is set.
func (f GrantFilter) IsZero() bool { return f == GrantFilter{} }
