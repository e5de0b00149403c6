package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
)

// A person can sign in to the demo. In a real service people are rows of its
// users table.
type person struct {
	id       int
	email    string
	password string
	accounts []account // the first is their own
}

// An account is what people own things through, alone or together.
type account struct {
	id    int
	name  string
	email string
}

var (
	aliceAccount = account{1, "Alice", "alice@example.com"}
	acmeAccount  = account{2, "Acme Inc", "acme@example.com"}
	bobAccount   = account{3, "Bob", "bob@example.com"}
	carolAccount = account{4, "Carol", "carol@example.com"}
)

// people are the demo's. Their passwords are public, so they are not hashed;
// those of a real service are, slowly.
var people = []person{
	{1, "alice@example.com", "alice-demo-password", []account{aliceAccount, acmeAccount}},
	{2, "bob@example.com", "bob-demo-password", []account{bobAccount, acmeAccount}},
	{3, "carol@example.com", "carol-demo-password", []account{carolAccount}},
}

// authenticate finds the person with an e-mail address and password. It
// compares one password whether or not the address is known, in constant time,
// so that the time taken does not tell who has an account.
func authenticate(email, password string) (person, bool) {
	found, known := personByEmail(email)
	want, got := sha256.Sum256([]byte(found.password)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return found, known && same
}

// personByEmail finds a person by an e-mail address, in any spelling.
func personByEmail(email string) (person, bool) {
	email = canonicalEmail(email)
	for _, p := range people {
		if p.email == email {
			return p, true
		}
	}
	return person{}, false
}

// canonicalEmail is the form of an e-mail address that two spellings of it
// share.
func canonicalEmail(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

// personByID finds a person by the ID that the library keeps.
func personByID(id string) (person, bool) {
	for _, p := range people {
		if strconv.Itoa(p.id) == id {
			return p, true
		}
	}
	return person{}, false
}

// accountByID finds one of the person's accounts by the ID that the library
// keeps.
func (p person) accountByID(id string) (account, bool) {
	for _, a := range p.accounts {
		if strconv.Itoa(a.id) == id {
			return a, true
		}
	}
	return account{}, false
}

// accountName names any account, for the owner of an application on the consent
// page.
func accountName(id string) string {
	for _, p := range people {
		if a, ok := p.accountByID(id); ok {
			return a.name
		}
	}
	return id
}

// user is the person as the library sees them, in a session. Its forms are
// bound to what the demo's are bound to.
func (p person) user(current session) *flow.User {
	u := &flow.User{ID: strconv.Itoa(p.id), Name: p.email, Session: current.Forms, AuthenticatedAt: current.Started}
	for _, a := range p.accounts {
		u.Accounts = append(u.Accounts, flow.Account{ID: strconv.Itoa(a.id), Name: a.name, Role: flow.Administrator})
	}
	return u
}
