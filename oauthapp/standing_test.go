package oauthapp_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

func TestChangeStanding(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	require.Equal(t, oauthapp.Standing{}, app.Standing)
	ctx := oauthapp.WithActor(t.Context(), oauthapp.Actor{UserID: "admin"})
	for _, step := range []struct {
		standing oauthapp.Standing
		event    oauthapp.EventType // "" for none
	}{
		{oauthapp.Standing{}, ""},
		{oauthapp.Standing{Approved: true}, oauthapp.ApplicationStandingChanged},
		{oauthapp.Standing{Approved: true, Suspended: true, Reason: " It sent spam.\r\nTwice. "}, oauthapp.ApplicationSuspended},
		{oauthapp.Standing{Suspended: true, Reason: "Another reason."}, oauthapp.ApplicationStandingChanged},
		{oauthapp.Standing{Verified: true, Trusted: true}, oauthapp.ApplicationReinstated},
		{oauthapp.Standing{Verified: true, Trusted: true}, ""},
	} {
		f.events = nil
		got, err := f.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = step.standing })
		require.NoError(t, err)
		step.standing.Reason = strings.TrimSpace(strings.ReplaceAll(step.standing.Reason, "\r", ""))
		app.Standing = step.standing
		require.Equal(t, app, got)
		kept, err := f.Application(ctx, oauthapp.OwnedBy(alice), app.ID)
		require.NoError(t, err)
		require.Equal(t, app, kept)
		if step.event == "" {
			require.Empty(t, f.events)
			continue
		}
		require.Equal(t, []oauthapp.Event{{
			Type: step.event, Time: f.kept(), Actor: oauthapp.Actor{UserID: "admin"}, ApplicationID: app.ID,
			ApplicationName: app.Name, ClientID: app.ClientID, Owner: alice, Reason: step.standing.Reason,
		}}, f.events)
	}

	_, err := f.ChangeStanding(ctx, oauthapp.OwnedBy(bob), app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: true} })
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
	for reason, message := range map[string]string{strings.Repeat("x", 1001): "Reason is too long", "a\x00b": "Reason may have line breaks"} {
		_, err = f.ChangeStanding(ctx, oauthapp.OwnedBy(alice), app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Reason: reason} })
		require.ErrorContains(t, err, message)
	}
	// An edit by the developer leaves the standing alone.
	reg := app.Registration()
	reg.Name = "Renamed"
	updated, err := f.Update(ctx, oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	require.Equal(t, app.Standing, updated.Standing)
}

// Administrators who change one standing at the same time, each another
// property of it, lose nothing.
func TestChangeStandingAtOnce(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	changes := []func(*oauthapp.Standing){
		func(s *oauthapp.Standing) { s.Suspended = true },
		func(s *oauthapp.Standing) { s.Approved = true },
		func(s *oauthapp.Standing) { s.Verified = true },
		func(s *oauthapp.Standing) { s.Trusted = true },
		func(s *oauthapp.Standing) { s.Reason = "Why" },
	}
	var read, done sync.WaitGroup
	read.Add(len(changes))
	errs := make([]error, len(changes))
	for i, change := range changes {
		done.Go(func() {
			first := true
			_, errs[i] = f.ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
				if first { // all have read the same
					first = false
					read.Done()
					read.Wait()
				}
				change(s)
			})
		})
	}
	done.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	got, err := f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Standing{Suspended: true, Approved: true, Verified: true, Trusted: true, Reason: "Why"}, got.Standing)
}

func TestRegisterOwnerless(t *testing.T) {
	f := newFixture(t)
	reg := registration()
	reg.Extra = map[string]any{"registration": map[string]string{"token": "digest"}}
	app, secret, err := f.RegisterOwnerless(t.Context(), reg)
	require.NoError(t, err)
	require.False(t, secret.IsZero())
	require.Empty(t, app.Owner)
	require.Equal(t, oauthapp.ApplicationCreated, f.events[0].Type)

	_, err = f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
	_, err = f.Application(t.Context(), oauthapp.OwnedBy(""), app.ID)
	require.ErrorContains(t, err, "owner is empty", "a host that forgot the owner reaches nothing")
	kept, err := f.Application(t.Context(), oauthapp.AnyOwner, app.ID)
	require.NoError(t, err)
	require.Equal(t, app, kept)

	_, err = f.ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Trusted: true} })
	require.ErrorContains(t, err, "trusted: An application that registered itself cannot be trusted.")
	_, err = f.ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Verified: true} })
	require.NoError(t, err)
}

func TestExtra(t *testing.T) {
	type keys struct{ URI string }
	f := newFixture(t)
	reg := registration()
	reg.Extra = map[string]any{"keys": keys{"https://example.com/jwks"}, "par": true}
	app, _, err := f.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":{"URI":"https://example.com/jwks"},"par":true}`, string(app.Extra))

	var got keys
	found, err := app.ReadExtra("keys", &got)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, keys{"https://example.com/jwks"}, got)
	found, err = app.ReadExtra("dpop", &got)
	require.NoError(t, err)
	require.False(t, found)
	_, err = app.ReadExtra("par", &got)
	require.Error(t, err)

	f.events = nil
	app, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "par", nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":{"URI":"https://example.com/jwks"}}`, string(app.Extra))
	require.Equal(t, oauthapp.ApplicationUpdated, f.events[0].Type)
	again, err := f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "par", nil)
	require.NoError(t, err)
	require.Equal(t, app, again)
	require.Len(t, f.events, 1, "nothing changed")

	edit := app.Registration()
	edit.Name = "Renamed"
	app, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit)
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":{"URI":"https://example.com/jwks"}}`, string(app.Extra), "an edit keeps it")
	edit.Extra = map[string]any{"keys": nil, "dpop": true}
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit)
	var conflict *oauthapp.ConflictError
	require.ErrorAs(t, err, &conflict, "of another version")
	edit.Version = app.Version
	edited, err := f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit)
	require.NoError(t, err)
	require.JSONEq(t, `{"dpop":true}`, string(edited.Extra))
	again, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit)
	require.NoError(t, err)
	require.Equal(t, edited, again, "sent twice")
	edit.Version, edit.Extra = edited.Version, map[string]any{"keys": keys{"https://example.com/jwks"}, "dpop": nil}
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit)
	require.NoError(t, err)

	_, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(bob), app.ID, "par", true)
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
	_, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "Not a name", true)
	require.ErrorContains(t, err, "does not name an entry")
	_, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "par", strings.Repeat("x", oauthapp.MaxExtra))
	require.ErrorContains(t, err, "extra: Extra is too long")
	_, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "par", func() {})
	require.Error(t, err)
	app, err = f.SetExtra(t.Context(), oauthapp.OwnedBy(alice), app.ID, "keys", nil)
	require.NoError(t, err)
	require.Empty(t, app.Extra)
}

// Entries that are set at once are all kept.
func TestSetExtraAtOnce(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: f.store})
	require.NoError(t, err)
	names := []string{"a", "b", "c", "d", "e"}
	var wg sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		wg.Go(func() { _, errs[i] = registry.SetExtra(context.Background(), oauthapp.OwnedBy(alice), app.ID, name, i) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	app, err = f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":0,"b":1,"c":2,"d":3,"e":4}`, string(app.Extra))
}
