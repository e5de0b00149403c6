package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var applicationRules = []rule{
	{"applications/kept", "what CreateApplication keeps, Application, Client and Secrets return", applicationsKept},
	{"applications/unknown", "what does not exist is ErrNotFound, and nothing to EndSession and Touch", applicationsUnknown},
	{"applications/taken", "an ID or client ID in use is refused with ErrExists", applicationsTaken},
	{"applications/taken at the limit", "an ID in use is ErrExists also where the limit is reached, of applications and of secrets", applicationsTakenAtLimit},
	{"applications/taken at once", "of many applications created at once with one client ID, one is kept", applicationsTakenAtOnce},
	{"applications/limit", "an owner with as many applications as allowed gets ErrLimit, nobody else does", applicationsLimit},
	{"applications/limit at once", "however many applications are created at once, the owner's limit holds", applicationsLimitAtOnce},
	{"applications/update", "UpdateApplication replaces what it names, ignores the rest, and counts the version", applicationsUpdate},
	{"applications/update conflict", "an update based on an older version is ErrConflict and changes nothing", applicationsConflict},
	{"applications/update at once", "of many updates at once none is lost", applicationsUpdateAtOnce},
	{"applications/owner", "another owner's application is ErrNotFound to every method, and stays as it was", applicationsOwner},
	{"applications/any owner", "AnyOwner matches every owner", applicationsAnyOwner},
	{"applications/delete", "a deleted application, and all that was its, is found by no method", applicationsDelete},
	{"applications/delete at once", "of many deletions at once, one gets the application", applicationsDeleteAtOnce},
	{"applications/never reused", "the ID and client ID of a deleted application stay taken for ever", applicationsNeverReused},
}

func applicationsKept(t *trial) {
	app, bare, native := t.draft("alice"), t.draft("alice"), t.draft("bob")
	secret := t.secret(app)
	bare.Description, bare.Scopes, bare.CallbackURLs = "", nil, bare.CallbackURLs[:1]
	bare.Standing, bare.Extra = oauthapp.Standing{}, nil
	native.Type = oauthapp.Public
	t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication")
	t.must(t.CreateApplication(t.ctx, bare, nil, plenty), "CreateApplication")
	t.must(t.CreateApplication(t.ctx, native, nil, plenty), "CreateApplication")

	for _, want := range []oauthapp.Application{app, bare, native} {
		got, err := t.Application(t.ctx, oauthapp.OwnedBy(want.Owner), want.ID)
		t.must(err, "Application")
		t.same(got, want, "Application")
		got, err = t.ApplicationByClientID(t.ctx, oauthapp.OwnedBy(want.Owner), want.ClientID)
		t.must(err, "ApplicationByClientID")
		t.same(got, want, "ApplicationByClientID")
		client, err := t.Client(t.ctx, want.ClientID, uuid.Nil, start)
		t.must(err, "Client")
		t.same(client.Application, want, "Client.Application")
		if client.Session != nil {
			t.failf("Client has a session though none was asked for")
		}
		var secrets []oauthapp.Secret
		if want.ID == app.ID {
			secrets = []oauthapp.Secret{secret}
		}
		t.same(client.Secrets, secrets, "Client.Secrets")
		t.same(t.secretsAt(want, start), secrets, "Secrets")
	}
}

func applicationsUnknown(t *trial) {
	app := t.application("alice")
	absent := t.draft("alice")
	for name, err := range t.onApplication(oauthapp.OwnedBy("alice"), absent) {
		t.want(store.ErrNotFound, err, "%s of an unknown application", name)
	}
	_, err := t.Client(t.ctx, absent.ClientID, uuid.Nil, start)
	t.want(store.ErrNotFound, err, "Client of an unknown client ID")
	_, err = t.Client(t.ctx, "", uuid.Nil, start)
	t.want(store.ErrNotFound, err, "Client of no client ID")
	_, err = t.BeginSession(t.ctx, t.sessionStart(absent, "u", "a"))
	t.want(store.ErrNotFound, err, "BeginSession of an unknown application")
	_, err = t.grantTo(app.ID, "u", "a")
	t.want(store.ErrNotFound, err, "Grant that was never given")
	_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), t.id())
	t.want(store.ErrNotFound, err, "RevokeGrant of an unknown grant")

	unknown := t.sessionStart(app, "u", "a").Session
	t.isDead(unknown, "unknown")
	t.must(t.EndSession(t.ctx, unknown.ID), "EndSession of an unknown session")
	t.must(t.Touch(t.ctx, store.Use{GrantID: t.id(), ApplicationID: absent.ID, SecretID: t.id(), At: start}), "Touch of what is unknown")
	t.must(t.Touch(t.ctx, store.Use{At: start}), "Touch of nothing")
}

