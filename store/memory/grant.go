package memory

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// A grant is one consent, from the user's yes to its end. Consent that is given
// after the end is another row, so a session that points to its grant needs no
// epochs.
type grant struct {
	id          uuid.UUID
	application *application
	epoch       uint64 // of the application, when the grant began
	user        string
	account     string
	scopes      scopes
	authorized  micros
	used        micros
	revoked     bool
	ownSessions uint64 // begun under it, if it is the application's own
}

// live reports whether the tokens under the grant are accepted.
func (g *grant) live() bool {
	return !g.revoked && g.epoch == g.application.epoch && !g.application.deleted
}

// clone returns a copy of the row, without its application.
func (g *grant) clone() oauthapp.Grant {
	return oauthapp.Grant{
		ID:            g.id,
		ApplicationID: g.application.ID,
		UserID:        g.user,
		AccountID:     g.account,
		Scopes:        g.scopes.list(),
		AuthorizedAt:  g.authorized.time(),
		LastUsedAt:    g.used.time(),
	}
}

// selects reports whether a filter selects the grant.
func selects(f oauthapp.GrantFilter, g *grant) bool {
	return f.Selects(g.user, g.account, g.application.ID, g.application.Owner)
}

// prepareGrants gives the sets of grants their orders. The sets by application
// are sorted by epoch next, so that a revocation of all tokens sets the dead
// grants apart.
func (s *Store) prepareGrants() {
	byID := func(a, b *grant) int { return compareID(a.id, b.id) }
	byEpoch := func(a, b *grant) int {
		return cmp.Or(compareID(a.application.ID, b.application.ID), cmp.Compare(a.epoch, b.epoch))
	}
	s.grantsByID.compare = byID
	s.grantsByUser.compare = func(a, b *grant) int {
		return cmp.Or(strings.Compare(a.user, b.user), byID(a, b))
	}
	s.grantsByAccount.compare = func(a, b *grant) int {
		return cmp.Or(strings.Compare(a.account, b.account), byID(a, b))
	}
	s.grantsByApplication.compare = func(a, b *grant) int {
		return cmp.Or(byEpoch(a, b), byID(a, b))
	}
	s.grantsByAuthorization.compare = func(a, b *grant) int {
		return cmp.Or(byEpoch(a, b), strings.Compare(a.user, b.user), strings.Compare(a.account, b.account))
	}
}

// grantSets are all the sets that hold every grant.
func (s *Store) grantSets() [5]*ordered[*grant] {
	return [...]*ordered[*grant]{
		&s.grantsByID, &s.grantsByUser, &s.grantsByAccount, &s.grantsByApplication, &s.grantsByAuthorization,
	}
}

func (s *Store) insertGrant(g *grant) {
	for _, set := range s.grantSets() {
		set.insert(g)
	}
}

func (s *Store) removeGrant(g *grant) {
	for _, set := range s.grantSets() {
		set.remove(g)
	}
}

// findGrant returns the live grant of a user for an account, nil if there is
// none.
func (s *Store) findGrant(a *application, user, account string) *grant {
	g, _ := s.grantsByAuthorization.get(&grant{application: a, epoch: a.epoch, user: user, account: account})
	return g
}

// scanSize is how many grants a list reads before it lets other calls in. A
// list skips dead grants, which can be many until they are cleaned up.
const scanSize = 1000

// Grants implements [oauthapp.Store].
func (s *Store) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	if err := done(ctx); err != nil {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	before, rows, err := keyset.Parse(page)
	if err != nil {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	var items []oauthapp.Grant
	more := filter.Err() == nil
	if keyset.IsOfOwner(filter) {
		items, more = s.grantsOfOwner(filter.Owner(), before, rows), false
	}
	for more && len(items) < rows {
		if err := done(ctx); err != nil {
			return oauthapp.List[oauthapp.Grant]{}, err
		}
		items, before, more = s.scanGrants(items, filter, before, rows)
	}
	return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), nil
}

// grantsOfOwner returns the newest grants below an ID, up to most, of all
// applications of an owner.
func (s *Store) grantsOfOwner(owner oauthapp.Owner, before uuid.UUID, most int) []oauthapp.Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()

	var found []*grant
	for a := range s.applicationsOf(owner, uuid.Max) {
		n := 0
		for g := range s.grantsByApplication.below(&grant{application: a, epoch: a.epoch, id: before}) {
			if g.application != a || g.epoch != a.epoch || n == most {
				break
			}
			if g.user != "" {
				found = append(found, g)
				n++
			}
		}
	}
	slices.SortFunc(found, func(a, b *grant) int { return compareID(b.id, a.id) })
	items := make([]oauthapp.Grant, min(len(found), most))
	for i := range items {
		items[i] = found[i].clone()
		items[i].Application = found[i].application.clone()
	}
	return items
}

