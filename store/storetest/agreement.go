package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

var agreementRules = []rule{
	{"agreement/random calls", "whatever is called in whatever order, the store answers as package memory does", agreementRandom},
}

// Calls in a row about the same applications, and how many such rounds there
// are.
const (
	randomCalls  = 500
	randomRounds = 2
)

// A comparison is one store beside one in memory, to which the same is done.
type comparison struct {
	*trial
	memory *memory.Store
	calls  []string // made so far, to say what led to a difference

	// What calls are about, so that they meet.
	apps     []oauthapp.Application // created, or tried to
	secrets  []oauthapp.Secret
	sessions []store.Session // of each the digests that it ever had, as far as it matters
	records  []store.Record
}

func agreementRandom(t *trial) {
	c := &comparison{trial: t, memory: memory.New()}
	var names []string // each as often as its weight says
	for name, call := range randomly {
		names = append(names, slices.Repeat([]string{name}, call.weight)...)
	}
	for range randomRounds {
		c.apps, c.secrets, c.sessions, c.records = nil, nil, nil, nil
		for range randomCalls {
			randomly[pick(names)].make(c)
		}
		c.compareAll()
	}
}

func pick[T any](from []T) T { return from[rand.IntN(len(from))] }

func chance(percent int) bool { return rand.IntN(100) < percent }

// either returns one of the values, or the other one seldom and where there are
// none.
func either[T any](from []T, other T) T {
	if len(from) == 0 || chance(5) {
		return other
	}
	return pick(from)
}

// sometime returns one of a few times, so that many are equal or differ by a
// tick.
func sometime() time.Time {
	return start.Add(time.Duration(rand.IntN(6))*time.Minute + time.Duration(rand.IntN(3)-1)*tick)
}

func someOwner() oauthapp.Owner {
	return pick([]oauthapp.Owner{oauthapp.OwnedBy("alice"), oauthapp.OwnedBy("bob"), oauthapp.AnyOwner})
}
func someUser() string    { return pick([]string{"u", "v", "w"}) }
func someAccount() string { return pick([]string{"a", "b"}) }

