package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// readGrant reads grantColumns.
func readGrant(row *columns, g *oauthapp.Grant) {
	row.id(&g.ID)
	row.id(&g.ApplicationID)
	row.text(&g.UserID)
	row.text(&g.AccountID)
	row.texts(&g.Scopes)
	row.time(&g.AuthorizedAt)
	row.time(&g.LastUsedAt)
}

// readGrantWithApplication reads grantColumns and applicationColumns.
func readGrantWithApplication(row *columns, g *oauthapp.Grant) {
	readGrant(row, g)
	readApplication(row, &g.Application)
}

// Grants implements [oauthapp.Store].
func (s *Store) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil || !canSelect(filter) {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	if keyset.IsOfOwner(filter) {
		items, err := s.grantsOfOwner(ctx, filter.Owner().Account(), below, rows)
		return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), err
	}
	items, err := list(ctx, s.reading("grants"), readGrantWithApplication, narrowest(filter), filterValues(below, rows, filter)...)
	return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), err
}

// ownedAtOnce is how many applications of an owner are looked at by one
// statement. Few owners have more.
const ownedAtOnce = 1000

// grantsOfOwner returns the newest grants below an ID of all applications of an
// owner.
func (s *Store) grantsOfOwner(ctx context.Context, owner string, below uuid.UUID, rows int) (items []oauthapp.Grant, err error) {
	readID := func(row *columns, id *uuid.UUID) { row.id(id) }
	for after := uuid.Max; ; {
		ids, err := list(ctx, s.reading("grants"), readID, listApplicationIDsOfOwner, idValue(after), ownedAtOnce, owner)
		if err != nil {
			return nil, err
		}
		values := make([]pgtype.UUID, len(ids))
		for i, id := range ids {
			values[i] = idValue(id)
		}
		found, err := list(ctx, s.reading("grants"), readGrantWithApplication, listGrantsOfOwner, idValue(below), rows, values, owner)
		if err != nil {
			return nil, err
		}
		items = append(items, found...)
		slices.SortFunc(items, func(a, b oauthapp.Grant) int { return bytes.Compare(b.ID[:], a.ID[:]) })
		items = items[:min(len(items), rows)]
		if len(ids) < ownedAtOnce {
			return items, nil
		}
		after = ids[len(ids)-1]
	}
}

// canSelect reports whether there can be grants that a filter selects.
func canSelect(f oauthapp.GrantFilter) bool {
	return f.Err() == nil && isText(f.UserID(), f.AccountID(), f.Owner().Account())
}

// narrowest returns the list in which those that a filter selects stand closest
// together.
func narrowest(f oauthapp.GrantFilter) string {
	switch {
	case f.UserID() != "":
		return listGrantsOfUser
	case f.AccountID() != "":
		return listGrantsOfAccount
	case f.ApplicationID() != uuid.Nil:
		return listGrantsOfApplication
	}
	return listGrants
}

func filterValues(id uuid.UUID, rows int, f oauthapp.GrantFilter) []any {
	return []any{idValue(id), rows, textValue(f.UserID()), textValue(f.AccountID()), idValue(f.ApplicationID()), ownerValue(f.Owner())}
}

// EndGrants implements [oauthapp.Store].
func (s *Store) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended oauthapp.Ended, err error) {
	below, err := keyset.Below(cursor)
	if err != nil {
		return "", ended, fmt.Errorf("postgres: end grants: %w", err)
	}
	rows := max(limit, 1)
	if !canSelect(filter) {
		return "", ended, nil
	}
	if filter.UserID() == "" && filter.AccountID() == "" {
		return s.endTokens(ctx, filter, below, rows)
	}
	query := endGrantsOfAccount
	if filter.UserID() != "" {
		query = endGrantsOfUser
	}
	b, err := one(ctx, s.writing("end grants"), readStep, query, filterValues(below, rows, filter)...)
	return b.next(rows), oauthapp.Ended{Grants: int(b.removed)}, err
}

// endTokens revokes all tokens of the next applications that a filter without
// user and account selects.
func (s *Store) endTokens(ctx context.Context, filter oauthapp.GrantFilter, below uuid.UUID, rows int) (next string, ended oauthapp.Ended, err error) {
	v, owner := s.writing("end grants"), filter.Owner()
	if id := filter.ApplicationID(); id != uuid.Nil {
		ended.Applications = 1
		none := func(context.Context, *pgx.Conn) error { ended.Applications = 0; return nil }
		err = change(ctx, v, none, endTokens, idValue(id), ownerValue(owner))
		return "", ended, err
	}
	query, args := endAllTokens, []any{idValue(below), rows}
	if !owner.IsAny() {
		query, args = endTokensOfOwner, append(args, owner.Account())
	}
	b, err := one(ctx, v, readStep, query, args...)
	return b.next(rows), oauthapp.Ended{Applications: int(b.removed)}, err
}

// readStep reads what a step of EndGrants did.
func readStep(row *columns, b *batch) {
	row.id(&b.keys[0])
	row.number(&b.seen)
	row.number(&b.removed)
}

// next is the cursor of the next step, "" if there is none.
func (b batch) next(rows int) string {
	if b.seen < int64(rows) {
		return ""
	}
	return b.keys[0].String()
}

// RevokeGrant implements [oauthapp.Store].
func (s *Store) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	if !canSelect(filter) {
		return oauthapp.Grant{}, store.ErrNotFound
	}
	return one(ctx, s.writing("revoke grant"), readGrantWithApplication, revokeGrant, filterValues(id, 1, filter)...)
}
