package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

func (c *comparison) someSession() store.Session {
	return either(c.sessions, store.Session{ID: c.id(), ClientID: c.someApp().ClientID})
}

func (c *comparison) beginSession() {
	app := c.someApp()
	b := c.sessionStart(app, someUser(), someAccount(), someScopes()...)
	if chance(25) {
		b = c.issued(app, someUser(), someAccount(), someScopes()...)
	}
	if chance(10) { // of the application itself
		b.Session.UserID, b.Session.AccountID = "", ""
	}
	session := &b.Session
	session.CreatedAt, session.Extra = sometime(), someExtra()
	if !session.Code.Digest.IsZero() {
		session.Code.ExpiresAt = sometime()
		session.ExpiresAt = session.Code.ExpiresAt
	}
	if chance(30) {
		b.GrantID = uuid.Nil
	}
	if live := either(c.sessions, *session); chance(10) {
		if _, err := c.Session(c.ctx, live.ID); err == nil { // the ID of a dead one may be free again, or not yet
			session.ID = live.ID
		}
	}
	call := fmt.Sprintf("BeginSession %s of %s, %s for %s, %v, asked %t",
		short(session.ID), short(app.ID), session.UserID, session.AccountID, session.Scopes, b.GrantID != uuid.Nil)
	_, err := both(c, call, func(s store.Store) (oauthapp.Grant, error) {
		grant, err := s.BeginSession(c.ctx, b)
		return nameless(grant), err
	})
	if err == nil {
		session.ClientID = app.ClientID
		c.sessions = append(c.sessions, *session)
		c.readSession(*session)
	}
}

func (c *comparison) redeemCode() {
	session := c.someSession()
	r := c.redemption(session)
	r.At, r.ExpiresAt, r.Extra = sometime(), pick([]time.Time{sometime(), r.ExpiresAt}), someExtra()
	r.Access.IssuedAt, r.Access.ExpiresAt, r.Access.Scopes = r.At, sometime(), someScopes()
	if chance(20) {
		r.Refresh, r.Family = store.RefreshToken{}, credential.Digest{}
	}
	if chance(15) {
		r.Code = pick([]credential.Digest{{}, c.digest(), c.someSession().Code.Digest})
	}
	err := c.alone(fmt.Sprintf("RedeemCode %s of %s at %v", brief(r.Code), short(r.SessionID), r.At.Sub(start)),
		func(s store.Store) error { return s.RedeemCode(c.ctx, r) })
	if err == nil {
		for i := range c.sessions {
			if c.sessions[i].ID == session.ID {
				c.sessions[i].Refresh = r.Refresh
			}
		}
	}
	c.readSession(session)
}

func (c *comparison) rotateRefreshToken() {
	session := c.someSession()
	r := c.rotation(session)
	r.At, r.Extra = sometime(), someExtra()
	r.Access.IssuedAt, r.Access.ExpiresAt, r.Access.Scopes = pick([]time.Time{r.At, sometime()}), sometime(), someScopes()
	r.Refresh.ExpiresAt = pick([]time.Time{sometime(), r.Refresh.ExpiresAt})
	if chance(30) {
		r.Refresh.Digest = credential.Digest{}
	}
	if chance(15) {
		r.Presented = pick([]credential.Digest{{}, c.digest(), session.PreviousRefresh, session.Code.Digest})
	}
	err := c.alone(fmt.Sprintf("RotateRefreshToken %s of %s by %s at %v", brief(r.Presented), short(r.SessionID), brief(r.Refresh.Digest), r.At.Sub(start)),
		func(s store.Store) error { return s.RotateRefreshToken(c.ctx, r) })
	if err == nil && !r.Refresh.Digest.IsZero() {
		for i := range c.sessions {
			if c.sessions[i].ID == session.ID {
				c.sessions[i].Refresh, c.sessions[i].PreviousRefresh = r.Refresh, r.Presented
			}
		}
	}
	c.readSession(session)
}

func (c *comparison) endSession() {
	session := c.someSession()
	_ = c.alone("EndSession "+short(session.ID), func(s store.Store) error { return s.EndSession(c.ctx, session.ID) })
	c.readSession(session)
}

func (c *comparison) readSession(session store.Session) {
	_, _ = both(c, "Session "+short(session.ID), func(s store.Store) (store.Session, error) {
		got, err := s.Session(c.ctx, session.ID)
		got.GrantID = uuid.Nil
		return got, err
	})
}
