package postgres

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// readApplication reads applicationColumns.
func readApplication(row *columns, a *oauthapp.Application) {
	readRegistered(row, a)
	row.time(&a.LastUsedAt)
}

// readRegistered reads registeredColumns.
func readRegistered(row *columns, a *oauthapp.Application) {
	row.id(&a.ID)
	row.text(&a.ClientID)
	row.text(&a.Owner)
	row.text(&a.Name)
	row.text(&a.Description)
	row.text(&a.HomepageURL)
	row.texts(&a.CallbackURLs)
	row.text((*string)(&a.Type))
	row.texts(&a.Scopes)
	row.time(&a.CreatedAt)
	row.time(&a.UpdatedAt)
	row.number(&a.Version)
	row.bool(&a.Standing.Suspended)
	row.bool(&a.Standing.Approved)
	row.bool(&a.Standing.Verified)
	row.bool(&a.Standing.Trusted)
	row.text(&a.Standing.Reason)
	row.bytes(&a.Extra)
}

// CreateApplication implements [oauthapp.Store].
func (s *Store) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	var first oauthapp.Secret // with a zero ID: none
	if secret != nil {
		first = *secret
	}
	err := s.writing("create application").run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		_, created, err := afterLock(ctx, c,
			statement{lockOwner, []any{app.Owner}},
			statement{createApplication, []any{idValue(app.ID), app.ClientID, app.Owner, app.Name, app.Description, app.HomepageURL,
				listValue(app.CallbackURLs), string(app.Type), listValue(app.Scopes), instant(app.CreatedAt), instant(app.UpdatedAt),
				int64(limit), app.Version, timeValue(app.LastUsedAt),
				idValue(first.ID), first.Digest[:], first.Hint, instant(first.CreatedAt), timeValue(first.LastUsedAt), timeValue(first.ExpiresAt),
				app.Standing.Suspended, app.Standing.Approved, app.Standing.Verified, app.Standing.Trusted, app.Standing.Reason, bytesValue(app.Extra), textValue(first.Hash)}})
		if err == nil && created == 0 {
			return store.ErrLimit
		}
		return err
	})
	return orExists(err)
}

// Application implements [oauthapp.Store].
func (s *Store) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	if !isText(owner.Account()) {
		return oauthapp.Application{}, store.ErrNotFound
	}
	return one(ctx, s.reading("application"), readApplication, selectApplication, idValue(id), ownerValue(owner))
}

// ApplicationByClientID implements [oauthapp.Store].
func (s *Store) ApplicationByClientID(ctx context.Context, owner oauthapp.Owner, clientID string) (oauthapp.Application, error) {
	if !isText(owner.Account(), clientID) {
		return oauthapp.Application{}, store.ErrNotFound
	}
	return one(ctx, s.reading("application by client ID"), readApplication, selectApplicationByClientID, clientID, ownerValue(owner))
}

// Applications implements [oauthapp.Store].
func (s *Store) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	below, rows, err := keyset.Parse(page)
	if err != nil || !isText(owner.Account()) {
		return oauthapp.List[oauthapp.Application]{}, err
	}
	query, args := listApplicationsOfOwner, []any{idValue(below), rows, owner.Account()}
	if owner.IsAny() {
		query, args = listApplications, args[:2]
	}
	items, err := list(ctx, s.reading("applications"), readApplication, query, args...)
	return keyset.List(items, rows, func(a oauthapp.Application) uuid.UUID { return a.ID }), err
}

// UpdateApplication implements [oauthapp.Store].
func (s *Store) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	if !isText(owner.Account()) {
		return store.ErrNotFound
	}
	why := func(ctx context.Context, c *pgx.Conn) error {
		return refusal(ctx, c, owner, app.ID, store.ErrConflict)
	}
	return change(ctx, s.writing("update application"), why, updateApplication, idValue(app.ID), ownerValue(owner), app.Version,
		app.Name, app.Description, app.HomepageURL, listValue(app.CallbackURLs), listValue(app.Scopes), instant(app.UpdatedAt), bytesValue(app.Extra))
}

// SetStanding implements [oauthapp.Store].
func (s *Store) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (oauthapp.Application, error) {
	if !isText(owner.Account()) {
		return oauthapp.Application{}, store.ErrNotFound
	}
	before, err := one(ctx, s.writing("set standing"), readApplication, setStanding, idValue(id), ownerValue(owner),
		standing.Suspended, standing.Approved, standing.Verified, standing.Trusted, standing.Reason,
		was.Suspended, was.Approved, was.Verified, was.Trusted, was.Reason)
	if err == nil && before.Standing != was {
		return oauthapp.Application{}, store.ErrConflict
	}
	return before, err
}

// TransferApplication implements [oauthapp.Store].
func (s *Store) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	if !isText(owner.Account()) {
		return store.ErrNotFound
	}
	return s.writing("transfer application").run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		_, transferred, err := afterLock(ctx, c,
			statement{lockOwner, []any{to}},
			statement{transferApplication, []any{idValue(id), ownerValue(owner), to, int64(limit)}})
		if err != nil || transferred > 0 {
			return err
		}
		return refusal(ctx, c, owner, id, store.ErrLimit)
	})
}

// refusal returns ErrNotFound if the owner does not reach the application, and
// otherwise the error given.
func refusal(ctx context.Context, c *pgx.Conn, owner oauthapp.Owner, id uuid.UUID, reached error) error {
	var found pgtype.UUID
	err := c.QueryRow(ctx, existsApplication, idValue(id), ownerValue(owner)).Scan(&found)
	return orNotFound(err, reached)
}

// DeleteApplication implements [oauthapp.Store].
func (s *Store) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (oauthapp.Application, error) {
	if !isText(owner.Account()) {
		return oauthapp.Application{}, store.ErrNotFound
	}
	return one(ctx, s.writing("delete application"), readApplication, deleteApplication, idValue(id), ownerValue(owner), instant(at))
}

// Usage implements [oauthapp.Store].
func (s *Store) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	return usage(ctx, s.reading("usage"), selectUsage, owner, id, bound)
}

// RevokeTokens implements [oauthapp.Store].
func (s *Store) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	return usage(ctx, s.writing("revoke tokens"), revokeTokens, owner, id, bound)
}

func usage(ctx context.Context, o operation, query string, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	if !isText(owner.Account()) {
		return oauthapp.Usage{}, store.ErrNotFound
	}
	read := func(row *columns, u *oauthapp.Usage) {
		var users, own int64 // users are counted up to one more than the bound
		row.time(&u.LastUsedAt)
		row.number(&users)
		u.Users, u.More = min(int(users), bound), int(users) > bound
		row.number(&own)
		u.Itself.Tokens = int(own)
		row.time(&u.Itself.IssuedAt)
		row.time(&u.Itself.LastUsedAt)
	}
	return one(ctx, o, read, query, idValue(id), ownerValue(owner), min(int64(bound), math.MaxInt64/4)+1)
}
