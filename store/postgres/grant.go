package postgres

import (
	"context"

	"github.com/google/uuid"

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
	items, err := list(ctx, s.reading("grants"), readGrantWithApplication, narrowest(filter), filterValues(below, rows, filter)...)
	return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), err
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
	case !f.Owner().IsAny():
		return listGrantsOfOwner
	}
	return listGrants
}

func filterValues(id uuid.UUID, rows int, f oauthapp.GrantFilter) []any {
	return []any{idValue(id), rows, textValue(f.UserID()), textValue(f.AccountID()), idValue(f.ApplicationID()), ownerValue(f.Owner())}
}

// RevokeGrant implements [oauthapp.Store].
func (s *Store) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	if !canSelect(filter) {
		return oauthapp.Grant{}, store.ErrNotFound
	}
	return one(ctx, s.writing("revoke grant"), readGrantWithApplication, revokeGrant, filterValues(id, 1, filter)...)
}
