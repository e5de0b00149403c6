package storetest

import (
	"errors"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

func applicationsDelete(t *trial) {
	app, other := t.draft("alice"), t.draft("alice")
	secret, otherSecret := t.secret(app), t.secret(other)
	t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication")
	t.must(t.CreateApplication(t.ctx, other, &otherSecret, plenty), "CreateApplication")
	code := t.begin(app, "u", "a", "read")
	session := t.rotate(t.signIn(app, "u", "b", "read"))
	bystander := t.signIn(other, "u", "a", "read")

	was, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), app.ID, start)
	t.must(err, "DeleteApplication")
	t.same(was, app, "what DeleteApplication returned")

	for _, owner := range []oauthapp.Owner{oauthapp.OwnedBy("alice"), oauthapp.AnyOwner} {
		for name, err := range t.onApplication(owner, app) {
			t.want(store.ErrNotFound, err, "%s of a deleted application", name)
		}
		_, err := t.RevokeSecret(t.ctx, owner, app.ID, secret.ID, start)
		t.want(store.ErrNotFound, err, "RevokeSecret of a deleted application")
		list, err := t.Applications(t.ctx, owner, oauthapp.Page{})
		t.must(err, "Applications")
		t.same(list, oauthapp.List[oauthapp.Application]{Items: []oauthapp.Application{other}}, "Applications after a deletion")
	}
	_, err = t.Client(t.ctx, app.ClientID, session.ID, start)
	t.want(store.ErrNotFound, err, "Client of a deleted application")
	client, err := t.Client(t.ctx, other.ClientID, session.ID, start)
	t.must(err, "Client")
	if client.Session != nil {
		t.failf("Client has a session of a deleted application")
	}
	_, err = t.BeginSession(t.ctx, t.sessionStart(app, "u", "a"))
	t.want(store.ErrNotFound, err, "BeginSession of a deleted application")
	t.isDead(code, "after the application was deleted")
	t.isDead(session, "after the application was deleted")

	for _, account := range []string{"a", "b"} {
		_, err = t.grantTo(app.ID, "u", account)
		t.want(store.ErrNotFound, err, "Grant to a deleted application")
	}
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser("u"), oauthapp.GrantsToApplication(app.ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")), oauthapp.GrantsForAccount("b")} {
		list, err := t.Grants(t.ctx, filter, oauthapp.Page{})
		t.must(err, "Grants")
		for _, grant := range list.Items {
			if grant.ApplicationID == app.ID {
				t.failf("Grants of %+v lists one to a deleted application", filter)
			}
		}
		_, err = t.RevokeGrant(t.ctx, filter, session.GrantID)
		t.want(store.ErrNotFound, err, "RevokeGrant to a deleted application")
	}
	t.isLive(bystander, "after another application was deleted")
	t.same(t.secretsAt(other, start), []oauthapp.Secret{otherSecret}, "Secrets after another application was deleted")
}

func applicationsDeleteAtOnce(t *trial) {
	app := t.application("alice")
	results := t.together(crowd, func(int) error {
		was, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), app.ID, start)
		if err == nil {
			t.same(was, app, "what DeleteApplication returned")
		}
		return err
	})
	t.winners(1, store.ErrNotFound, results, "DeleteApplication")
}

func applicationsNeverReused(t *trial) {
	app := t.application("alice")
	_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), app.ID, start)
	t.must(err, "DeleteApplication")
	sameID, sameClientID := t.draft("alice"), t.draft("bob")
	sameID.ID = app.ID
	sameClientID.ClientID = app.ClientID
	for _, when := range []string{"a deleted", "a deleted and cleaned-up"} {
		t.want(store.ErrExists, t.CreateApplication(t.ctx, sameClientID, nil, plenty), "CreateApplication with the client ID of %s application", when)
		t.want(store.ErrExists, t.CreateApplication(t.ctx, sameID, nil, plenty), "CreateApplication with the ID of %s application", when)
		t.cleanUp(start.Add(10 * sessionTTL))
	}
	if _, err := t.Client(t.ctx, app.ClientID, uuid.Nil, start); !errors.Is(err, store.ErrNotFound) {
		t.failf("Client of a deleted client ID returned %s", describe(err))
	}
}
