package oauthapp

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// A GrantFilter selects grants. A function begins it with one criterion, and
// its methods narrow it by others:
//
//	oauthapp.GrantsOfUser(user.ID).ForAccount(account.ID)
//
// A filter with an empty criterion selects nothing, and so does the zero
// filter: a user ID that a program forgot to look up never selects everybody.
// [GrantFilter.Err] tells. No filter selects the grant of an application
// itself.
type GrantFilter struct {
	user, account string
	application   uuid.UUID
	owner         Owner
	err           error
	valid         bool // it has a criterion
}

// GrantsOfUser selects what a user of the host authorized.
func GrantsOfUser(user string) GrantFilter { return GrantFilter{}.OfUser(user) }

// GrantsForAccount selects what any user authorized for an account of the host.
func GrantsForAccount(account string) GrantFilter { return GrantFilter{}.ForAccount(account) }

// GrantsToApplication selects what was authorized to an application.
func GrantsToApplication(id uuid.UUID) GrantFilter { return GrantFilter{}.ToApplication(id) }

// GrantsToOwner selects what was authorized to the applications of an owner.
// With [AnyOwner] that is everything.
func GrantsToOwner(owner Owner) GrantFilter { return GrantFilter{}.ToOwner(owner) }

// OfUser narrows the filter to a user.
func (f GrantFilter) OfUser(user string) GrantFilter {
	f.user = user
	return f.with(user == "", "a user")
}

// ForAccount narrows the filter to an account.
func (f GrantFilter) ForAccount(account string) GrantFilter {
	f.account = account
	return f.with(account == "", "an account")
}

// ToApplication narrows the filter to an application.
func (f GrantFilter) ToApplication(id uuid.UUID) GrantFilter {
	f.application = id
	return f.with(id == uuid.Nil, "an application")
}

// ToOwner narrows the filter to the applications of an owner.
func (f GrantFilter) ToOwner(owner Owner) GrantFilter {
	f.owner = owner
	return f.with(owner.IsZero(), "an owner")
}

func (f GrantFilter) with(empty bool, what string) GrantFilter {
	f.valid = true
	if empty && f.err == nil {
		f.err = fmt.Errorf("oauthapp: the filter of grants names %s and leaves it empty; pass its ID", what)
	}
	return f
}

var errNoCriterion = errors.New("oauthapp: the filter of grants is empty; make it with GrantsOfUser or another function of its kind")

// Err returns nil for a filter that can select grants. Otherwise it tells what
// is empty, which is a mistake of the program.
func (f GrantFilter) Err() error {
	if !f.valid {
		return errNoCriterion
	}
	return f.err
}

// UserID returns the user that the filter selects, "" for every user.
func (f GrantFilter) UserID() string { return f.user }

// AccountID returns the account that the filter selects, "" for every account.
func (f GrantFilter) AccountID() string { return f.account }

// ApplicationID returns the application that the filter selects, the zero UUID
// for every application.
func (f GrantFilter) ApplicationID() uuid.UUID { return f.application }

// Owner returns whose applications the filter selects: [AnyOwner] unless it was
// narrowed to an owner.
func (f GrantFilter) Owner() Owner {
	if f.owner.IsZero() {
		return AnyOwner
	}
	return f.owner
}

// Selects reports whether the filter selects a grant, by its user, its account,
// and the ID and Owner of its application. It is for stores.
func (f GrantFilter) Selects(user, account string, application uuid.UUID, owner string) bool {
	return f.Err() == nil && user != "" &&
		(f.user == "" || f.user == user) &&
		(f.account == "" || f.account == account) &&
		(f.application == uuid.Nil || f.application == application) &&
		(f.Owner().IsAny() || f.owner.Reaches(owner))
}
