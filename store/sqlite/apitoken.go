package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// apiToken reads apiTokenColumns.
func (r *row) apiToken() oauthapp.APIToken {
	return oauthapp.APIToken{
		ID:         r.id(),
		Digest:     r.digest(),
		CreatedAt:  r.time(),
		LastUsedAt: r.time(),
		ExpiresAt:  r.time(),
		UserID:     r.text(),
		AccountID:  r.text(),
		Hint:       r.text(),
		Scopes:     r.scopes(),
		Name:       r.text(),
	}
}

// CreateAPIToken implements [oauthapp.APITokenStore].
func (s *Store) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) error {
	return s.write(ctx, "create API token", func(c *conn) error {
		taken, err := c.one(takenAPIToken, func(*row) {}, blob(token.ID[:]))
		if err != nil {
			return err
		}
		if taken {
			return store.ErrExists
		}
		live, err := c.count(countAPITokens, text(token.UserID), instant(token.CreatedAt), number(int64(max(limit, 0))))
		if err != nil {
			return err
		}
		if live >= int64(limit) {
			return store.ErrLimit
		}
		_, err = c.exec(insertAPIToken, blob(token.ID[:]), blob(token.Digest[:]), instant(token.CreatedAt), timeValue(token.LastUsedAt),
			timeValue(token.ExpiresAt), text(token.UserID), text(token.AccountID), text(token.Hint), scopesValue(token.Scopes), text(token.Name))
		return err
	})
}

// APIToken implements [oauthapp.APITokenStore].
func (s *Store) APIToken(ctx context.Context, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	return readOne(ctx, s, "API token", (*row).apiToken, selectAPIToken, blob(id[:]), instant(now))
}

// APITokens implements [oauthapp.APITokenStore].
func (s *Store) APITokens(ctx context.Context, filter oauthapp.APITokenFilter, page oauthapp.Page, now time.Time) (oauthapp.List[oauthapp.APIToken], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil || filter.IsZero() {
		return oauthapp.List[oauthapp.APIToken]{}, err
	}
	query := listAPITokensOfAccount
	if filter.UserID != "" {
		query = listAPITokensOfUser
	}
	items, err := readAll(ctx, s, "API tokens", (*row).apiToken, query,
		blob(below[:]), number(int64(rows)), text(filter.UserID), text(filter.AccountID), instant(now))
	return keyset.List(items, rows, func(t oauthapp.APIToken) uuid.UUID { return t.ID }), err
}

// RevokeAPIToken implements [oauthapp.APITokenStore].
func (s *Store) RevokeAPIToken(ctx context.Context, filter oauthapp.APITokenFilter, id uuid.UUID, now time.Time) (was oauthapp.APIToken, err error) {
	err = s.write(ctx, "revoke API token", func(c *conn) error {
		if err := c.must(selectAPIToken, func(r *row) { was = r.apiToken() }, blob(id[:]), instant(now)); err != nil {
			return err
		}
		if !filter.Selects(was) {
			return store.ErrNotFound
		}
		_, err := c.exec(deleteAPIToken, blob(id[:]))
		return err
	})
	return orZero(was, err)
}

// EndAPITokens implements [oauthapp.APITokenStore].
func (s *Store) EndAPITokens(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended int, err error) {
	below, err := keyset.Below(cursor)
	if err != nil {
		return "", 0, fmt.Errorf("sqlite: end API tokens: %w", err)
	}
	if !filter.EndsAPITokens() {
		return "", 0, nil
	}
	query := walkAPITokensDown
	switch {
	case filter.UserID() != "":
		query = walkAPITokensOfUser
	case filter.AccountID() != "":
		query = walkAPITokensOfAccount
	}
	rows := min(max(limit, 1), endPiece)
	var done step
	err = s.write(ctx, "end API tokens", func(c *conn) error {
		done = step{}
		var selected []uuid.UUID
		err := c.all(query, func(r *row) {
			done.see(r.id())
			if r.bool() {
				selected = append(selected, done.last)
			}
		}, blob(below[:]), number(int64(rows)), text(filter.UserID()), text(filter.AccountID()))
		if err != nil {
			return err
		}
		for _, id := range selected {
			if _, err := c.exec(deleteAPIToken, blob(id[:])); err != nil {
				return err
			}
		}
		done.ended = len(selected)
		return nil
	})
	if err != nil {
		return "", 0, err
	}
	return done.next(rows), done.ended, nil
}
