package flow

import (
	"cmp"
	"net/http"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Every request at an endpoint has an outcome, which its context carries: who
// the client is and what the request is refused for are noted there as they
// become known. What is refused is reported in one place, at the end.

// observed returns the handler of a route, whose refusals are reported.
func (p *Provider) observed(route kernel.Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := &kernel.Outcome{Endpoint: route.Path}
		r = r.WithContext(kernel.WithOutcome(r.Context(), o))
		if len(p.added.Observers) > 0 {
			var end func()
			r, end = p.added.Observe(r, o)
			defer end()
		}
		answered := false
		defer func() {
			if !answered { // it panics
				o.Refusal = wire.Internal(nil)
			}
		}()
		route.Handler(w, r)
		answered = true
		if o.About.ClientID == "" {
			id, _, _ := r.BasicAuth()
			o.About.ClientID = nameable(id)
		}
		// What a page refuses before it knows the client is for the user alone.
		if route.AnyOrigin || o.Known {
			p.reportRefusal(r, o)
		}
	}
}

// reportRefusal reports what a request was refused for: to the host, unless an
// event has told of it, and to the developer of the client. What is routine is
// not reported. Neither is an outage: it is the operator's, who has the log.
func (p *Provider) reportRefusal(r *http.Request, o *kernel.Outcome) {
	if o.Refusal == nil || o.Refusal.Status >= http.StatusInternalServerError || o.Refusal.Routine {
		return
	}
	if !o.Reported {
		e := o.About
		e.Type, e.Endpoint, e.Error = oauthapp.RequestRefused, o.Endpoint, o.Refusal.Code
		e.Reason = reasonOf(o)
		p.emit(r, e)
	}
	p.keepRefusal(r, o)
}

// reasonOf is why a request was refused, a fixed phrase.
func reasonOf(o *kernel.Outcome) string {
	return cmp.Or(o.Reason, o.Refusal.Reason, o.Refusal.Description)
}

// noteRefusal notes what a request is refused for.
func noteRefusal(r *http.Request, refusal *wire.Error) {
	if o := kernel.OutcomeOf(r.Context()); o != nil && o.Refusal == nil {
		o.Refusal = refusal
	}
}

// noteClient notes the client of a request, and the session of what it
// presented.
func noteClient(r *http.Request, client store.Client) {
	if o := kernel.OutcomeOf(r.Context()); o != nil && client.Application.ClientID != "" {
		o.Know(client.Application, client.Session)
	}
}

// noteClientID notes the client that a request says it is of, if that can be
// nothing but a client ID.
func noteClientID(r *http.Request, id string) {
	if o := kernel.OutcomeOf(r.Context()); o != nil && o.About.ClientID == "" {
		o.About.ClientID = nameable(id)
	}
}

func nameable(id string) string {
	if !clientauth.HasForm(id) {
		return ""
	}
	return id
}

// noteEvent notes that an event tells of what a request is refused for, and
// returns the event with the endpoint.
func noteEvent(r *http.Request, e oauthapp.Event) oauthapp.Event {
	o := kernel.OutcomeOf(r.Context())
	if o == nil || !tellsOfRefusal(e.Type) {
		return e
	}
	e.Endpoint = o.Endpoint
	o.Reported, o.Reason = true, e.Reason
	if o.About.ApplicationID == uuid.Nil && e.ClientID != "" {
		o.About = oauthapp.Event{ApplicationID: e.ApplicationID, ApplicationName: e.ApplicationName, ClientID: e.ClientID, Owner: e.Owner}
	}
	return e
}

// tellsOfRefusal reports whether the request that causes an event of a type is
// refused.
func tellsOfRefusal(t oauthapp.EventType) bool {
	switch t {
	case oauthapp.ClientAuthenticationFailed, oauthapp.ClientAuthenticationLimited, oauthapp.ConsentFormRefused,
		oauthapp.CodeReplayed, oauthapp.RefreshTokenReused, oauthapp.UserAccessEnded, oauthapp.GrantDenied, oauthapp.UserCodesLimited, oauthapp.ClientMetadataRefused, oauthapp.RequestRefused:
		return true
	}
	return false
}
