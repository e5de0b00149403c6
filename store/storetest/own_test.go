package storetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Stores that do not keep the promises about the sessions of an application
// itself.

// keepsAllOwn begins each under a grant of its own.
type keepsAllOwn struct{ *memory.Store }

func (s keepsAllOwn) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.Session.UserID != "" {
		return s.Store.BeginSession(ctx, b)
	}
	b.Session.AccountID = b.Session.ID.String()
	g, err := s.Store.BeginSession(ctx, b)
	g.AccountID = ""
	return g, err
}

func (s keepsAllOwn) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	session, err := s.Store.Session(ctx, id)
	if session.UserID == "" {
		session.AccountID = ""
	}
	return session, err
}

func (s keepsAllOwn) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	client, err := s.Store.Client(ctx, clientID, session, now)
	if client.Session != nil && client.Session.UserID == "" {
		client.Session.AccountID = ""
	}
	return client, err
}

// ownCounter remembers what it has begun.
type ownCounter struct {
	mu    sync.Mutex
	begun map[uuid.UUID][]uuid.UUID
}

func (c *ownCounter) all(key uuid.UUID) []uuid.UUID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.begun[key])
}

func (c *ownCounter) add(key, id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun == nil {
		c.begun = map[uuid.UUID][]uuid.UUID{}
	}
	c.begun[key] = append(c.begun[key], id)
}

type refusesOwn struct {
	*memory.Store
	counter ownCounter
}

func (s *refusesOwn) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if key := b.Session.ApplicationID; b.Session.UserID == "" {
		if len(s.counter.all(key)) >= store.MaxOwnSessions {
			return oauthapp.Grant{}, store.ErrLimit
		}
		s.counter.add(key, b.Session.ID)
	}
	return s.Store.BeginSession(ctx, b)
}

type looksThenEndsOldest struct {
	keepsAllOwn
	counter ownCounter
	forAll  bool
}

func (s *looksThenEndsOldest) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.Session.UserID == "" {
		key := b.Session.ApplicationID
		if s.forAll {
			key = uuid.Nil
		}
		if all := s.counter.all(key); len(all) >= store.MaxOwnSessions {
			latency()
			_ = s.EndSession(ctx, all[len(all)-store.MaxOwnSessions])
		}
		s.counter.add(key, b.Session.ID)
	}
	return s.keepsAllOwn.BeginSession(ctx, b)
}

type endsNewest struct {
	keepsAllOwn
	counter ownCounter
}

func (s *endsNewest) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.Session.UserID == "" {
		key := b.Session.ApplicationID
		if all := s.counter.all(key); len(all) >= store.MaxOwnSessions {
			_ = s.EndSession(ctx, all[len(all)-1])
		}
		s.counter.add(key, b.Session.ID)
	}
	return s.keepsAllOwn.BeginSession(ctx, b)
}

type forgetsSecret struct{ *memory.Store }

func (s forgetsSecret) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	b.SecretID = uuid.Nil
	return s.Store.BeginSession(ctx, b)
}

// copiesSecretEnd reads the end of the secret once, when the session begins.
type copiesSecretEnd struct{ *memory.Store }

func (s copiesSecretEnd) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	secrets, _ := s.Secrets(ctx, oauthapp.AnyOwner, b.Session.ApplicationID, b.Session.CreatedAt)
	for _, secret := range secrets {
		if secret.ID == b.SecretID && !secret.Live(b.Session.ExpiresAt) {
			b.Session.ExpiresAt = secret.ExpiresAt
		}
	}
	b.SecretID = uuid.Nil
	return s.Store.BeginSession(ctx, b)
}

type hidesOwnUsage struct{ *memory.Store }

func (s hidesOwnUsage) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	usage, err := s.Store.Usage(ctx, owner, id, bound)
	usage.Itself = oauthapp.OwnUsage{}
	return usage, err
}

func (s hidesOwnUsage) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	usage, err := s.Store.RevokeTokens(ctx, owner, id, bound)
	usage.Itself = oauthapp.OwnUsage{}
	return usage, err
}
