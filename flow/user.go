package flow

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A User is who is signed in, as the host knows them.
type User struct {
	ID   string // opaque, unique, never reused, never ""
	Name string // shown on pages: a name or an e-mail address
	// Session identifies the user's session at the host: forms are good only in
	// the session they were made for. It is hashed, never shown. Without it,
	// forms are good only in the browser they were made for: the pages with a
	// form then set a cookie.
	Session string
	// AuthenticatedAt is when the user last signed in, with a password or
	// whatever else the host asks for; going on with a session is not signing
	// in. It is exact to the second, and taken from a clock that is at most a
	// minute behind that of [Config.Now]. A request with prompt=login or
	// max_age needs a recent one: if it is not recent enough, the user is sent
	// to [Config.LoginURL] once, with SignIn.Anew. Optional: with the zero time
	// such a request ends with the error login_required.
	AuthenticatedAt time.Time
	// Accounts are those the user may act for. The first is preselected.
	Accounts []Account
}

// Account returns the user's account with an ID.
func (u *User) Account(id string) (Account, bool) {
	for _, a := range u.Accounts {
		if a.ID == id {
			return a, true
		}
	}
	return Account{}, false
}

// An Account is what an application reaches once a user authorizes it.
type Account struct {
	// ID is opaque, unique and never reused. It is a segment of the paths of
	// package dashboard: not "", "." or "..", and without a slash.
	ID   string
	Name string
	// Role is what the user may do there. The consent page and the pages of
	// package dashboard obey it. Defaults to [Member], who manages what they
	// authorized themselves and nothing else.
	Role Role
}

// checkUsers returns the host's CurrentUser, without users and accounts whose
// ID would stand for anybody where stores look for grants, or make a path that
// leads elsewhere.
func checkUsers(currentUser func(*http.Request) (*User, error)) func(*http.Request) (*User, error) {
	return func(r *http.Request) (*User, error) {
		user, err := currentUser(r)
		if err != nil {
			return nil, fmt.Errorf("flow: Config.CurrentUser: %w", err)
		}
		if user == nil {
			return nil, nil
		}
		if err := user.check(); err != nil {
			return nil, fmt.Errorf("flow: Config.CurrentUser returned %w", err)
		}
		return user, nil
	}
}

func (u *User) check() error {
	if u.ID == "" {
		return errors.New("a user without an ID")
	}
	for _, account := range u.Accounts {
		switch id := account.ID; {
		case id == "":
			return errors.New("an account without an ID")
		case id == "." || id == ".." || strings.Contains(id, "/"):
			return fmt.Errorf("an account with the ID %q, which is no segment of a path", id)
		}
	}
	return nil
}