func someScopes() (scopes []string) {
	for _, scope := range []string{"read", "write", "admin"} {
		if chance(50) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func someExtra() []byte { return pick([][]byte{nil, {0}, []byte("extra\xff")}) }

// both makes a call on either store and compares what it returns.
func both[T any](c *comparison, call string, on func(s store.Store) (T, error)) (T, error) {
	c.calls = append(c.calls, call)
	want, wantErr := on(c.memory)
	got, err := on(c.Store)
	if kind(err) != kind(wantErr) {
		c.failf("%s returned %s, and in memory %s, after:\n\t\t%s", call, describe(err), describe(wantErr), c.history())
	}
	if err == nil {
		if failed := c.failureOf(func() { c.same(got, want, "%s, by what it is in memory,", call) }); failed != nil {
			c.failf("%w, after:\n\t\t%s", failed, c.history())
		}
	}
	return got, err
}

// alone is both for calls that return no more than an error.
func (c *comparison) alone(call string, on func(s store.Store) error) error {
	_, err := both(c, call, func(s store.Store) (struct{}, error) { return struct{}{}, on(s) })
	return err
}

// history tells the last calls.
func (c *comparison) history() string {
	before := c.calls[:len(c.calls)-1]
	return strings.Join(before[max(0, len(before)-30):], "\n\t\t")
}

// kind names the error of the interface that err is, "outage" for any other.
func kind(err error) string {
	for _, known := range []error{nil, store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrLimit, store.ErrUsed} {
		if err == known || known != nil && errors.Is(err, known) {
			return fmt.Sprint(known)
		}
	}
	return "outage"
}

func short(id uuid.UUID) string { return id.String()[4:13] }

func brief(d credential.Digest) string { return fmt.Sprintf("%.4x", d[:]) }

// randomly are the calls, and how often each is made beside the others.
var randomly = map[string]struct {
	weight int
	make   func(*comparison)
}{
	"CreateApplication":   {4, (*comparison).createApplication},
	"UpdateApplication":   {3, (*comparison).updateApplication},
	"SetStanding":         {2, (*comparison).setStandingBoth},
	"TransferApplication": {2, (*comparison).transferApplication},
	"EndGrants":           {1, (*comparison).endGrantsBoth},
	"DeleteApplication":   {1, (*comparison).deleteApplication},
	"AddSecret":           {4, (*comparison).addSecret},
	"RevokeSecret":        {2, (*comparison).revokeSecret},
	"RevokeTokens":        {1, (*comparison).revokeTokens},
	"RevokeGrant":         {2, (*comparison).revokeGrant},
	"BeginSession":        {16, (*comparison).beginSession},
	"RedeemCode":          {14, (*comparison).redeemCode},
	"RotateRefreshToken":  {16, (*comparison).rotateRefreshToken},
	"EndSession":          {2, (*comparison).endSession},
	"Touch":               {4, (*comparison).touch},
	"CleanUp":             {1, (*comparison).cleanUpBoth},
	"records":             {16, (*comparison).useRecords},
	"reads":               {10, (*comparison).read},
}

func (c *comparison) touch() {
	secret, filter, at := either(c.secrets, c.secret(c.someApp())), c.someFilter(), sometime()
	if chance(30) {
		secret = oauthapp.Secret{}
	}
	_ = c.alone(fmt.Sprintf("Touch of secret %s and of the first in %+v at %v", short(secret.ID), filter, at.Sub(start)), func(s store.Store) error {
		use := store.Use{ApplicationID: secret.ApplicationID, SecretID: secret.ID, At: at}
		if all, err := c.allGrants(s, filter); err == nil && len(all) > 0 {
			use.GrantID = all[0].ID
		}
		return s.Touch(c.ctx, use)
	})
}

func (c *comparison) cleanUpBoth() {
	now := sometime()
	_ = c.alone(fmt.Sprintf("CleanUp at %v", now.Sub(start)), func(s store.Store) error {
		for cursor := ""; ; {
			next, _, err := s.CleanUp(c.ctx, now, cursor, plenty)
			if err != nil || next == "" {
				return err
			}
			cursor = next
		}
	})
}

func (c *comparison) useRecords() {
	r := c.record()
	r.Kind = pick([]string{"one", "two"})
	r.Digest = either(c.records, r).Digest
	r.Value, r.ExpiresAt = pick([][]byte{nil, {0}, []byte("value\xff")}), sometime()
	old, now := pick([][]byte{nil, {0}, []byte("value\xff")}), sometime()
	about := fmt.Sprintf("%s %s at %v", r.Kind, brief(r.Digest), now.Sub(start))
	switch rand.IntN(4) {
	case 0:
		_ = c.alone("Keep "+about, func(s store.Store) error { return s.Keep(c.ctx, r, now) })
		c.records = append(c.records, r)
	case 1:
		_ = c.alone("Replace "+about, func(s store.Store) error { return s.Replace(c.ctx, r, old, now) })
	case 2:
		_, _ = both(c, "Take "+about, func(s store.Store) (store.Record, error) { return s.Take(c.ctx, r.Kind, r.Digest, now) })
	}
	c.readRecord(r, now)
}

func (c *comparison) read() {
	app, owner, filter, now := c.someApp(), someOwner(), c.someFilter(), sometime()
	c.readApplication(app, owner, now)
	c.readGrants(filter)
	_, _ = both(c, fmt.Sprintf("Applications of %s", owner), func(s store.Store) (oauthapp.List[oauthapp.Application], error) {
		return s.Applications(c.ctx, owner, oauthapp.Page{Limit: 200})
	})
}

func (c *comparison) readRecord(r store.Record, now time.Time) {
	_, _ = both(c, fmt.Sprintf("Look at %s %s at %v", r.Kind, brief(r.Digest), now.Sub(start)),
		func(s store.Store) (store.Record, error) { return s.Look(c.ctx, r.Kind, r.Digest, now) })
}

// compareAll compares whatever the stores still have.
func (c *comparison) compareAll() {
	for _, app := range c.apps {
		c.readApplication(app, oauthapp.AnyOwner, start)
	}
	for _, session := range c.sessions {
		c.readSession(session)
	}
	for _, r := range c.records {
		c.readRecord(r, start)
	}
	c.readGrants(oauthapp.GrantsToOwner(oauthapp.AnyOwner))
}
