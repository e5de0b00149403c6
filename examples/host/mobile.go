package main

import (
	"context"
	"errors"

	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	mobileClientID = "7461736b626f61726401" // of the mobile app, which is built with it
	staffTeam      = "staff"                // ID of the team that owns the service's own applications
)

// registerMobileApp registers the service's own mobile app, unless a start
// before has. It has no secret, which anybody could take out of it, and is
// trusted: people who sign in there are not asked whether they trust Taskboard.
// Its callback is an https URL that phones open with the app alone.
func (s *service) registerMobileApp(ctx context.Context) error {
	if s.MobileCallback == "" {
		return nil
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO taskboard.teams (id, name) VALUES ($1, 'Taskboard') ON CONFLICT DO NOTHING`, staffTeam)
	if err != nil {
		return err
	}
	registry, owner := s.provider.Registry(), oauthapp.OwnedBy(staffTeam)
	app, _, err := registry.Register(ctx, staffTeam, oauthapp.Registration{
		ClientID:     mobileClientID,
		Name:         "Taskboard for phones",
		HomepageURL:  s.Issuer,
		CallbackURLs: []string{s.MobileCallback},
		Type:         oauthapp.Public,
	})
	if errors.Is(err, oauthapp.ErrExists) {
		app, err = registry.ApplicationByClientID(ctx, owner, mobileClientID)
	}
	if err != nil {
		return err
	}
	_, err = registry.ChangeStanding(ctx, owner, app.ID, func(standing *oauthapp.Standing) { standing.Trusted = true })
	return err
}
