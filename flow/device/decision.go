package device

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// settle keeps what the user has decided, and says so. A yes to scopes of which
// the user may give none for the account decides nothing.
func (e *endpoints) settle(w http.ResponseWriter, r *http.Request, kept keptRequest, q kernel.ConsentQuestion, answered kernel.Decision) {
	answered, refusal := e.limitToUser(r, q, answered)
	if refusal != nil {
		e.k.WritePageError(w, r, refusal)
		return
	}
	keep := e.deny
	result := done{Title: page.Say("device.denied"), Message: page.Say("device.denied_text")}
	if answered.Authorized {
		keep = e.allow
		result = done{page.Say("device.connected"), page.Say("device.connected_text"), e.k.ManageURL()}
	}
	if kept.Decision != undecided {
		keep = e.repeat
	}
	refusal = keep(r, kept, q, answered)
	if refusal != nil && errors.Is(refusal, store.ErrConflict) {
		refusal = e.repeat(r, kept, q, answered)
	}
	switch {
	case refusal == nil:
		e.k.WritePage(w, r, http.StatusOK, donePage, result)
	case errors.Is(refusal, store.ErrConflict):
		e.refuseUsed(w, r, q.User)
	default:
		e.k.WritePageError(w, r, refusal)
	}
}

// limitToUser narrows a yes to the scopes that the user may still give for the
// account that they chose.
func (e *endpoints) limitToUser(r *http.Request, q kernel.ConsentQuestion, answered kernel.Decision) (kernel.Decision, *wire.Error) {
	if !answered.Authorized {
		return answered, nil
	}
	given, refusal := e.k.StillGiven(r.Context(), q.User.ID, answered.AccountID, answered.Scopes)
	if refusal == nil && len(given) == 0 {
		refusal = wire.Refuse(wire.AccessDenied, "the user may not give the application access to the account")
	}
	answered.Scopes = given
	return answered, refusal
}

// allow begins the session of a request, and with it the user's grant. The
// session is there before the decision is kept: where this ends between the
// two, the device gets its tokens, and the user who tries again gets on.
func (e *endpoints) allow(r *http.Request, kept keptRequest, q kernel.ConsentQuestion, answered kernel.Decision) *wire.Error {
	client, refusal := e.k.KeepClient(r, q.Client)
	if refusal != nil {
		return refusal
	}
	now := e.k.Now()
	grant, err := e.k.Issue.Begin(r.Context(), kernel.Consent{
		ApplicationID: client.Application.ID, UserID: q.User.ID, AccountID: answered.AccountID, Scopes: answered.Scopes,
		Public: client.Application.Type == oauthapp.Public, At: now,
	}, kernel.GivenCode{
		SessionID: kept.SessionID, Digest: kept.record.Digest, ExpiresAt: kept.record.ExpiresAt, Extra: e.k.KeptResources(kept.Resources),
	})
	if errors.Is(err, store.ErrExists) {
		grant.ID, err = e.begun(r, kept, q, answered)
	}
	if err == nil {
		err = e.keepYes(r, kept, now)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return wire.Refuse(wire.InvalidRequest, "there is no such application any more")
	case err != nil:
		return wire.Outage(err)
	}
	event := q.Event(oauthapp.GrantCreated, answered)
	event.Time, event.GrantID, event.SessionID, event.ApplicationID = now, grant.ID, kept.SessionID, client.Application.ID
	e.k.Emit(r, event)
	return nil
}

// repeat tells a person who sends their answer twice, as with a double click,
// what they were told first: a browser shows the last page alone. For any other
// answer than that which was kept, it returns [store.ErrConflict].
func (e *endpoints) repeat(r *http.Request, kept keptRequest, q kernel.ConsentQuestion, answered kernel.Decision) *wire.Error {
	now, err := e.requests.byDeviceCode(r.Context(), kept.record.Digest, e.k.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // it has expired
		err = store.ErrConflict
	case err != nil:
	case now.Decision == undecided, answered.Authorized != (now.Decision == authorized):
		err = store.ErrConflict
	case answered.Authorized:
		_, err = e.begun(r, now, q, answered)
	}
	if err != nil {
		return wire.Outage(err)
	}
	return nil
}

// begun returns the grant of a session that is there already, if it is of the
// same consent, and [store.ErrConflict] if it is not.
func (e *endpoints) begun(r *http.Request, kept keptRequest, q kernel.ConsentQuestion, answered kernel.Decision) (uuid.UUID, error) {
	session, err := e.k.Store.Session(r.Context(), kept.SessionID)
	switch {
	case errors.Is(err, store.ErrNotFound): // it has ended
		return uuid.Nil, store.ErrConflict
	case err != nil:
		return uuid.Nil, err
	case session.UserID != q.User.ID || session.AccountID != answered.AccountID || !slices.Equal(session.Scopes, answered.Scopes):
		return uuid.Nil, store.ErrConflict
	}
	return session.GrantID, nil
}

// keepYes keeps that the user said yes. Where somebody denied the request at
// the same time, it ends the session.
func (e *endpoints) keepYes(r *http.Request, kept keptRequest, now time.Time) error {
	err := e.requests.decide(r.Context(), kept, authorized, now)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	other, found := e.requests.byDeviceCode(r.Context(), kept.record.Digest, now)
	if found != nil {
		return found
	}
	if other.Decision == denied {
		if ended := e.k.Issue.EndSession(r.Context(), kept.SessionID); ended != nil {
			return ended
		}
	}
	return err
}

// deny keeps that the user has denied a request, and ends what somebody else
// may have begun at the same time.
func (e *endpoints) deny(r *http.Request, kept keptRequest, q kernel.ConsentQuestion, answered kernel.Decision) *wire.Error {
	err := e.requests.decide(r.Context(), kept, denied, e.k.Now())
	if err == nil {
		err = e.k.Issue.EndSession(r.Context(), kept.SessionID)
	}
	if err != nil {
		return wire.Outage(err)
	}
	e.k.Emit(r, q.Event(oauthapp.GrantDenied, answered))
	return nil
}
