package sqlite

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// grant reads grantColumns.
func (r *row) grant() oauthapp.Grant {
	return oauthapp.Grant{
		ID:            r.id(),
		ApplicationID: r.id(),
		UserID:        r.text(),
		AccountID:     r.text(),
		Scopes:        r.scopes(),
		AuthorizedAt:  r.time(),
		LastUsedAt:    r.time(),
	}
}

// grantWithApplication reads grantColumns and applicationColumns.
func (r *row) grantWithApplication() oauthapp.Grant {
	g := r.grant()
	g.Application = r.application()
	return g
}

// Grants implements [oauthapp.Store].
func (s *Store) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil || filter.Err() != nil {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	var items []oauthapp.Grant
	err = s.read(ctx, "grants", func(c *conn) error {
		items = nil
		return c.all(narrowest(filter), func(r *row) { items = append(items, r.grantWithApplication()) }, filterValues(&below, rows, filter)...)
	})
	return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), err
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

func filterValues(id *uuid.UUID, rows int, f oauthapp.GrantFilter) []value {
	application := f.ApplicationID()
	return []value{
		blob(id[:]), number(int64(rows)), textValue(f.UserID()), textValue(f.AccountID()), idValue(&application), ownerValue(f.Owner()),
	}
}

// RevokeGrant implements [oauthapp.Store].
func (s *Store) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (was oauthapp.Grant, err error) {
	if filter.Err() != nil {
		return was, store.ErrNotFound
	}
	err = s.write(ctx, "revoke grant", func(c *conn) error {
		err := c.must(selectGrantByID, func(r *row) { was = r.grantWithApplication() }, filterValues(&id, 1, filter)...)
		if err != nil {
			return err
		}
		_, err = c.exec(deleteGrant, blob(id[:]))
		return err
	})
	return orZero(was, err)
}

// authorize returns the grant that a session begins under, and its number: the
// live one of the user for the account, to which it adds the session's scopes,
// or a new one.
func authorize(c *conn, b *store.Beginning) (g oauthapp.Grant, key int64, err error) {
	session := &b.Session
	var epoch int64
	var owner string
	err = c.must(lookUpGrant, func(r *row) {
		epoch, owner, key, g = r.int(), r.text(), r.int(), r.grant()
	}, blob(session.ApplicationID[:]), text(session.UserID), text(session.AccountID))
	if err != nil {
		return g, 0, err
	}
	scopes := union(g.Scopes, session.Scopes)
	switch {
	case b.GrantID == uuid.Nil && (key == 0 || len(scopes) > len(g.Scopes)):
		return g, 0, store.ErrNotFound
	case b.GrantID == uuid.Nil:
		return g, key, nil
	case key != 0:
		g.Scopes, g.AuthorizedAt = scopes, session.CreatedAt
		_, err = c.exec(extendGrant, number(key), scopesValue(g.Scopes), instant(g.AuthorizedAt))
		return g, key, err
	}
	g = oauthapp.Grant{
		ID:            b.GrantID,
		ApplicationID: session.ApplicationID,
		UserID:        session.UserID,
		AccountID:     session.AccountID,
		Scopes:        slices.Clone(session.Scopes),
		AuthorizedAt:  session.CreatedAt,
	}
	inserted, err := c.exec(insertGrant, blob(g.ID[:]), blob(g.ApplicationID[:]), number(epoch), text(owner),
		text(g.UserID), text(g.AccountID), scopesValue(g.Scopes), instant(g.AuthorizedAt))
	if err == nil && inserted == 0 {
		err = store.ErrExists
	}
	return g, c.sqlite.LastInsertRowID(), err
}

// union returns the scopes granted, and after them those added that are not
// among them.
func union(granted, added []string) []string {
	all := slices.Clone(granted)
	for _, scope := range added {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}
