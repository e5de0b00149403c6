package oauthapp

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// A Standing is what the service decided about an application. Its developer
// cannot change it. [Registry.ChangeStanding] does.
type Standing struct {
	// Suspended stops the application until it is reinstated, everywhere at
	// once. No code or token of it is accepted, none is issued, and nobody can
	// authorize it. Nothing is removed: a reinstated application has the grants
	// and the tokens that it had, as far as they have not expired.
	Suspended bool
	// Reason tells users and the developer why, in up to 1000 characters, which
	// may include line breaks. It is optional.
	Reason string

	// Approved, Verified and Trusted are for the host and package flow. A store
	// keeps them and judges none of them.
	//
	// Approved opens an application to users of other accounts than the
	// owner's, if the service demands approval
	// (flow.Config.Applications.NeedsApproval). An edit by the developer does
	// not change it.
	Approved bool
	// Verified tells users that the service knows who is behind the
	// application. The consent page does not say so if any program on the
	// user's device could pose as the application.
	Verified bool
	// Trusted is for the service's own applications: users are not asked for
	// their consent, and have a grant all the same. They are asked after all
	// for a request with prompt=consent, and if they have several accounts and
	// the request names none. Users of a public application are asked unless
	// its redirect URI is an https URL of another host than their own device,
	// as any program there could pose as it.
	Trusted bool
}

// ChangeStanding changes the standing of an application, and returns the
// application as it is now. It is for the host's administrators: nothing else
// sets a standing. A suspension holds on every node from the return on, also
// for requests that are under way.
//
// The function change is given the standing as it is and sets what is to be
// different. If somebody else changes it at the same time, change is called
// again with what they left, so that neither undoes the other:
//
//	app, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, id, func(s *oauthapp.Standing) {
//		s.Suspended, s.Reason = true, "It sends spam."
//	})
//
// It returns a [*ValidationError] of field reason if Reason is too long, and of
// field trusted for an application without an owner, which registered itself
// and cannot be trusted. It returns [ErrConflict] if others go on changing the
// standing, and [ErrNotFound].
//
// If the decision is about the owner, as with Approved, name the owner with
// [OwnedBy]: then it is [ErrNotFound] if the application was transferred
// meanwhile. With [AnyOwner] the decision holds for whoever has it by then.
func (r *Registry) ChangeStanding(ctx context.Context, owner Owner, id uuid.UUID, change func(*Standing)) (Application, error) {
	for range maxTries {
		app, err := r.Application(ctx, owner, id)
		if err != nil {
			return Application{}, err
		}
		is := app.Standing
		change(&is)
		is.Reason = strings.TrimSpace(strings.ReplaceAll(is.Reason, "\r\n", "\n"))
		if problems := is.check(app.Owner); len(problems) > 0 {
			return Application{}, &ValidationError{problems}
		}
		now := r.now()
		was, err := r.cfg.Store.SetStanding(ctx, owner, id, app.Standing, is)
		if errors.Is(err, ErrConflict) {
			continue // somebody else changed it meanwhile
		}
		if err != nil {
			return Application{}, err
		}
		app = was
		app.Standing = is
		if event, changed := standingEvent(was.Standing, is); changed {
			r.report(ctx, event, now, app, func(e *Event) { e.Reason = is.Reason })
		}
		return app, nil
	}
	return Application{}, ErrConflict
}

func (s Standing) check(owner string) []FieldError {
	var problems []FieldError
	if problem := checkDescription(s.Reason); problem != nil {
		problems = append(problems, problem.about("reason", "Reason"))
	}
	if s.Trusted && owner == "" {
		problems = append(problems, wrong("trusted.ownerless", "An application that registered itself cannot be trusted.").of("trusted"))
	}
	return problems
}

// standingEvent returns what a change of a standing is reported as.
func standingEvent(was, is Standing) (event EventType, changed bool) {
	switch {
	case is.Suspended && !was.Suspended:
		return ApplicationSuspended, true
	case was.Suspended && !is.Suspended:
		return ApplicationReinstated, true
	}
	return ApplicationStandingChanged, was != is
}