// scanGrants appends grants with an ID below before, up to most. It returns the
// last ID that it read and whether there may be more.
func (s *Store) scanGrants(items []oauthapp.Grant, filter oauthapp.GrantFilter, before uuid.UUID, most int) ([]oauthapp.Grant, uuid.UUID, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()

	sorted, from, within := s.narrowest(filter, before)
	scanned := 0
	for g := range sorted.below(from) {
		if !within(g) {
			break
		}
		if scanned++; scanned > scanSize || len(items) == most {
			return items, before, true
		}
		before = g.id
		if g.live() && selects(filter, g) {
			item := g.clone()
			item.Application = g.application.clone()
			items = append(items, item)
		}
	}
	return items, before, false
}

// narrowest returns the set of grants in which a filter selects the closest
// neighbours, the grant to begin at, and a function that tells where they end.
func (s *Store) narrowest(f oauthapp.GrantFilter, before uuid.UUID) (sorted *ordered[*grant], from *grant, within func(*grant) bool) {
	user, account := f.UserID(), f.AccountID()
	switch {
	case user != "":
		return &s.grantsByUser, &grant{user: user, id: before},
			func(g *grant) bool { return g.user == user }
	case account != "":
		return &s.grantsByAccount, &grant{account: account, id: before},
			func(g *grant) bool { return g.account == account }
	case f.ApplicationID() != uuid.Nil:
		a := s.applications[f.ApplicationID()]
		if a == nil {
			return new(ordered[*grant]), nil, nil
		}
		return &s.grantsByApplication, &grant{application: a, epoch: a.epoch, id: before},
			func(g *grant) bool { return g.application == a && g.epoch == a.epoch }
	}
	return &s.grantsByID, &grant{id: before}, func(*grant) bool { return true }
}

// RevokeGrant implements [oauthapp.Store].
func (s *Store) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Grant{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	g, ok := s.grantsByID.get(&grant{id: id})
	if !ok || !g.live() || !selects(filter, g) {
		return oauthapp.Grant{}, store.ErrNotFound
	}
	was := g.clone()
	was.Application = g.application.clone()
	g.revoked = true
	s.removeGrant(g) // its sessions still point to it
	return was, nil
}

// EndGrants implements [oauthapp.Store].
func (s *Store) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended oauthapp.Ended, err error) {
	if err := done(ctx); err != nil {
		return "", ended, err
	}
	before, err := keyset.Below(cursor)
	if err != nil {
		return "", ended, fmt.Errorf("memory: end grants: %w", err)
	}
	s.lock()
	defer s.mu.Unlock()

	limit = max(limit, 1)
	switch {
	case filter.Err() != nil:
		return "", ended, nil
	case filter.UserID() == "" && filter.AccountID() == "":
		for a := range s.selectedApplications(filter, before) {
			if ended.Applications == limit {
				return next, ended, nil
			}
			a.epoch++
			ended.Applications++
			next = a.ID.String()
		}
		return "", ended, nil
	}
	sorted, from, within := s.narrowest(filter, before)
	var selected []*grant
	examined := 0
	for g := range sorted.below(from) {
		if !within(g) {
			break
		}
		if examined++; examined > limit {
			s.endGrants(selected, &ended)
			return next, ended, nil
		}
		next = g.id.String()
		if selects(filter, g) {
			selected = append(selected, g)
		}
	}
	s.endGrants(selected, &ended)
	return "", ended, nil
}

func (s *Store) endGrants(selected []*grant, ended *oauthapp.Ended) {
	for _, g := range selected {
		if g.live() {
			ended.Grants++
		}
		g.revoked = true
		s.removeGrant(g) // its sessions still point to it
	}
}

// selectedApplications yields the applications with an ID below before that a
// filter without user and account selects, newest first.
func (s *Store) selectedApplications(f oauthapp.GrantFilter, before uuid.UUID) iter.Seq[*application] {
	if f.ApplicationID() == uuid.Nil {
		return s.applicationsOf(f.Owner(), before)
	}
	return func(yield func(*application) bool) {
		if a, err := s.find(f.Owner(), f.ApplicationID()); err == nil && compareID(a.ID, before) < 0 {
			yield(a)
		}
	}
}

// grantFor returns the grant that a session begins under: the user's live grant
// for the account, or a new one that is not in the store yet. It changes
// nothing.
func (s *Store) grantFor(a *application, b store.SessionStart) (*grant, error) {
	session := b.Session
	g := s.findGrant(a, session.UserID, session.AccountID)
	switch {
	case b.GrantID == uuid.Nil:
		if g == nil || session.UserID == "" || g.scopes.with(session.Scopes) != g.scopes {
			return nil, store.ErrNotFound
		}
		return g, nil
	case g != nil:
		return g, nil
	}
	g = &grant{
		id:          b.GrantID,
		application: a,
		epoch:       a.epoch,
		user:        strings.Clone(session.UserID),
		account:     strings.Clone(session.AccountID),
		scopes:      scopesOf(nil),
		used:        microsOf(time.Time{}),
	}
	if _, taken := s.grantsByID.get(g); taken {
		return nil, store.ErrExists
	}
	return g, nil
}

// authorize adds to a grant what the user authorized, and inserts the grant if
// it is new.
func (s *Store) authorize(g *grant, session store.Session) {
	g.scopes = g.scopes.with(session.Scopes)
	g.authorized = microsOf(session.CreatedAt)
	if _, there := s.grantsByID.get(g); !there {
		s.insertGrant(g)
	}
}
