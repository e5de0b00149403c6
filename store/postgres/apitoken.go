package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// readAPIToken reads apiTokenColumns.
func readAPIToken(row *columns, t *oauthapp.APIToken) {
	row.id(&t.ID)
	row.time(&t.CreatedAt)
	row.time(&t.LastUsedAt)
	row.time(&t.ExpiresAt)
	row.digest(&t.Digest)
	row.text(&t.UserID)
	row.text(&t.AccountID)
	row.text(&t.Hint)
	row.texts(&t.Scopes)
	row.text(&t.Name)
}

// CreateAPIToken implements [oauthapp.APITokenStore].
func (s *Store) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) error {
	err := s.writing("create API token").run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		_, created, err := afterLock(ctx, c,
			statement{lockUser, []any{token.UserID}},
			statement{createAPIToken, []any{idValue(token.ID), instant(token.CreatedAt), timeValue(token.LastUsedAt), timeValue(token.ExpiresAt),
				token.Digest[:], token.UserID, token.AccountID, token.Hint, listValue(token.Scopes), token.Name, int64(limit)}})
		if err == nil && created == 0 {
			return store.ErrLimit
		}
		return err
	})
	return orExists(err)
}

// APIToken implements [oauthapp.APITokenStore].
func (s *Store) APIToken(ctx context.Context, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	return one(ctx, s.reading("API token"), readAPIToken, selectAPIToken, idValue(id), instant(now))
}

// APITokens implements [oauthapp.APITokenStore].
func (s *Store) APITokens(ctx context.Context, filter oauthapp.APITokenFilter, page oauthapp.Page, now time.Time) (oauthapp.List[oauthapp.APIToken], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil || filter.IsZero() || !isText(filter.UserID, filter.AccountID) {
		return oauthapp.List[oauthapp.APIToken]{}, err
	}
	query, args := listAPITokensOfAccount, []any{idValue(below), rows, instant(now), filter.AccountID}
	if filter.UserID != "" {
		query, args = listAPITokensOfUser, append(args, filter.UserID)
	}
	items, err := list(ctx, s.reading("API tokens"), readAPIToken, query, args...)
	return keyset.List(items, rows, func(t oauthapp.APIToken) uuid.UUID { return t.ID }), err
}

// RevokeAPIToken implements [oauthapp.APITokenStore].
func (s *Store) RevokeAPIToken(ctx context.Context, filter oauthapp.APITokenFilter, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	if filter.IsZero() || !isText(filter.UserID, filter.AccountID) {
		return oauthapp.APIToken{}, store.ErrNotFound
	}
	return one(ctx, s.writing("revoke API token"), readAPIToken, revokeAPIToken, idValue(id), instant(now), filter.AccountID, textValue(filter.UserID))
}

// EndAPITokens implements [oauthapp.APITokenStore].
func (s *Store) EndAPITokens(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended int, err error) {
	below, err := keyset.Below(cursor)
	if err != nil {
		return "", 0, fmt.Errorf("postgres: end API tokens: %w", err)
	}
	if !filter.EndsAPITokens() || !canSelect(filter) {
		return "", 0, nil
	}
	rows := max(limit, 1)
	query, args := endAPITokens, []any{idValue(below), rows}
	switch user, account := filter.UserID(), filter.AccountID(); {
	case user != "":
		query, args = endAPITokensOfUser, append(args, user, textValue(account))
	case account != "":
		query, args = endAPITokensOfAccount, append(args, account)
	}
	b, err := one(ctx, s.writing("end API tokens"), readStep, query, args...)
	return b.next(rows), int(b.removed), err
}
