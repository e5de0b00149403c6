package sqlite

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// application reads applicationColumns.
func (r *row) application() oauthapp.Application {
	return oauthapp.Application{
		ID:           r.id(),
		ClientID:     r.text(),
		Owner:        r.text(),
		Name:         r.text(),
		Description:  r.text(),
		HomepageURL:  r.text(),
		CallbackURLs: r.list(),
		Type:         oauthapp.ClientType(r.text()),
		Scopes:       r.scopes(),
		CreatedAt:    r.time(),
		UpdatedAt:    r.time(),
		LastUsedAt:   r.time(),
		Version:      r.int(),
		Standing: oauthapp.Standing{
			Suspended: r.bool(), Approved: r.bool(), Verified: r.bool(), Trusted: r.bool(), Reason: r.text(),
		},
		Extra: r.blob(),
	}
}

// ownerValue is NULL, which reaches every application, for AnyOwner.
func ownerValue(owner oauthapp.Owner) value {
	if owner.IsAny() {
		return value{}
	}
	return text(owner.Account())
}

// CreateApplication implements [oauthapp.Store].
func (s *Store) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	return s.write(ctx, "create application", func(c *conn) error {
		count, err := c.count(countApplications, text(app.Owner), number(int64(limit)))
		if err != nil {
			return err
		}
		if count >= int64(limit) && app.Owner != "" {
			return c.either(takenApplication, store.ErrExists, store.ErrLimit, blob(app.ID[:]), text(app.ClientID))
		}
		inserted, err := c.exec(insertApplication, blob(app.ID[:]), text(app.ClientID), text(app.Owner), text(app.Name), text(app.Description),
			text(app.HomepageURL), listValue(app.CallbackURLs), text(string(app.Type)), scopesValue(app.Scopes),
			instant(app.CreatedAt), instant(app.UpdatedAt), timeValue(app.LastUsedAt), number(app.Version),
			flag(app.Standing.Suspended), flag(app.Standing.Approved), flag(app.Standing.Verified), flag(app.Standing.Trusted),
			text(app.Standing.Reason), blobValue(app.Extra))
		if err != nil {
			return err
		}
		if inserted == 0 {
			return store.ErrExists
		}
		if secret == nil {
			return nil
		}
		first := *secret
		first.ApplicationID = app.ID
		return addSecret(c, first)
	})
}

// Application implements [oauthapp.Store].
func (s *Store) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	return readOne(ctx, s, "application", (*row).application, selectApplication, blob(id[:]), ownerValue(owner))
}

// ApplicationByClientID implements [oauthapp.Store].
func (s *Store) ApplicationByClientID(ctx context.Context, owner oauthapp.Owner, clientID string) (oauthapp.Application, error) {
	return readOne(ctx, s, "application by client ID", (*row).application, selectApplicationByClientID, text(clientID), ownerValue(owner))
}

// Applications implements [oauthapp.Store].
func (s *Store) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil {
		return oauthapp.List[oauthapp.Application]{}, err
	}
	query, args := listApplicationsOfOwner, []value{blob(below[:]), number(int64(rows)), text(owner.Account())}
	if owner.IsAny() {
		query, args = listApplications, args[:2]
	}
	items, err := readAll(ctx, s, "applications", (*row).application, query, args...)
	return keyset.List(items, rows, func(a oauthapp.Application) uuid.UUID { return a.ID }), err
}

// UpdateApplication implements [oauthapp.Store].
func (s *Store) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	return s.write(ctx, "update application", func(c *conn) error {
		updated, err := c.exec(updateApplication, blob(app.ID[:]), ownerValue(owner), number(app.Version), text(app.Name), text(app.Description),
			text(app.HomepageURL), listValue(app.CallbackURLs), scopesValue(app.Scopes), instant(app.UpdatedAt), blobValue(app.Extra))
		if err != nil || updated > 0 {
			return err
		}
		return c.either(existsApplication, store.ErrConflict, store.ErrNotFound, blob(app.ID[:]), ownerValue(owner))
	})
}

// SetStanding implements [oauthapp.Store].
func (s *Store) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (before oauthapp.Application, err error) {
	err = s.write(ctx, "set standing", func(c *conn) error {
		err := c.must(selectApplication, func(r *row) { before = r.application() }, blob(id[:]), ownerValue(owner))
		if err != nil {
			return err
		}
		if before.Standing != was {
			return store.ErrConflict
		}
		_, err = c.exec(setStanding, blob(id[:]), flag(standing.Suspended), flag(standing.Approved), flag(standing.Verified),
			flag(standing.Trusted), text(standing.Reason))
		return err
	})
	return orZero(before, err)
}

// TransferApplication implements [oauthapp.Store].
func (s *Store) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	return s.write(ctx, "transfer application", func(c *conn) error {
		var was oauthapp.Application
		err := c.must(selectApplication, func(r *row) { was = r.application() }, blob(id[:]), ownerValue(owner))
		if err != nil || was.Owner == to {
			return err
		}
		count, err := c.count(countApplications, text(to), number(int64(limit)))
		if err != nil {
			return err
		}
		if count >= int64(limit) {
			return store.ErrLimit
		}
		_, err = c.exec(transferApplication, blob(id[:]), text(to))
		return err
	})
}

// DeleteApplication implements [oauthapp.Store].
func (s *Store) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (was oauthapp.Application, err error) {
	err = s.write(ctx, "delete application", func(c *conn) error {
		err := c.must(selectApplication, func(r *row) { was = r.application() }, blob(id[:]), ownerValue(owner))
		if err != nil {
			return err
		}
		_, err = c.exec(deleteApplication, blob(id[:]), instant(at))
		return err
	})
	return orZero(was, err)
}

// Usage implements [oauthapp.Store].
func (s *Store) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (usage oauthapp.Usage, err error) {
	err = s.read(ctx, "usage", func(c *conn) (err error) {
		usage, err = readUsage(c, owner, id, bound)
		return err
	})
	return orZero(usage, err)
}

// RevokeTokens implements [oauthapp.Store].
func (s *Store) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (usage oauthapp.Usage, err error) {
	err = s.write(ctx, "revoke tokens", func(c *conn) (err error) {
		if usage, err = readUsage(c, owner, id, bound); err != nil {
			return err
		}
		_, err = c.exec(revokeTokens, blob(id[:]))
		return err
	})
	return orZero(usage, err)
}

func readUsage(c *conn, owner oauthapp.Owner, id uuid.UUID, bound int) (usage oauthapp.Usage, err error) {
	err = c.must(selectUsage, func(r *row) {
		usage.LastUsedAt = r.time()
		users := int(r.int()) // up to one more than the bound
		usage.Users, usage.More = min(users, bound), users > bound
		usage.Itself = oauthapp.OwnUsage{Tokens: int(r.int()), IssuedAt: r.time(), LastUsedAt: r.time()}
	}, blob(id[:]), ownerValue(owner), number(min(int64(bound), math.MaxInt64-1)+1))
	return usage, err
}
