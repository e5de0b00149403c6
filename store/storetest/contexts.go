package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var contextRules = []rule{
	{"context/cancelled", "a call whose context is cancelled succeeds wholly, or fails having changed nothing", contextCancelled},
	{"context/cancelled meanwhile", "a call whose context is cancelled meanwhile never does half", contextCancelledMeanwhile},
}

// A world is what changes are about: one of each.
type world struct {
	app      oauthapp.Application
	secret   oauthapp.Secret
	code     store.Session
	session  store.Session
	created  oauthapp.Application
	begun    store.SessionStart
	rotation store.Rotation
	issue    store.Redemption
	kept     store.Record
	unkept   store.Record
	token    oauthapp.APIToken
	untaken  oauthapp.APIToken
}

func (t *trial) world() *world {
	w := new(world)
	w.app, w.secret = t.confidential()
	w.session = t.signIn(w.app, "u", "a", "read")
	w.code = t.begin(w.app, "u", "a", "read")
	w.created = t.draft("alice")
	w.begun = t.sessionStart(w.app, "v", "a", "read")
	w.issue = t.redemption(w.code)
	w.rotation = t.rotation(w.session)
	w.kept, w.unkept = t.keep(), t.record()
	w.token, w.untaken = t.makeAPIToken(t.id().String(), "a"), t.apiToken("u", "")
	return w
}

// look returns all that the store shows of a world.
func (t *trial) look(w *world) []any {
	var seen []any
	note := func(value any, err error) {
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.must(err, "reading after a cancelled call")
		}
		seen = append(seen, value, err == nil)
	}
	app, err := t.Application(t.ctx, oauthapp.OwnedBy("alice"), w.app.ID)
	note(app, err)
	created, err := t.Client(t.ctx, w.created.ClientID, uuid.Nil, start)
	note(created, err)
	secrets, err := t.Secrets(t.ctx, oauthapp.OwnedBy("alice"), w.app.ID, start)
	note(secrets, err)
	for _, s := range []store.Session{w.code, w.session, w.begun.Session} {
		session, err := t.Session(t.ctx, s.ID)
		note(session, err)
		grant, err := t.grantTo(w.app.ID, s.UserID, s.AccountID)
		note(grant, err)
	}
	client, err := t.Client(t.ctx, w.app.ClientID, w.session.ID, start)
	note(client, err)
	grants, err := t.Grants(t.ctx, oauthapp.GrantsToApplication(w.app.ID), oauthapp.Page{})
	note(grants, err)
	newest, err := t.Applications(t.ctx, oauthapp.OwnedBy("alice"), oauthapp.Page{Limit: 2})
	note(newest, err)
	usage, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), w.app.ID, plenty)
	note(usage, err)
	for _, r := range []store.Record{w.kept, w.unkept} {
		record, err := t.Look(t.ctx, r.Kind, r.Digest, start)
		note(record, err)
	}
	for _, token := range []oauthapp.APIToken{w.token, w.untaken} {
		token, err := t.APIToken(t.ctx, token.ID, start)
		note(token, err)
	}
	return seen
}

