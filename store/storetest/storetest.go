package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/oauthapps/oauthapps/store"
)

// A Harness opens the stores to be tested.
type Harness struct {
	// New opens an empty store that shares no data with any other, and
	// registers with tb whatever closes it. Required.
	New func(tb testing.TB) store.Store

	// Reopen closes a store, as a process that stops would, and opens its data
	// again. It is what durability is tested with. Nil is for stores that
	// promise none.
	Reopen func(tb testing.TB, s store.Store) store.Store

	// Beside opens the data of s once more, as another process would, and
	// returns that second handle. The store s stays open and in use. Beside
	// registers with tb whatever closes the handle. Nil is for stores that only
	// one process can use.
	Beside func(tb testing.TB, s store.Store) store.Store
}

// Run tests every rule in a subtest of its own, against a new store.
func Run(t *testing.T, h Harness) {
	for _, r := range h.rules() {
		t.Run(r.name, func(t *testing.T) {
			if err := r.test(t, h); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check tests every rule and returns an error that names each one broken, nil
// if all hold. It opens stores with tb and never fails it.
func Check(tb testing.TB, h Harness) error {
	var broken []error
	for _, r := range h.rules() {
		broken = append(broken, r.test(tb, h))
	}
	return errors.Join(broken...)
}

// A rule is one promise of the interfaces.
type rule struct {
	name  string         // of its subtest
	says  string         // the promise
	holds func(t *trial) // fails the trial if it does not hold
}

// rules returns the rules that apply.
func (h Harness) rules() []rule {
	rules := slices.Concat(
		applicationRules, standingRules, ownSessionRules, secretRules, grantRules, codeRules, refreshRules, extraRules, revocationRules, endingRules, recordRules, apiTokenRules,
		useRules, listRules, cleanUpRules, valueRules, contextRules, agreementRules,
	)
	if h.Reopen != nil {
		rules = append(rules, durabilityRules...)
	}
	if h.Beside != nil {
		rules = append(rules, nodeRules...)
	}
	if h.Beside != nil && h.Reopen != nil {
		rules = append(rules, restartRules...)
	}
	return rules
}

// test tries the rule on a new store and returns how it is broken.
func (r rule) test(tb testing.TB, h Harness) error {
	t := &trial{Store: h.New(tb), ctx: tb.Context()}
	t.reopen = func() { t.Store = h.Reopen(tb, t.Store) }
	t.beside = func() store.Store { return h.Beside(tb, t.Store) }
	if err := t.failureOf(func() { r.holds(t) }); err != nil {
		return fmt.Errorf("%s: %s\n\tbut %w", r.name, r.says, err)
	}
	return nil
}
