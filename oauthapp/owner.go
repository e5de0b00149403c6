package oauthapp

import "errors"

// An Owner says whose applications a call may reach: those of one account, made
// by [OwnedBy], or those of everybody, [AnyOwner]. The zero Owner reaches
// nothing, so that a host that forgot to look up who is signed in reaches
// nothing.
type Owner struct {
	account string
	any     bool
}

// AnyOwner reaches every application, those without an owner too. It is for the
// host's own administrators.
var AnyOwner = Owner{any: true}

// OwnedBy reaches the applications of one account of the host. OwnedBy("") is
// the zero Owner.
func OwnedBy(account string) Owner { return Owner{account: account} }

// IsZero reports whether the owner reaches nothing.
func (o Owner) IsZero() bool { return o == Owner{} }

// IsAny reports whether the owner is [AnyOwner].
func (o Owner) IsAny() bool { return o.any }

// Account returns the account of an owner that [OwnedBy] made, and "" for any
// other.
func (o Owner) Account() string { return o.account }

// Reaches reports whether an application with an Owner is reached. Only
// [AnyOwner] reaches one whose Owner is "".
func (o Owner) Reaches(owner string) bool { return o.any || owner != "" && owner == o.account }

// String returns the account, or a word for the others.
func (o Owner) String() string {
	switch {
	case o.any:
		return "any owner"
	case o.account == "":
		return "no owner"
	}
	return o.account
}

// errNoOwner is for a mistake of the host's program, never of a user.
var errNoOwner = errors.New("oauthapp: the owner is empty; pass OwnedBy(the account of whoever is signed in)")

func checkOwner(owner Owner) error {
	if owner.IsZero() {
		return errNoOwner
	}
	return nil
}