// onApplication calls, as an owner, each method that is about an application,
// and returns what they returned. Whatever it could change it tries to change.
func (t *trial) onApplication(owner oauthapp.Owner, app oauthapp.Application) map[string]error {
	results := map[string]error{}
	_, results["Application"] = t.Application(t.ctx, owner, app.ID)
	_, results["ApplicationByClientID"] = t.ApplicationByClientID(t.ctx, owner, app.ClientID)
	changed := app
	changed.Name = "Changed"
	results["UpdateApplication"] = t.UpdateApplication(t.ctx, owner, changed)
	_, results["Secrets"] = t.Secrets(t.ctx, owner, app.ID, start)
	secret := t.secret(app)
	results["AddSecret"] = t.AddSecret(t.ctx, owner, secret, start, plenty)
	_, results["RevokeSecret"] = t.RevokeSecret(t.ctx, owner, app.ID, secret.ID, start)
	_, results["Usage"] = t.Usage(t.ctx, owner, app.ID, plenty)
	_, results["SetStanding"] = t.SetStanding(t.ctx, owner, app.ID, app.Standing, suspended)
	results["TransferApplication"] = t.TransferApplication(t.ctx, owner, app.ID, "another", plenty)
	_, results["RevokeTokens"] = t.RevokeTokens(t.ctx, owner, app.ID, plenty)
	_, results["DeleteApplication"] = t.DeleteApplication(t.ctx, owner, app.ID, start)
	return results
}

func applicationsTaken(t *trial) {
	app := t.application("alice")
	sameID, sameClientID := t.draft("bob"), t.draft("bob")
	sameID.ID = app.ID
	sameClientID.ClientID = app.ClientID
	t.want(store.ErrExists, t.CreateApplication(t.ctx, sameID, nil, plenty), "CreateApplication with an ID in use")
	t.want(store.ErrExists, t.CreateApplication(t.ctx, sameClientID, nil, plenty), "CreateApplication with a client ID in use")
	t.same(t.stored(app), app, "Application after others tried its IDs")
	_, err := t.Application(t.ctx, oauthapp.OwnedBy("bob"), sameClientID.ID)
	t.want(store.ErrNotFound, err, "Application that was refused")
}

func applicationsTakenAtLimit(t *trial) {
	app, secret := t.confidential()
	deleted := t.application("alice")
	_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), deleted.ID, start)
	t.must(err, "DeleteApplication")
	for _, taken := range []oauthapp.Application{app, deleted} {
		sameID, sameClientID := t.draft("alice"), t.draft("alice")
		sameID.ID, sameClientID.ClientID = taken.ID, taken.ClientID
		for _, limit := range []int{0, 1} {
			t.want(store.ErrExists, t.CreateApplication(t.ctx, sameID, nil, limit), "CreateApplication with an ID in use, at the limit,")
			t.want(store.ErrExists, t.CreateApplication(t.ctx, sameClientID, nil, limit), "CreateApplication with a client ID in use, at the limit,")
		}
	}
	t.want(store.ErrLimit, t.CreateApplication(t.ctx, t.draft("alice"), nil, 1), "CreateApplication at the limit")

	for _, limit := range []int{0, 1} {
		t.want(store.ErrExists, t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), secret, start.Add(time.Hour), limit), "AddSecret with an ID in use, at the limit,")
	}
	t.want(store.ErrLimit, t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), start.Add(time.Hour), 1), "AddSecret at the limit")
	t.hasSecrets(app, start, secret)
}

