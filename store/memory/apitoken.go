package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// apiTokens are rows by ID, and in order for lists.
type apiTokens struct {
	byID      ordered[*oauthapp.APIToken]
	byUser    ordered[*oauthapp.APIToken]
	byAccount ordered[*oauthapp.APIToken]
}

func (s *Store) prepareAPITokens() {
	byID := func(a, b *oauthapp.APIToken) int { return compareID(a.ID, b.ID) }
	s.apiTokens.byID.compare = byID
	s.apiTokens.byUser.compare = func(a, b *oauthapp.APIToken) int {
		return cmp.Or(strings.Compare(a.UserID, b.UserID), byID(a, b))
	}
	s.apiTokens.byAccount.compare = func(a, b *oauthapp.APIToken) int {
		return cmp.Or(strings.Compare(a.AccountID, b.AccountID), byID(a, b))
	}
}

func (a *apiTokens) insert(token *oauthapp.APIToken) {
	a.byID.insert(token)
	a.byUser.insert(token)
	a.byAccount.insert(token)
}

func (a *apiTokens) remove(token *oauthapp.APIToken) {
	a.byID.remove(token)
	a.byUser.remove(token)
	a.byAccount.remove(token)
}

// near returns the set in which the tokens of a user, or else of an account,
// are together, the token to begin at below an ID, and what tells where they
// end. Without either it is all.
func (a *apiTokens) near(user, account string, below uuid.UUID) (sorted *ordered[*oauthapp.APIToken], from *oauthapp.APIToken, within func(*oauthapp.APIToken) bool) {
	switch {
	case user != "":
		return &a.byUser, &oauthapp.APIToken{UserID: user, ID: below}, func(t *oauthapp.APIToken) bool { return t.UserID == user }
	case account != "":
		return &a.byAccount, &oauthapp.APIToken{AccountID: account, ID: below}, func(t *oauthapp.APIToken) bool { return t.AccountID == account }
	}
	return &a.byID, &oauthapp.APIToken{ID: below}, func(*oauthapp.APIToken) bool { return true }
}

func cloneAPIToken(t *oauthapp.APIToken) oauthapp.APIToken {
	clone := *t
	clone.Scopes = slices.Clone(t.Scopes)
	return clone
}

// CreateAPIToken implements [oauthapp.APITokenStore].
func (s *Store) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if _, taken := s.apiTokens.byID.get(&token); taken {
		return store.ErrExists
	}
	live := 0
	sorted, from, within := s.apiTokens.near(token.UserID, "", uuid.Max)
	for other := range sorted.below(from) {
		if !within(other) {
			break
		}
		if other.Live(token.CreatedAt) {
			live++
		}
	}
	if live >= limit {
		return store.ErrLimit
	}
	kept := cloneAPIToken(&token)
	s.apiTokens.insert(&kept)
	return nil
}

// APIToken implements [oauthapp.APITokenStore].
func (s *Store) APIToken(ctx context.Context, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	if err := done(ctx); err != nil {
		return oauthapp.APIToken{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	found, ok := s.apiTokens.byID.get(&oauthapp.APIToken{ID: id})
	if !ok || !found.Live(now) {
		return oauthapp.APIToken{}, store.ErrNotFound
	}
	return cloneAPIToken(found), nil
}

// APITokens implements [oauthapp.APITokenStore].
func (s *Store) APITokens(ctx context.Context, filter oauthapp.APITokenFilter, page oauthapp.Page, now time.Time) (oauthapp.List[oauthapp.APIToken], error) {
	if err := done(ctx); err != nil {
		return oauthapp.List[oauthapp.APIToken]{}, err
	}
	before, rows, err := keyset.Parse(page)
	if err != nil || filter.IsZero() {
		return oauthapp.List[oauthapp.APIToken]{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	var items []oauthapp.APIToken
	sorted, from, within := s.apiTokens.near(filter.UserID, filter.AccountID, before)
	for token := range sorted.below(from) {
		if !within(token) || len(items) == rows {
			break
		}
		if token.Live(now) && filter.Selects(*token) {
			items = append(items, cloneAPIToken(token))
		}
	}
	return keyset.List(items, rows, func(t oauthapp.APIToken) uuid.UUID { return t.ID }), nil
}

// RevokeAPIToken implements [oauthapp.APITokenStore].
func (s *Store) RevokeAPIToken(ctx context.Context, filter oauthapp.APITokenFilter, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	if err := done(ctx); err != nil {
		return oauthapp.APIToken{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	found, ok := s.apiTokens.byID.get(&oauthapp.APIToken{ID: id})
	if !ok || !found.Live(now) || !filter.Selects(*found) {
		return oauthapp.APIToken{}, store.ErrNotFound
	}
	s.apiTokens.remove(found)
	return cloneAPIToken(found), nil
}

// EndAPITokens implements [oauthapp.APITokenStore].
func (s *Store) EndAPITokens(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended int, err error) {
	if err := done(ctx); err != nil {
		return "", 0, err
	}
	before, err := keyset.Below(cursor)
	if err != nil {
		return "", 0, fmt.Errorf("memory: end API tokens: %w", err)
	}
	if !filter.EndsAPITokens() {
		return "", 0, nil
	}
	s.lock()
	defer s.mu.Unlock()

	limit = max(limit, 1)
	var selected []*oauthapp.APIToken
	examined := 0
	sorted, from, within := s.apiTokens.near(filter.UserID(), filter.AccountID(), before)
	for token := range sorted.below(from) {
		if !within(token) {
			break
		}
		if examined++; examined > limit {
			break
		}
		next = token.ID.String()
		if filter.AccountID() == "" || filter.AccountID() == token.AccountID {
			selected = append(selected, token)
		}
	}
	if examined <= limit {
		next = ""
	}
	for _, token := range selected {
		s.apiTokens.remove(token)
	}
	return next, len(selected), nil
}

// touchAPIToken moves the last use of a token forward. The caller holds the
// lock.
func (s *Store) touchAPIToken(id uuid.UUID, at time.Time) {
	if found, ok := s.apiTokens.byID.get(&oauthapp.APIToken{ID: id}); ok && found.LastUsedAt.Before(at) {
		found.LastUsedAt = at
	}
}

// sweepAPITokens removes expired API tokens.
func (s *Store) sweepAPITokens(now time.Time, below string, limit int) (reached string, removed int, err error) {
	id, err := keyset.Below(below)
	if err != nil {
		return "", 0, err
	}
	dead, reached := sweep(&s.apiTokens.byID, &oauthapp.APIToken{ID: id}, limit,
		func(t *oauthapp.APIToken) bool { return !t.Live(now) }, func(t *oauthapp.APIToken) string { return t.ID.String() })
	for _, token := range dead {
		s.apiTokens.remove(token)
	}
	return reached, len(dead), nil
}
