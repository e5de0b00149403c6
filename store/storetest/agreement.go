package storetest

import (
	"cmp"
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
	names := slices.Sorted(func(yield func(string) bool) {
		for name, call := range randomly {
			for range call.weight {
				if !yield(name) {
					return
				}
			}
		}
	})
	for range randomRounds {
		c.apps, c.secrets, c.sessions, c.records = nil, nil, nil, nil
		for range randomCalls {
			name := pick(names)
			randomly[name].make(c)
		}
		c.compareAll()
	}
}

func pick[T any](from []T) T { return from[rand.IntN(len(from))] }

func chance(percent int) bool { return rand.IntN(100) < percent }

// either returns one of what there is, or, seldom or where there is nothing,
// what is given.
func either[T any](from []T, other T) T {
	if len(from) == 0 || chance(5) {
		return other
	}
	return pick(from)
}

// sometime returns one of few times, so that many are equal, or differ by the
// least.
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

// kind tells errors apart that callers can tell apart.
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

func (c *comparison) someApp() oauthapp.Application { return either(c.apps, c.draft("alice")) }

func (c *comparison) someSession() store.Session {
	return either(c.sessions, store.Session{ID: c.id(), ClientID: c.someApp().ClientID})
}

func (c *comparison) createApplication() {
	app := c.draft(pick([]string{"alice", "bob", ""}))
	app.Scopes, app.CreatedAt, app.Extra, app.Standing = someScopes(), sometime(), someExtra(), someStanding()
	if chance(20) {
		app.Type = oauthapp.Public
	}
	if chance(15) {
		app.ID = c.someApp().ID
	}
	if chance(15) {
		app.ClientID = c.someApp().ClientID
	}
	var secret *oauthapp.Secret
	if app.Type == oauthapp.Confidential && chance(80) {
		secret = new(c.secret(app))
	}
	limit := pick([]int{0, 1, 3, plenty})
	call := fmt.Sprintf("CreateApplication %s %s of %s, limit %d", short(app.ID), app.ClientID, app.Owner, limit)
	if c.alone(call, func(s store.Store) error { return s.CreateApplication(c.ctx, app, secret, limit) }) == nil {
		c.apps = append(c.apps, app)
		if secret != nil {
			c.secrets = append(c.secrets, *secret)
		}
	}
}

func (c *comparison) updateApplication() {
	app := c.someApp()
	app.Name, app.Scopes, app.UpdatedAt, app.Extra = pick([]string{"One", "Two"}), someScopes(), sometime(), someExtra()
	app.Version = int64(1 + rand.IntN(3))
	owner := someOwner()
	_ = c.alone(fmt.Sprintf("UpdateApplication %s of %s, version %d", short(app.ID), owner, app.Version),
		func(s store.Store) error { return s.UpdateApplication(c.ctx, owner, app) })
}

func someStanding() oauthapp.Standing {
	return oauthapp.Standing{Suspended: chance(20), Approved: chance(50), Verified: chance(50), Trusted: chance(50), Reason: pick([]string{"", "Why"})}
}

func (c *comparison) setStandingBoth() {
	app, owner, was, standing := c.someApp(), someOwner(), oauthapp.Standing{}, someStanding()
	if kept, err := c.memory.Application(c.ctx, oauthapp.AnyOwner, app.ID); err == nil && chance(90) {
		was = kept.Standing
	}
	_, _ = both(c, fmt.Sprintf("SetStanding %s of %s, suspended %t", short(app.ID), owner, standing.Suspended),
		func(s store.Store) (oauthapp.Application, error) {
			return s.SetStanding(c.ctx, owner, app.ID, was, standing)
		})
}

func (c *comparison) transferApplication() {
	app, owner, to, limit := c.someApp(), someOwner(), pick([]string{"alice", "bob"}), pick([]int{0, 1, 3, plenty})
	_ = c.alone(fmt.Sprintf("TransferApplication %s of %s to %s, limit %d", short(app.ID), owner, to, limit),
		func(s store.Store) error { return s.TransferApplication(c.ctx, owner, app.ID, to, limit) })
}

func (c *comparison) endGrantsBoth() {
	filter := c.someFilter()
	_, _ = both(c, fmt.Sprintf("EndGrants in %+v", filter), func(s store.Store) (ended oauthapp.Ended, err error) {
		for cursor := ""; ; {
			next, step, err := s.EndGrants(c.ctx, filter, cursor, 3)
			ended.Grants += step.Grants
			if filter.ApplicationID() != uuid.Nil || !filter.Owner().IsAny() { // other rounds left others of anybody
				ended.Applications += step.Applications
			}
			if err != nil || next == "" {
				return ended, err
			}
			cursor = next
		}
	})
}

func (c *comparison) deleteApplication() {
	app, owner, at := c.someApp(), someOwner(), sometime()
	_, _ = both(c, fmt.Sprintf("DeleteApplication %s of %s", short(app.ID), owner),
		func(s store.Store) (oauthapp.Application, error) {
			return s.DeleteApplication(c.ctx, owner, app.ID, at)
		})
}

