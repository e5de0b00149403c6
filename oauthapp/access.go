package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Ended tells what was ended so far.
type Ended struct {
	Grants       int // live grants of users that were ended one by one
	Applications int // applications whose tokens were all revoked at once
	APITokens    int // API tokens of users, also those that had just expired
}

// endBatch is how many grants or applications one step examines.
const endBatch = 200

// EndAccess ends all access that a filter selects. One filter is for each case:
//
//	GrantsOfUser(user)                     a user who was suspended or deleted
//	GrantsForAccount(account)              an account that was closed
//	GrantsOfUser(user).ForAccount(account) a user who left an account
//	GrantsToOwner(OwnedBy(owner))          the applications of an owner
//	GrantsToApplication(id)                one application
//	GrantsToOwner(AnyOwner)                the whole service, as after a restored backup
//
// When it has returned nil, no code, access token or refresh token of a session
// that began before the call is accepted, on any node. A filter that names
// neither a user nor an account also ends the tokens that applications have for
// themselves. What began during the call may be ended too. Users are asked for
// their consent anew.
//
// API tokens end too: those of the user, those for the account, or those of the
// whole service. A user token is for no account, so it stays when its user
// leaves an account. The host's handlers see to it that it does not reach that
// account any more.
//
// It works in short steps and rests between them, so that other calls are not
// held up. After each step, progress is called with what was ended so far, in
// the same goroutine; nil is for no progress. If EndAccess returns an error, a
// part may be ended: call it again, which is safe.
//
// It reports one event, AccessEnded, when it returns: after success, even if
// there was nothing to end, and after a failure if anything was ended by then.
// It returns the error of a filter that has one, and ends nothing then.
func (r *Registry) EndAccess(ctx context.Context, filter GrantFilter, progress func(Ended)) (Ended, error) {
	if err := filter.Err(); err != nil {
		return Ended{}, err
	}
	ended, err := r.end(ctx, filter, progress)
	if err == nil || ended != (Ended{}) {
		r.reportEnded(ctx, AccessEnded, filter, ended)
	}
	return ended, err
}

// end ends grants and API tokens that a filter selects, and returns what it
// ended, with an error too.
func (r *Registry) end(ctx context.Context, filter GrantFilter, progress func(Ended)) (ended Ended, err error) {
	if progress == nil {
		progress = func(Ended) {}
	}
	err = inSteps(ctx, func(cursor string) (next string, err error) {
		next, step, err := r.cfg.Store.EndGrants(ctx, filter, cursor, endBatch)
		if err != nil {
			return "", err
		}
		ended.Grants += step.Grants
		ended.Applications += step.Applications
		progress(ended)
		return next, nil
	})
	if err != nil || !filter.EndsAPITokens() {
		return ended, err
	}
	err = inSteps(ctx, func(cursor string) (next string, err error) {
		next, n, err := r.cfg.Store.EndAPITokens(ctx, filter, cursor, endBatch)
		if err != nil {
			return "", err
		}
		ended.APITokens += n
		progress(ended)
		return next, nil
	})
	return ended, err
}

// inSteps calls step until it returns no next cursor. It rests for as long as
// each step took, so that others have half of the store at least.
func inSteps(ctx context.Context, step func(cursor string) (next string, err error)) error {
	for cursor := ""; ; {
		began := time.Now()
		next, err := step(cursor)
		if err != nil || next == "" {
			return err
		}
		cursor = next
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Since(began)):
		}
	}
}

func (r *Registry) reportEnded(ctx context.Context, typ EventType, filter GrantFilter, ended Ended) {
	r.report(ctx, typ, r.now(), Application{ID: filter.ApplicationID(), Owner: filter.Owner().Account()}, func(e *Event) {
		e.UserID, e.AccountID = filter.UserID(), filter.AccountID()
		e.Grants, e.Applications, e.APITokens = ended.Grants, ended.Applications, ended.APITokens
	})
}

// countBound is up to how many grants are counted.
const countBound = 1000

// CountGrants counts the live grants that a filter selects, up to 1000, and
// reports whether there are more. It is for a warning before EndAccess. It
// returns the error of a filter that has one.
func (r *Registry) CountGrants(ctx context.Context, filter GrantFilter) (count int, more bool, err error) {
	for page := (Page{Limit: 200}); ; {
		list, err := r.Grants(ctx, filter, page)
		if err != nil {
			return 0, false, err
		}
		count += len(list.Items)
		if list.Next == "" || count >= countBound {
			return count, list.Next != "", nil
		}
		page.After = list.Next
	}
}

// Erase ends all access that a user gave, and removes what the library keeps of
// the user: their grants, those that ended before too, and their API tokens.
// What is left of their sessions names no user, and the clean-up removes it.
// The offer of an application that they made in package dashboard names them
// until it expires, for 7 days at most. The host erases its own events and
// logs.
//
// It works in short steps, as [Registry.EndAccess] does. If it returns an
// error, a part may be ended: call it again, which is safe. It reports one
// event, UserErased, which names the user, once it has succeeded. An empty user
// is an error.
func (r *Registry) Erase(ctx context.Context, user string) (Ended, error) {
	filter := GrantsOfUser(user)
	if err := filter.Err(); err != nil {
		return Ended{}, err
	}
	ended, err := r.end(ctx, filter, nil)
	if err == nil {
		r.reportEnded(ctx, UserErased, filter, ended)
	}
	return ended, err
}

// Transfer gives an application to the account to, and returns the application
// as it is now. Users, tokens and secrets stay as they are: whoever knew the
// client secret still does, so the receiver should reset it. The application is
// no longer approved, verified or trusted, as that was decided about the owner
// before. Ask the receiver before: it is theirs from then on.
//
// It returns [ErrLimit] if to has Config.MaxApplications applications already,
// and a [*ValidationError] of field name if Config.ReservedName keeps the name
// from to. It returns [ErrNotFound].
func (r *Registry) Transfer(ctx context.Context, owner Owner, id uuid.UUID, to string) (Application, error) {
	if err := checkOwner(OwnedBy(to)); err != nil {
		return Application{}, err
	}
	app, err := r.Application(ctx, owner, id)
	if err != nil || app.Owner == to {
		return app, err
	}
	if problems := r.checkReserved(nil, to, app.Name); len(problems) > 0 {
		return Application{}, &ValidationError{problems}
	}
	now := r.now()
	if err := r.cfg.Store.TransferApplication(ctx, owner, id, to, r.cfg.MaxApplications); err != nil {
		return Application{}, err
	}
	from := app.Owner
	app.Owner, app.Standing = to, Standing{Suspended: app.Standing.Suspended, Reason: app.Standing.Reason}
	r.report(ctx, ApplicationTransferred, now, app, func(e *Event) { e.FormerOwner = from })
	return app, nil
}