func applicationsTakenAtOnce(t *trial) {
	apps := make([]oauthapp.Application, crowd)
	for i := range apps {
		apps[i] = t.draft(fmt.Sprint("owner-", i))
		apps[i].ClientID = "wanted"
	}
	results := t.together(crowd, func(i int) error { return t.node(i).CreateApplication(t.ctx, apps[i], nil, plenty) })
	t.winners(1, store.ErrExists, results, "CreateApplication with one client ID")
	client, err := t.Client(t.ctx, "wanted", uuid.Nil, start)
	t.must(err, "Client")
	t.same(client.Application, apps[slices.Index(results, nil)], "Client.Application, which must be the one that was kept")
}

func applicationsLimit(t *trial) {
	first := t.draft("alice")
	t.must(t.CreateApplication(t.ctx, first, nil, 2), "CreateApplication")
	t.must(t.CreateApplication(t.ctx, t.draft("alice"), nil, 2), "CreateApplication up to the limit")
	refused := t.draft("alice")
	secret := t.secret(refused)
	t.want(store.ErrLimit, t.CreateApplication(t.ctx, refused, &secret, 2), "CreateApplication beyond the limit")
	_, err := t.Application(t.ctx, oauthapp.OwnedBy("alice"), refused.ID)
	t.want(store.ErrNotFound, err, "Application that was refused")
	t.must(t.CreateApplication(t.ctx, t.draft("bob"), nil, 2), "CreateApplication of another owner")

	_, err = t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), first.ID, start)
	t.must(err, "DeleteApplication")
	t.must(t.CreateApplication(t.ctx, refused, &secret, 2), "CreateApplication after another was deleted")
	t.want(store.ErrLimit, t.CreateApplication(t.ctx, t.draft("alice"), nil, 2), "CreateApplication beyond the limit again")
}

func applicationsLimitAtOnce(t *trial) {
	const limit = 7
	results := t.together(crowd, func(i int) error {
		return t.node(i).CreateApplication(t.ctx, t.draft("alice"), nil, limit)
	})
	t.winners(limit, store.ErrLimit, results, "CreateApplication")
	list, err := t.Applications(t.ctx, oauthapp.OwnedBy("alice"), oauthapp.Page{})
	t.must(err, "Applications")
	if len(list.Items) != limit {
		t.failf("the owner has %d applications, not %d", len(list.Items), limit)
	}
}

func applicationsUpdate(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	update := oauthapp.Application{
		ID:           app.ID,
		ClientID:     "ignored",
		Owner:        "ignored",
		Name:         "New name",
		HomepageURL:  "https://new.example.com/",
		CallbackURLs: []string{"https://new.example.com/2", "https://new.example.com/1"},
		Extra:        []byte("updated\x00\xff"),
		Type:         oauthapp.Public,
		CreatedAt:    start.Add(time.Hour),
		UpdatedAt:    start.Add(time.Hour),
		LastUsedAt:   start.Add(time.Hour),
		Version:      app.Version,
	}
	t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), update), "UpdateApplication")
	want := app
	want.Name, want.Description, want.HomepageURL = update.Name, "", update.HomepageURL
	want.CallbackURLs, want.Scopes, want.Extra = update.CallbackURLs, nil, update.Extra
	want.UpdatedAt = update.UpdatedAt
	want.Version++
	t.same(t.stored(app), want, "Application after an update")
	client, err := t.Client(t.ctx, app.ClientID, uuid.Nil, start)
	t.must(err, "Client")
	t.same(client.Application, want, "Client.Application after an update")
	t.same(t.stored(other), other, "another Application after an update")
	for _, extra := range [][]byte{nil, bytes.Repeat([]byte{0xff, 0}, oauthapp.MaxExtra/2), {0}} {
		want.Extra = bytes.Clone(extra)
		t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), want), "UpdateApplication with an Extra of %d bytes", len(extra))
		want.Version++
		t.same(t.stored(want), want, "Application with an Extra of %d bytes", len(extra))
	}
}

func applicationsConflict(t *trial) {
	app := t.application("alice")
	t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), app), "UpdateApplication")
	want := t.stored(app)
	for _, version := range []int64{0, app.Version, app.Version + 2} {
		stale := app
		stale.Name = "Stale"
		stale.Version = version
		t.want(store.ErrConflict, t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), stale), "UpdateApplication from version %d of %d", version, want.Version)
	}
	t.same(t.stored(app), want, "Application after updates that were refused")
}

