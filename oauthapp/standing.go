package oauthapp

import (
	"context"
	"strings"

	"github.com/google/uuid"
)

// A Standing is what the service decided about an application. Its developer
// cannot change it. [Registry.SetStanding] does.
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
	Approved bool // users of other accounts than the owner's may authorize it
	Verified bool // the service knows who is behind it
	// Trusted applications are the service's own: users are not asked for their
	// consent, and have a grant all the same. A request with prompt=consent
	// asks, and so does a user with several accounts of which it names none.
	// Users of a public application are asked unless its redirect URI is an
	// https URL, as any program on their device could pose as it.
	Trusted bool
}

// SetStanding replaces the whole standing of an application, and returns the
// application as it is now. It is for the host's administrators: nothing else
// sets a standing. When it has returned, a suspension holds on every node, for
// what is under way too.
//
// It returns a [*ValidationError] of field reason. An application without an
// owner registered itself and cannot be trusted: that is a [*ValidationError]
// of field trusted. It returns [ErrNotFound].
func (r *Registry) SetStanding(ctx context.Context, owner Owner, id uuid.UUID, standing Standing) (Application, error) {
	app, err := r.Application(ctx, owner, id)
	if err != nil {
		return Application{}, err
	}
	standing.Reason = strings.TrimSpace(strings.ReplaceAll(standing.Reason, "\r\n", "\n"))
	var problems []FieldError
	if problem := checkDescription(standing.Reason); problem != "" {
		problems = append(problems, FieldError{"reason", "Reason " + problem})
	}
	if standing.Trusted && app.Owner == "" {
		problems = append(problems, FieldError{"trusted", "An application that registered itself cannot be trusted."})
	}
	if len(problems) > 0 {
		return Application{}, &ValidationError{problems}
	}
	now := r.now()
	was, err := r.cfg.Store.SetStanding(ctx, owner, id, standing)
	if err != nil {
		return Application{}, err
	}
	app = was
	app.Standing = standing
	if event, changed := standingEvent(was.Standing, standing); changed {
		r.report(ctx, event, now, app, func(e *Event) { e.Reason = standing.Reason })
	}
	return app, nil
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
