package memory

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// An application is its row and its secrets, newest first.
type application struct {
	oauthapp.Application
	secrets []oauthapp.Secret

	// epoch counts the revocations of all tokens of the application. A grant
	// keeps the epoch that it began under and is dead under any other.
	epoch   uint64
	deleted bool // grants and sessions still point here
}

// clone returns a copy of the row that shares nothing with the store.
func (a *application) clone() oauthapp.Application { return cloneApplication(a.Application) }

func cloneApplication(a oauthapp.Application) oauthapp.Application {
	a.CallbackURLs = slices.Clone(a.CallbackURLs)
	a.Scopes = slices.Clone(a.Scopes)
	a.Extra = slices.Clone(a.Extra)
	return a
}

// CreateApplication implements [oauthapp.Store].
func (s *Store) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if _, taken := s.applications[app.ID]; taken {
		return store.ErrExists
	}
	if _, taken := s.clients[app.ClientID]; taken {
		return store.ErrExists
	}
	if s.isFull(app.Owner, limit) {
		return store.ErrLimit
	}

	a := &application{Application: cloneApplication(app)}
	if secret != nil {
		a.secrets = []oauthapp.Secret{*secret}
		a.secrets[0].ApplicationID = app.ID
	}
	s.applications[a.ID] = a
	s.clients[a.ClientID] = a
	s.applicationsByID.insert(a)
	s.applicationsByOwner.insert(a)
	return nil
}

// Application implements [oauthapp.Store].
func (s *Store) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Application{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Application{}, err
	}
	return a.clone(), nil
}

// ApplicationByClientID implements [oauthapp.Store].
func (s *Store) ApplicationByClientID(ctx context.Context, owner oauthapp.Owner, clientID string) (oauthapp.Application, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Application{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	a := s.clients[clientID]
	if a == nil || !owner.Reaches(a.Owner) {
		return oauthapp.Application{}, store.ErrNotFound
	}
	return a.clone(), nil
}

// Applications implements [oauthapp.Store].
func (s *Store) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	if err := done(ctx); err != nil {
		return oauthapp.List[oauthapp.Application]{}, err
	}
	before, rows, err := keyset.Parse(page)
	if err != nil {
		return oauthapp.List[oauthapp.Application]{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	var items []oauthapp.Application
	for a := range s.applicationsOf(owner, before) {
		if len(items) == rows {
			break
		}
		items = append(items, a.clone())
	}
	return keyset.List(items, rows, func(a oauthapp.Application) uuid.UUID { return a.ID }), nil
}

// applicationsOf yields the applications of an owner with an ID below before,
// newest first. The caller holds the lock.
func (s *Store) applicationsOf(owner oauthapp.Owner, before uuid.UUID) iter.Seq[*application] {
	sorted := &s.applicationsByOwner
	if owner.IsAny() {
		sorted = &s.applicationsByID
	}
	return func(yield func(*application) bool) {
		for a := range sorted.below(&application{Application: oauthapp.Application{Owner: owner.Account(), ID: before}}) {
			if !owner.Reaches(a.Owner) || !yield(a) {
				return
			}
		}
	}
}

// TransferApplication implements [oauthapp.Store].
func (s *Store) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, id)
	if err != nil || a.Owner == to {
		return err
	}
	if s.isFull(to, limit) {
		return store.ErrLimit
	}
	s.applicationsByOwner.remove(a)
	a.Owner = strings.Clone(to)
	a.Standing = oauthapp.Standing{Suspended: a.Standing.Suspended, Reason: a.Standing.Reason}
	s.applicationsByOwner.insert(a)
	return nil
}

// isFull reports whether an owner has as many applications as the limit allows.
func (s *Store) isFull(owner string, limit int) bool {
	count := 0
	for range s.applicationsOf(oauthapp.OwnedBy(owner), uuid.Max) {
		if count++; count >= limit {
			break
		}
	}
	return owner != "" && count >= limit
}

// UpdateApplication implements [oauthapp.Store].
func (s *Store) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, app.ID)
	if err != nil {
		return err
	}
	if a.Version != app.Version {
		return store.ErrConflict
	}
	app = cloneApplication(app)
	a.Name, a.Description, a.HomepageURL = app.Name, app.Description, app.HomepageURL
	a.CallbackURLs, a.Scopes, a.Extra = app.CallbackURLs, app.Scopes, app.Extra
	a.UpdatedAt = app.UpdatedAt
	a.Version++
	return nil
}

// SetStanding implements [oauthapp.Store].
func (s *Store) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (oauthapp.Application, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Application{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Application{}, err
	}
	if a.Standing != was {
		return oauthapp.Application{}, store.ErrConflict
	}
	before := a.clone()
	a.Standing = standing
	return before, nil
}

// DeleteApplication implements [oauthapp.Store].
func (s *Store) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (oauthapp.Application, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Application{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Application{}, err
	}
	a.deleted = true
	a.secrets = nil
	s.applications[a.ID] = nil
	s.clients[a.ClientID] = nil
	s.applicationsByID.remove(a)
	s.applicationsByOwner.remove(a)
	return a.clone(), nil
}

// Usage implements [oauthapp.Store].
func (s *Store) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Usage{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Usage{}, err
	}
	return s.usage(a, bound), nil
}

// RevokeTokens implements [oauthapp.Store].
func (s *Store) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Usage{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Usage{}, err
	}
	usage := s.usage(a, bound)
	a.epoch++
	return usage, nil
}

// usage counts the users of an application by jumping from one to the next. The
// live grants of an application are neighbours, and so are those of one user,
// which can be many.
func (s *Store) usage(a *application, bound int) oauthapp.Usage {
	usage := oauthapp.Usage{LastUsedAt: a.LastUsedAt}
	if own := s.findGrant(a, "", ""); own != nil {
		usage.Itself = oauthapp.OwnUsage{Tokens: int(own.ownSessions), IssuedAt: own.authorized.time(), LastUsedAt: own.used.time()}
	}
	for from := (&grant{application: a, epoch: a.epoch + 1}); ; usage.Users++ {
		g, ok := s.grantsByAuthorization.lastBelow(from)
		if !ok || g.application != a || g.epoch != a.epoch || g.user == "" {
			return usage
		}
		if usage.Users >= bound {
			usage.More = true
			return usage
		}
		from = &grant{application: a, epoch: a.epoch, user: g.user}
	}
}
