package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

func (c *comparison) someApp() oauthapp.Application { return either(c.apps, c.draft("alice")) }

func (c *comparison) createApplication() {
	app := c.draft(pick([]string{"alice", "bob", ""}))
	app.Scopes, app.CreatedAt, app.Extra, app.Standing = someScopes(), sometime(), someExtra(), someStanding()
	if chance(20) {
		app.Type = oauthapp.Public
	}
	if chance(15) {
		app.ID = c.someApp().ID
	}
	if chance(15) {
		app.ClientID = c.someApp().ClientID
	}
	var secret *oauthapp.Secret
	if app.Type == oauthapp.Confidential && chance(80) {
		secret = new(c.secret(app))
	}
	limit := pick([]int{0, 1, 3, plenty})
	call := fmt.Sprintf("CreateApplication %s %s of %s, limit %d", short(app.ID), app.ClientID, app.Owner, limit)
	if c.alone(call, func(s store.Store) error { return s.CreateApplication(c.ctx, app, secret, limit) }) == nil {
		c.apps = append(c.apps, app)
		if secret != nil {
			c.secrets = append(c.secrets, *secret)
		}
	}
}

func (c *comparison) updateApplication() {
	app := c.someApp()
	app.Name, app.Scopes, app.UpdatedAt, app.Extra = pick([]string{"One", "Two"}), someScopes(), sometime(), someExtra()
	app.Version = int64(1 + rand.IntN(3))
	owner := someOwner()
	_ = c.alone(fmt.Sprintf("UpdateApplication %s of %s, version %d", short(app.ID), owner, app.Version),
		func(s store.Store) error { return s.UpdateApplication(c.ctx, owner, app) })
}

func someStanding() oauthapp.Standing {
	return oauthapp.Standing{Suspended: chance(20), Approved: chance(50), Verified: chance(50), Trusted: chance(50), Reason: pick([]string{"", "Why"})}
}

func (c *comparison) setStandingBoth() {
	app, owner, was, standing := c.someApp(), someOwner(), oauthapp.Standing{}, someStanding()
	if kept, err := c.memory.Application(c.ctx, oauthapp.AnyOwner, app.ID); err == nil && chance(90) {
		was = kept.Standing
	}
	_, _ = both(c, fmt.Sprintf("SetStanding %s of %s, suspended %t", short(app.ID), owner, standing.Suspended),
		func(s store.Store) (oauthapp.Application, error) {
			return s.SetStanding(c.ctx, owner, app.ID, was, standing)
		})
}

func (c *comparison) transferApplication() {
	app, owner, to, limit := c.someApp(), someOwner(), pick([]string{"alice", "bob"}), pick([]int{0, 1, 3, plenty})
	_ = c.alone(fmt.Sprintf("TransferApplication %s of %s to %s, limit %d", short(app.ID), owner, to, limit),
		func(s store.Store) error { return s.TransferApplication(c.ctx, owner, app.ID, to, limit) })
}

func (c *comparison) deleteApplication() {
	app, owner, at := c.someApp(), someOwner(), sometime()
	_, _ = both(c, fmt.Sprintf("DeleteApplication %s of %s", short(app.ID), owner),
		func(s store.Store) (oauthapp.Application, error) {
			return s.DeleteApplication(c.ctx, owner, app.ID, at)
		})
}

func (c *comparison) addSecret() {
	secret := c.secret(c.someApp())
	if chance(15) {
		secret.ID = either(c.secrets, secret).ID
	}
	secret.CreatedAt = sometime()
	owner, others, limit := someOwner(), pick([]time.Time{sometime(), {}}), pick([]int{0, 1, 2, 4})
	call := fmt.Sprintf("AddSecret %s to %s of %s at %v, others expire at %v, limit %d",
		short(secret.ID), short(secret.ApplicationID), owner, secret.CreatedAt.Sub(start), others.Sub(start), limit)
	if c.alone(call, func(s store.Store) error { return s.AddSecret(c.ctx, owner, secret, others, limit) }) == nil {
		c.secrets = append(c.secrets, secret)
	}
}

func (c *comparison) revokeSecret() {
	secret := either(c.secrets, c.secret(c.someApp()))
	owner, at := someOwner(), sometime()
	_, _ = both(c, fmt.Sprintf("RevokeSecret %s of %s of %s at %v", short(secret.ID), short(secret.ApplicationID), owner, at.Sub(start)),
		func(s store.Store) (oauthapp.Secret, error) {
			return s.RevokeSecret(c.ctx, owner, secret.ApplicationID, secret.ID, at)
		})
}

func (c *comparison) revokeTokens() {
	app, owner, bound := c.someApp(), someOwner(), 1+rand.IntN(4)
	_, _ = both(c, fmt.Sprintf("RevokeTokens %s of %s, bound %d", short(app.ID), owner, bound),
		func(s store.Store) (oauthapp.Usage, error) {
			return s.RevokeTokens(c.ctx, owner, app.ID, bound)
		})
}

func (c *comparison) readApplication(app oauthapp.Application, owner oauthapp.Owner, now time.Time) {
	_, _ = both(c, fmt.Sprintf("Application %s of %s", short(app.ID), owner),
		func(s store.Store) (oauthapp.Application, error) { return s.Application(c.ctx, owner, app.ID) })
	_, _ = both(c, fmt.Sprintf("ApplicationByClientID %s of %s", app.ClientID, owner),
		func(s store.Store) (oauthapp.Application, error) {
			return s.ApplicationByClientID(c.ctx, owner, app.ClientID)
		})
	_, _ = both(c, fmt.Sprintf("Secrets of %s of %s at %v", short(app.ID), owner, now.Sub(start)),
		func(s store.Store) ([]oauthapp.Secret, error) { return s.Secrets(c.ctx, owner, app.ID, now) })
	bound := 1 + rand.IntN(4)
	_, _ = both(c, fmt.Sprintf("Usage of %s of %s, bound %d", short(app.ID), owner, bound),
		func(s store.Store) (oauthapp.Usage, error) { return s.Usage(c.ctx, owner, app.ID, bound) })
	session := c.someSession().ID
	_, _ = both(c, fmt.Sprintf("Client %s with session %s at %v", app.ClientID, short(session), now.Sub(start)),
		func(s store.Store) (store.Client, error) {
			client, err := s.Client(c.ctx, app.ClientID, session, now)
			if client.Session != nil {
				client.Session.GrantID = uuid.Nil
			}
			return client, err
		})
}
