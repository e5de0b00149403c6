package main

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// supportPage is the data of support.html.
type supportPage struct {
	ClientID    string
	Application *oauthapp.Application // nil if none was found
	Owner       string                // name of the team
	Users       oauthapp.Usage
	Refusals    []flow.Refusal
	Problem     string
}

// atSupport lets those through who work at the support desk. To everybody else
// there is no such page.
func (s *service) atSupport(serve func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		p := personFrom(r.Context())
		if p == nil || !p.Support {
			http.NotFound(w, r)
			return nil
		}
		return serve(w, r.WithContext(oauthapp.WithActor(r.Context(), actor(r, p.ID))))
	}
}

// findApplication answers GET /support?client_id=ID: who has the application,
// and why its requests were refused.
func (s *service) findApplication(w http.ResponseWriter, r *http.Request) error {
	return s.showApplication(w, r, supportPage{ClientID: r.URL.Query().Get("client_id")})
}

func (s *service) showApplication(w http.ResponseWriter, r *http.Request, page supportPage) error {
	if page.ClientID == "" {
		s.provider.WritePage(w, r, http.StatusOK, "support.html", page)
		return nil
	}
	ctx, registry := r.Context(), s.provider.Registry()
	app, err := registry.ApplicationByClientID(ctx, oauthapp.AnyOwner, page.ClientID)
	if errors.Is(err, oauthapp.ErrNotFound) {
		page.Problem = "No application has that client ID."
		s.provider.WritePage(w, r, http.StatusNotFound, "support.html", page)
		return nil
	}
	if err != nil {
		return err
	}
	page.Application = &app
	if page.Users, err = registry.Usage(ctx, oauthapp.AnyOwner, app.ID); err != nil {
		return err
	}
	if page.Owner, err = s.teamName(ctx, app.Owner); err != nil {
		return err
	}
	if page.Refusals, err = s.provider.Refusals(ctx, app.ID); err != nil {
		return err
	}
	s.provider.WritePage(w, r, http.StatusOK, "support.html", page)
	return nil
}

// suspend answers POST /support/suspend. The reason is for the owner and for
// users.
func (s *service) suspend(w http.ResponseWriter, r *http.Request) error {
	return s.changeStanding(w, r, func(standing *oauthapp.Standing) {
		standing.Suspended, standing.Reason = true, r.PostFormValue("reason")
	})
}

// reinstate answers POST /support/reinstate.
func (s *service) reinstate(w http.ResponseWriter, r *http.Request) error {
	return s.changeStanding(w, r, func(standing *oauthapp.Standing) {
		standing.Suspended, standing.Reason = false, ""
	})
}

func (s *service) changeStanding(w http.ResponseWriter, r *http.Request, change func(*oauthapp.Standing)) error {
	registry, clientID := s.provider.Registry(), r.PostFormValue("client_id")
	app, err := registry.ApplicationByClientID(r.Context(), oauthapp.AnyOwner, clientID)
	if err == nil {
		_, err = registry.ChangeStanding(r.Context(), oauthapp.AnyOwner, app.ID, change)
	}
	if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
		return s.showApplication(w, r, supportPage{ClientID: clientID, Problem: invalid.Message("reason")})
	}
	if err != nil && !errors.Is(err, oauthapp.ErrNotFound) {
		return err
	}
	http.Redirect(w, r, "/support?client_id="+url.QueryEscape(clientID), http.StatusSeeOther)
	return nil
}