func (c *comparison) addSecret() {
	secret := c.secret(c.someApp())
	if chance(15) {
		secret.ID = either(c.secrets, secret).ID
	}
	secret.CreatedAt = sometime()
	owner, others, limit := someOwner(), pick([]time.Time{sometime(), {}}), pick([]int{0, 1, 2, 4})
	call := fmt.Sprintf("AddSecret %s to %s of %s at %v, others expire at %v, limit %d",
		short(secret.ID), short(secret.ApplicationID), owner, secret.CreatedAt.Sub(start), others.Sub(start), limit)
	if c.alone(call, func(s store.Store) error { return s.AddSecret(c.ctx, owner, secret, others, limit) }) == nil {
		c.secrets = append(c.secrets, secret)
	}
}

func (c *comparison) revokeSecret() {
	secret := either(c.secrets, c.secret(c.someApp()))
	owner, at := someOwner(), sometime()
	_, _ = both(c, fmt.Sprintf("RevokeSecret %s of %s of %s at %v", short(secret.ID), short(secret.ApplicationID), owner, at.Sub(start)),
		func(s store.Store) (oauthapp.Secret, error) {
			return s.RevokeSecret(c.ctx, owner, secret.ApplicationID, secret.ID, at)
		})
}

func (c *comparison) revokeTokens() {
	app, owner, bound := c.someApp(), someOwner(), 1+rand.IntN(4)
	_, _ = both(c, fmt.Sprintf("RevokeTokens %s of %s, bound %d", short(app.ID), owner, bound),
		func(s store.Store) (oauthapp.Usage, error) {
			return s.RevokeTokens(c.ctx, owner, app.ID, bound)
		})
}

// nameless is a grant as the stores must have it alike: the ID of one that is
// given again is the store's own choice, as is the order of its scopes.
func nameless(g oauthapp.Grant) oauthapp.Grant {
	g.ID = uuid.Nil
	return sorted(g)
}

func (c *comparison) someFilter() oauthapp.GrantFilter {
	var filter oauthapp.GrantFilter
	if chance(60) {
		filter = filter.OfUser(someUser())
	}
	if chance(40) {
		filter = filter.ForAccount(someAccount())
	}
	if chance(40) {
		filter = filter.ToApplication(c.someApp().ID)
	}
	if chance(30) {
		filter = filter.ToOwner(someOwner())
	}
	return filter
}

// allGrants lists what a filter selects, in an order that the stores agree on.
func (c *comparison) allGrants(s store.Store, filter oauthapp.GrantFilter) ([]oauthapp.Grant, error) {
	list, err := s.Grants(c.ctx, filter, oauthapp.Page{Limit: 200})
	slices.SortFunc(list.Items, func(a, b oauthapp.Grant) int {
		return cmp.Or(strings.Compare(a.Application.ClientID, b.Application.ClientID), cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.AccountID, b.AccountID))
	})
	return list.Items, err
}

func (c *comparison) revokeGrant() {
	filter := c.someFilter()
	which := rand.IntN(3)
	_, _ = both(c, fmt.Sprintf("RevokeGrant of number %d in %+v", which, filter), func(s store.Store) (oauthapp.Grant, error) {
		all, err := c.allGrants(s, filter)
		if err != nil {
			return oauthapp.Grant{}, err
		}
		id := uuid.Max
		if which < len(all) {
			id = all[which].ID
		}
		grant, err := s.RevokeGrant(c.ctx, filter, id)
		return nameless(grant), err
	})
}

func (c *comparison) beginSession() {
	app := c.someApp()
	b := c.sessionStart(app, someUser(), someAccount(), someScopes()...)
	if chance(25) {
		b = c.issued(app, someUser(), someAccount(), someScopes()...)
	}
	if chance(10) { // of the application itself
		b.Session.UserID, b.Session.AccountID = "", ""
	}
	session := &b.Session
	session.CreatedAt, session.Extra = sometime(), someExtra()
	if !session.Code.Digest.IsZero() {
		session.Code.ExpiresAt = sometime()
		session.ExpiresAt = session.Code.ExpiresAt
	}
	if chance(30) {
		b.GrantID = uuid.Nil
	}
	if live := either(c.sessions, *session); chance(10) {
		if _, err := c.Session(c.ctx, live.ID); err == nil { // the ID of a dead one may be free again, or not yet
			session.ID = live.ID
		}
	}
	call := fmt.Sprintf("BeginSession %s of %s, %s for %s, %v, asked %t",
		short(session.ID), short(app.ID), session.UserID, session.AccountID, session.Scopes, b.GrantID != uuid.Nil)
	_, err := both(c, call, func(s store.Store) (oauthapp.Grant, error) {
		grant, err := s.BeginSession(c.ctx, b)
		return nameless(grant), err
	})
	if err == nil {
		session.ClientID = app.ClientID
		c.sessions = append(c.sessions, *session)
		c.readSession(*session)
	}
}

