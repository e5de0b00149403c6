package sqlite

import (
	"bytes"
	"context"
	"fmt"
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
	err = s.read(ctx, "grants", func(c *conn) (err error) {
		if keyset.IsOfOwner(filter) {
			items, err = grantsOfOwner(c, filter.Owner(), below, rows)
			return err
		}
		items = nil
		return c.all(narrowest(filter), func(r *row) { items = append(items, r.grantWithApplication()) }, filterValues(&below, rows, filter)...)
	})
	return keyset.List(items, rows, func(g oauthapp.Grant) uuid.UUID { return g.ID }), err
}

// grantsOfOwner returns the newest grants below an ID of all applications of an
// owner.
func grantsOfOwner(c *conn, owner oauthapp.Owner, below uuid.UUID, rows int) (items []oauthapp.Grant, err error) {
	var applications []uuid.UUID
	if err := c.all(listOwned, func(r *row) { applications = append(applications, r.id()) }, text(owner.Account())); err != nil {
		return nil, err
	}
	for _, id := range applications {
		filter := oauthapp.GrantsToApplication(id).ToOwner(owner)
		err := c.all(listGrantsOfApplication, func(r *row) { items = append(items, r.grantWithApplication()) }, filterValues(&below, rows, filter)...)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(items, func(a, b oauthapp.Grant) int { return bytes.Compare(b.ID[:], a.ID[:]) })
		items = items[:min(len(items), rows)]
	}
	return items, nil
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

// endPiece is how many rows a step of EndGrants or EndAPITokens examines at
// most, so that other calls wait little for it.
const endPiece = 200

// A step is what one call of EndGrants or EndAPITokens did.
type step struct {
	last  uuid.UUID // the last row that it examined
	seen  int       // how many it examined
	ended int
}

// see notes a row that is examined.
func (s *step) see(id uuid.UUID) { s.last, s.seen = id, s.seen+1 }

// next is the cursor of the next step, "" if there is none.
func (s *step) next(rows int) string {
	if s.seen < rows {
		return ""
	}
	return s.last.String()
}

// EndGrants implements [oauthapp.Store].
func (s *Store) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (next string, ended oauthapp.Ended, err error) {
	below, err := keyset.Below(cursor)
	if err != nil {
		return "", ended, fmt.Errorf("sqlite: end grants: %w", err)
	}
	if filter.Err() != nil {
		return "", ended, nil
	}
	rows := min(max(limit, 1), endPiece)
	end, counted := endGrants, &ended.Grants
	if filter.UserID() == "" && filter.AccountID() == "" {
		end, counted = endTokens, &ended.Applications
	}
	var done step
	err = s.write(ctx, "end grants", func(c *conn) (err error) {
		done, err = end(c, filter, below, rows)
		return err
	})
	if err != nil {
		return "", oauthapp.Ended{}, err
	}
	*counted = done.ended
	return done.next(rows), ended, nil
}

// endGrants removes the next grants that a filter of a user or an account
// selects, and counts those that were live.
func endGrants(c *conn, filter oauthapp.GrantFilter, below uuid.UUID, rows int) (done step, err error) {
	query := walkGrantsOfAccount
	if filter.UserID() != "" {
		query = walkGrantsOfUser
	}
	var selected []int64
	err = c.all(query, func(r *row) {
		key := r.int()
		done.see(r.id())
		if isSelected, isLive := r.bool(), r.bool(); isSelected {
			selected = append(selected, key)
			if isLive {
				done.ended++
			}
		}
	}, filterValues(&below, rows, filter)...)
	if err != nil {
		return done, err
	}
	for _, key := range selected {
		if _, err := c.exec(removeGrant, number(key)); err != nil {
			return done, err
		}
	}
	return done, nil
}

// endTokens revokes all tokens of the next applications that a filter without
// user and account selects.
func endTokens(c *conn, filter oauthapp.GrantFilter, below uuid.UUID, rows int) (done step, err error) {
	var ids []uuid.UUID
	note := func(r *row) { ids = append(ids, r.id()) }
	switch id := filter.ApplicationID(); {
	case id != uuid.Nil:
		_, err = c.one(selectApplication, note, blob(id[:]), ownerValue(filter.Owner()))
	case filter.Owner().IsAny():
		err = c.all(listApplicationIDs, note, blob(below[:]), number(int64(rows)))
	default:
		err = c.all(listApplicationIDsOfOwner, note, blob(below[:]), number(int64(rows)), text(filter.Owner().Account()))
	}
	if err != nil {
		return done, err
	}
	for _, id := range ids {
		if _, err := c.exec(revokeTokens, blob(id[:])); err != nil {
			return done, err
		}
		done.see(id)
	}
	done.ended = len(ids)
	if filter.ApplicationID() != uuid.Nil {
		done.seen = 0 // there is no other
	}
	return done, nil
}

// authorize returns the grant that a session begins under, and its number: the
// live one of the user for the account, to which it adds the session's scopes,
// or a new one. A session of the application itself is counted, and own is its
// number; for others it is NULL.
func authorize(c *conn, b *store.SessionStart) (g oauthapp.Grant, key int64, own value, err error) {
	session := &b.Session
	var epoch, ownSessions int64
	err = c.must(lookUpGrant, func(r *row) {
		epoch, key, ownSessions, g = r.int(), r.int(), r.int(), r.grant()
	}, blob(session.ApplicationID[:]), text(session.UserID), text(session.AccountID))
	if err != nil {
		return g, 0, own, err
	}
	if session.UserID == "" {
		own = number(ownSessions + 1)
	}
	scopes := union(g.Scopes, session.Scopes)
	switch {
	case b.GrantID == uuid.Nil && (key == 0 || session.UserID == "" || len(scopes) > len(g.Scopes)):
		return g, 0, own, store.ErrNotFound
	case b.GrantID == uuid.Nil:
		return g, key, own, nil
	case key != 0:
		g.Scopes, g.AuthorizedAt = scopes, session.CreatedAt
		_, err = c.exec(extendGrant, number(key), scopesValue(g.Scopes), instant(g.AuthorizedAt), own)
		return g, key, own, err
	}
	g = oauthapp.Grant{
		ID:            b.GrantID,
		ApplicationID: session.ApplicationID,
		UserID:        session.UserID,
		AccountID:     session.AccountID,
		Scopes:        slices.Clone(session.Scopes),
		AuthorizedAt:  session.CreatedAt,
	}
	inserted, err := c.exec(insertGrant, blob(g.ID[:]), blob(g.ApplicationID[:]), number(epoch),
		text(g.UserID), text(g.AccountID), scopesValue(g.Scopes), instant(g.AuthorizedAt), own)
	if err == nil && inserted == 0 {
		err = store.ErrExists
	}
	return g, c.sqlite.LastInsertRowID(), own, err
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