// changes calls each method that changes something, on a world.
var changes = map[string]func(ctx context.Context, t *trial, w *world) error{
	"CreateApplication": func(ctx context.Context, t *trial, w *world) error {
		secret := t.secret(w.created)
		return t.CreateApplication(ctx, w.created, &secret, plenty)
	},
	"UpdateApplication": func(ctx context.Context, t *trial, w *world) error {
		app := w.app
		app.Name = "Changed"
		return t.UpdateApplication(ctx, oauthapp.OwnedBy("alice"), app)
	},
	"SetStanding": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.SetStanding(ctx, oauthapp.OwnedBy("alice"), w.app.ID, w.app.Standing, suspended)
		return err
	},
	"TransferApplication": func(ctx context.Context, t *trial, w *world) error {
		return t.TransferApplication(ctx, oauthapp.OwnedBy("alice"), w.app.ID, "another", plenty)
	},
	"EndGrants": func(ctx context.Context, t *trial, w *world) error {
		_, _, err := t.EndGrants(ctx, oauthapp.GrantsOfUser("u").ToApplication(w.app.ID), "", 200)
		return err
	},
	"DeleteApplication": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.DeleteApplication(ctx, oauthapp.OwnedBy("alice"), w.app.ID, start)
		return err
	},
	"AddSecret": func(ctx context.Context, t *trial, w *world) error {
		return t.AddSecret(ctx, oauthapp.OwnedBy("alice"), t.secret(w.app), start.Add(time.Hour), plenty)
	},
	"RevokeSecret": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.RevokeSecret(ctx, oauthapp.OwnedBy("alice"), w.app.ID, w.secret.ID, start)
		return err
	},
	"RevokeTokens": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.RevokeTokens(ctx, oauthapp.OwnedBy("alice"), w.app.ID, plenty)
		return err
	},
	"RevokeGrant": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.RevokeGrant(ctx, oauthapp.GrantsOfUser("u"), w.session.GrantID)
		return err
	},
	"BeginSession": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.BeginSession(ctx, w.begun)
		return err
	},
	"RedeemCode":         func(ctx context.Context, t *trial, w *world) error { return t.RedeemCode(ctx, w.issue) },
	"RotateRefreshToken": func(ctx context.Context, t *trial, w *world) error { return t.RotateRefreshToken(ctx, w.rotation) },
	"EndSession":         func(ctx context.Context, t *trial, w *world) error { return t.EndSession(ctx, w.session.ID) },
	"Keep":               func(ctx context.Context, t *trial, w *world) error { return t.Keep(ctx, w.unkept, start) },
	"Replace": func(ctx context.Context, t *trial, w *world) error {
		r := w.kept
		r.Value = []byte("replaced")
		return t.Replace(ctx, r, w.kept.Value, start)
	},
	"Take": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.Take(ctx, w.kept.Kind, w.kept.Digest, start)
		return err
	},
	"CreateAPIToken": func(ctx context.Context, t *trial, w *world) error { return t.CreateAPIToken(ctx, w.untaken, plenty) },
	"RevokeAPIToken": func(ctx context.Context, t *trial, w *world) error {
		_, err := t.RevokeAPIToken(ctx, filterOf(w.token), w.token.ID, start)
		return err
	},
	"EndAPITokens": func(ctx context.Context, t *trial, w *world) error {
		_, _, err := t.EndAPITokens(ctx, oauthapp.GrantsOfUser(w.token.UserID), "", 200)
		return err
	},
	"Touch": func(ctx context.Context, t *trial, w *world) error {
		return t.Touch(ctx, store.Use{GrantID: w.session.GrantID, ApplicationID: w.app.ID, SecretID: w.secret.ID, At: start.Add(time.Hour)})
	},
}

// effect is which of what look returns was changed.
func effect(before, after []any) []bool {
	changed := make([]bool, len(before))
	for i := range before {
		var found []string
		differences("", reflect.ValueOf(before[i]), reflect.ValueOf(after[i]), &found)
		changed[i] = len(found) > 0
	}
	return changed
}

// undisturbed makes a change in a world of its own. It returns its whole effect
// and how long it took.
func (t *trial) undisturbed(name string) (whole []bool, took time.Duration) {
	w := t.world()
	before := t.look(w)
	began := time.Now()
	t.must(changes[name](t.ctx, t, w), "%s", name)
	took = time.Since(began)
	whole = effect(before, t.look(w))
	if !slices.Contains(whole, true) {
		t.failf("%s changed nothing", name)
	}
	return whole, took
}

func contextCancelled(t *trial) {
	cancelled, cancel := context.WithCancel(t.ctx)
	cancel()
	for name, change := range changes {
		whole, _ := t.undisturbed(name)
		w := t.world()
		before := t.look(w)
		err := change(cancelled, t, w)
		got := effect(before, t.look(w))
		switch {
		case err == nil && !slices.Equal(got, whole):
			t.failf("%s with a cancelled context returned nil, and did not all that it does", name)
		case err != nil && slices.Contains(got, true):
			t.failf("%s with a cancelled context returned %s, and changed something", name, describe(err))
		case err != nil:
			t.must(change(t.ctx, t, w), "%s, which failed before with a cancelled context,", name)
		}
	}
	if _, _, err := t.CleanUp(cancelled, start, "", 1); err != nil {
		t.cleanUp(start)
	}
}

func contextCancelledMeanwhile(t *trial) {
	for name, change := range changes {
		whole, took := t.undisturbed(name)
		for i := range 8 {
			w := t.world()
			before := t.look(w)
			ctx, cancel := context.WithTimeout(t.ctx, rand.N(2*took+1))
			err := change(ctx, t, w)
			cancel()
			got := effect(before, t.look(w))
			if err == nil && !slices.Equal(got, whole) {
				t.failf("%s, try %d, returned nil and did not all that it does", name, i)
			}
			if err != nil && slices.Contains(got, true) && !slices.Equal(got, whole) {
				t.failf("%s, try %d, was cancelled meanwhile, returned %s, and did half", name, i, describe(err))
			}
		}
	}
}