func (c *comparison) redeemCode() {
	session := c.someSession()
	r := c.redemption(session)
	r.At, r.ExpiresAt, r.Extra = sometime(), pick([]time.Time{sometime(), r.ExpiresAt}), someExtra()
	r.Access.IssuedAt, r.Access.ExpiresAt, r.Access.Scopes = r.At, sometime(), someScopes()
	if chance(20) {
		r.Refresh, r.Family = store.RefreshToken{}, credential.Digest{}
	}
	if chance(15) {
		r.Code = pick([]credential.Digest{{}, c.digest(), c.someSession().Code.Digest})
	}
	err := c.alone(fmt.Sprintf("RedeemCode %s of %s at %v", brief(r.Code), short(r.SessionID), r.At.Sub(start)),
		func(s store.Store) error { return s.RedeemCode(c.ctx, r) })
	if err == nil {
		for i := range c.sessions {
			if c.sessions[i].ID == session.ID {
				c.sessions[i].Refresh = r.Refresh
			}
		}
	}
	c.readSession(session)
}

func (c *comparison) rotateRefreshToken() {
	session := c.someSession()
	r := c.rotation(session)
	r.At, r.Extra = sometime(), someExtra()
	r.Access.IssuedAt, r.Access.ExpiresAt, r.Access.Scopes = pick([]time.Time{r.At, sometime()}), sometime(), someScopes()
	r.Refresh.ExpiresAt = pick([]time.Time{sometime(), r.Refresh.ExpiresAt})
	if chance(30) {
		r.Refresh.Digest = credential.Digest{}
	}
	if chance(15) {
		r.Presented = pick([]credential.Digest{{}, c.digest(), session.PreviousRefresh, session.Code.Digest})
	}
	err := c.alone(fmt.Sprintf("RotateRefreshToken %s of %s by %s at %v", brief(r.Presented), short(r.SessionID), brief(r.Refresh.Digest), r.At.Sub(start)),
		func(s store.Store) error { return s.RotateRefreshToken(c.ctx, r) })
	if err == nil && !r.Refresh.Digest.IsZero() {
		for i := range c.sessions {
			if c.sessions[i].ID == session.ID {
				c.sessions[i].Refresh, c.sessions[i].PreviousRefresh = r.Refresh, r.Presented
			}
		}
	}
	c.readSession(session)
}

func (c *comparison) endSession() {
	session := c.someSession()
	_ = c.alone("EndSession "+short(session.ID), func(s store.Store) error { return s.EndSession(c.ctx, session.ID) })
	c.readSession(session)
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

func (c *comparison) readApplication(app oauthapp.Application, owner oauthapp.Owner, now time.Time) {
	_, _ = both(c, fmt.Sprintf("Application %s of %s", short(app.ID), owner),
		func(s store.Store) (oauthapp.Application, error) { return s.Application(c.ctx, owner, app.ID) })
	_, _ = both(c, fmt.Sprintf("ApplicationByClientID %s of %s", app.ClientID, owner),
		func(s store.Store) (oauthapp.Application, error) {
			return s.ApplicationByClientID(c.ctx, owner, app.ClientID)
		})
	_, _ = both(c, fmt.Sprintf("Secrets of %s of %s at %v", short(app.ID), owner, now.Sub(start)),
		func(s store.Store) ([]oauthapp.Secret, error) { return s.Secrets(c.ctx, owner, app.ID, now) })
	bound := 1 + rand.IntN(4)
	_, _ = both(c, fmt.Sprintf("Usage of %s of %s, bound %d", short(app.ID), owner, bound),
		func(s store.Store) (oauthapp.Usage, error) { return s.Usage(c.ctx, owner, app.ID, bound) })
	session := c.someSession().ID
	_, _ = both(c, fmt.Sprintf("Client %s with session %s at %v", app.ClientID, short(session), now.Sub(start)),
		func(s store.Store) (store.Client, error) {
			client, err := s.Client(c.ctx, app.ClientID, session, now)
			if client.Session != nil {
				client.Session.GrantID = uuid.Nil
			}
			return client, err
		})
}

func (c *comparison) readGrants(filter oauthapp.GrantFilter) {
	_, _ = both(c, fmt.Sprintf("Grants in %+v", filter), func(s store.Store) ([]oauthapp.Grant, error) {
		all, err := c.allGrants(s, filter)
		for i := range all {
			all[i] = nameless(all[i])
		}
		return all, err
	})
}

func (c *comparison) readSession(session store.Session) {
	_, _ = both(c, "Session "+short(session.ID), func(s store.Store) (store.Session, error) {
		got, err := s.Session(c.ctx, session.ID)
		got.GrantID = uuid.Nil
		return got, err
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
