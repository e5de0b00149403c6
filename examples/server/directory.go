package main

import (
	"context"
	"slices"
	"strconv"
	"sync"
)

// A directory is who the people of the demo are and which accounts they may act
// for now: those of people.go, without those that they left. It forgets who
// left when the server stops. It is safe for concurrent use, and its zero value
// is ready to use.
type directory struct {
	mu   sync.RWMutex
	left map[membership]bool
}

// A membership is of a person in an account, by the IDs that the library keeps.
type membership struct{ user, account string }

// person finds a person by the ID that the library keeps.
func (d *directory) person(id string) (person, bool) {
	p, ok := personByID(id)
	d.mu.RLock()
	defer d.mu.RUnlock()
	p.accounts = slices.DeleteFunc(slices.Clone(p.accounts), func(a account) bool {
		return d.left[membership{id, strconv.Itoa(a.id)}]
	})
	return p, ok
}

// mayAct tells the library which of the demo's scopes a person may still give
// for an account: all, unless they left it. The account "" is for API tokens of
// theirs that are for no one account.
func (d *directory) mayAct(_ context.Context, user, account string) ([]string, error) {
	p, isPerson := d.person(user)
	if _, ok := p.accountByID(account); !ok && (account != "" || !isPerson) {
		return nil, nil
	}
	var scopes []string
	for _, s := range demoScopes {
		scopes = append(scopes, s.Name)
	}
	return scopes, nil
}

// setMember has a person leave one of their accounts, or come back. It reports
// whether the account is one of theirs in people.go.
func (d *directory) setMember(user, account string, isMember bool) bool {
	p, _ := personByID(user)
	if _, ok := p.accountByID(account); !ok {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[membership]bool{}
	}
	d.left[membership{user, account}] = !isMember
	return true
}