func applicationsUpdateAtOnce(t *trial) {
	app := t.application("alice")
	var reading sync.WaitGroup
	reading.Add(crowd)
	t.together(crowd, func(i int) error {
		t := t.node(i)
		read := sync.OnceFunc(reading.Done)
		defer read()
		for range 100 * crowd {
			seen, err := t.Application(t.ctx, oauthapp.OwnedBy("alice"), app.ID)
			t.must(err, "Application")
			read()
			reading.Wait() // all have seen the first version before any updates it
			seen.Scopes = append(seen.Scopes, fmt.Sprint("scope-", i))
			err = t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), seen)
			if err == nil {
				return nil
			}
			t.want(store.ErrConflict, err, "UpdateApplication, called at once with others,")
		}
		t.failf("UpdateApplication refused %d updates in a row", 100*crowd)
		return nil
	})
	got := t.stored(app)
	if got.Version != app.Version+crowd {
		t.failf("after %d updates the version went from %d to %d", crowd, app.Version, got.Version)
	}
	for i := range crowd {
		if scope := fmt.Sprint("scope-", i); !slices.Contains(got.Scopes, scope) {
			t.failf("the update that added %s is lost", scope)
		}
	}
}

func applicationsOwner(t *trial) {
	app := t.draft("alice")
	secret := t.secret(app)
	t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication")
	session := t.signIn(app, "u", "a", "read")
	for _, account := range []string{"bob", "", "alic", "alice ", "ALICE", "%", "a", "*"} {
		owner := oauthapp.OwnedBy(account)
		for name, err := range t.onApplication(owner, app) {
			t.want(store.ErrNotFound, err, "%s as %v of an application of alice", name, owner)
		}
		_, err := t.RevokeSecret(t.ctx, owner, app.ID, secret.ID, start)
		t.want(store.ErrNotFound, err, "RevokeSecret as %v of a secret of alice", owner)
		list, err := t.Applications(t.ctx, owner, oauthapp.Page{})
		t.must(err, "Applications")
		t.same(list, oauthapp.List[oauthapp.Application]{}, "Applications of %v", owner)
	}
	t.same(t.stored(app), app, "Application after others tried to change it")
	t.same(t.secretsAt(app, start), []oauthapp.Secret{secret}, "Secrets after others tried to change them")
	t.isLive(session, "after others tried to revoke it")
}

func applicationsAnyOwner(t *trial) {
	app := t.application("alice")
	changed := app
	changed.Name = "Changed"
	t.must(t.UpdateApplication(t.ctx, oauthapp.AnyOwner, changed), "UpdateApplication as AnyOwner")
	changed.Version++
	t.same(t.stored(app), changed, "Application after AnyOwner updated it")

	secret := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.AnyOwner, secret, start, plenty), "AddSecret as AnyOwner")
	secrets, err := t.Secrets(t.ctx, oauthapp.AnyOwner, app.ID, start)
	t.must(err, "Secrets as AnyOwner")
	t.same(secrets, []oauthapp.Secret{secret}, "Secrets as AnyOwner")
	_, err = t.RevokeSecret(t.ctx, oauthapp.AnyOwner, app.ID, secret.ID, start)
	t.must(err, "RevokeSecret as AnyOwner")

	session := t.signIn(app, "u", "a", "read")
	for name, call := range map[string]func(context.Context, oauthapp.Owner, uuid.UUID) (oauthapp.Usage, error){
		"Usage": func(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Usage, error) {
			return t.Usage(ctx, owner, id, plenty)
		},
		"RevokeTokens": func(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Usage, error) {
			return t.RevokeTokens(ctx, owner, id, plenty)
		},
	} {
		_, err := call(t.ctx, oauthapp.AnyOwner, app.ID)
		t.must(err, "%s as AnyOwner", name)
	}
	t.isDead(session, "after AnyOwner revoked all tokens")
	_, err = t.DeleteApplication(t.ctx, oauthapp.AnyOwner, app.ID, start)
	t.must(err, "DeleteApplication as AnyOwner")
	_, err = t.Application(t.ctx, oauthapp.OwnedBy("alice"), app.ID)
	t.want(store.ErrNotFound, err, "Application after AnyOwner deleted it")
}
