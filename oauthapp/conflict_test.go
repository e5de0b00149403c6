package oauthapp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Two people have the form open. The first removes a callback URL; the second,
// who still sees it, changes the description. The second learns of it and
// brings nothing back.
func TestUpdateOfAnOldVersion(t *testing.T) {
	f := newFixture(t)
	reg := registration()
	reg.CallbackURLs = []string{"https://example.com/callback", "https://example.com/stolen"}
	app, _, err := f.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	require.Equal(t, reg.CallbackURLs, app.Registration().CallbackURLs)

	first, second := app.Registration(), app.Registration()
	first.CallbackURLs = first.CallbackURLs[:1]
	newest, err := f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, first)
	require.NoError(t, err)
	f.events = nil

	second.Description = "Other words"
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, second)
	var conflict *oauthapp.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.ErrorIs(t, err, oauthapp.ErrConflict)
	require.Equal(t, newest, conflict.Application)
	callbacks := oauthapp.Change{
		Field: "callback_url", Old: "https://example.com/callback\nhttps://example.com/stolen", New: "https://example.com/callback",
	}
	require.Equal(t, []oauthapp.Change{callbacks}, conflict.Application.Changes(app.Registration()), "what changed since")
	require.Equal(t, []oauthapp.Change{{Field: "description", Old: "Other words", New: "An example"}, callbacks}, conflict.Application.Changes(second),
		"what the edit would change")
	kept, err := f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, newest, kept)
	require.Empty(t, f.events)

	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, first)
	require.NoError(t, err, "a form that is sent a second time did what it says")
	require.Empty(t, f.events)

	forgotten := second
	forgotten.Version = 0
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, forgotten)
	require.ErrorAs(t, err, &conflict, "no version is no permission")
	for _, version := range []int64{-1, newest.Version + 1} {
		forgotten.Version = version
		_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, forgotten)
		require.ErrorAs(t, err, &conflict)
	}

	second.CallbackURLs, second.Version = conflict.Application.CallbackURLs, conflict.Application.Version
	kept, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, second)
	require.NoError(t, err)
	require.Equal(t, "Other words", kept.Description)
	require.Equal(t, first.CallbackURLs, kept.CallbackURLs)
}

// What a form changes by itself, such as line ends, is no change.
func TestChangesAreThoseOfTheMeaning(t *testing.T) {
	app := oauthapp.Application{
		Name: "Example", Description: "Two\nlines", CallbackURLs: []string{"https://example.com/"}, Scopes: []string{"read", "write"}, Version: 3,
	}
	require.Empty(t, app.Changes(oauthapp.Registration{
		Name: " Example ", Description: "Two\r\nlines\r\n", CallbackURLs: []string{"", "https://example.com/ "}, Scopes: []string{"write", "read"},
	}))
	require.ErrorContains(t, &oauthapp.ConflictError{Application: app}, "updated meanwhile, to version 3")
}

// Of edits that were begun from the same version one takes place, and the
// others tell what it changed.
func TestConcurrentUpdates(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: f.store, Scopes: []string{"read", "write"}})
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			reg := app.Registration()
			reg.Name = fmt.Sprint(i)
			_, errs[i] = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
		})
	}
	wg.Wait()
	kept, err := registry.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, app.Version+1, kept.Version)
	for i, err := range errs {
		var conflict *oauthapp.ConflictError
		if kept.Name == fmt.Sprint(i) {
			require.NoError(t, err)
			continue
		}
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []oauthapp.Change{{Field: "name", Old: "Example", New: kept.Name}}, conflict.Application.Changes(app.Registration()))
	}
}

// FuzzConcurrentEdits: whatever two people edit at the same time, an edit that
// took place has left alone what it did not touch, and one that did not tells
// every change.
func FuzzConcurrentEdits(f *testing.F) {
	f.Add("first", "second", uint8(8), uint8(2))
	f.Add("same", "same", uint8(31), uint8(31))
	f.Add("", "x", uint8(1), uint8(16))
	f.Fuzz(func(t *testing.T, first, second string, firstFields, secondFields uint8) {
		registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), Scopes: []string{"read", "write"}})
		require.NoError(t, err)
		app, _, err := registry.Register(t.Context(), alice, registration())
		require.NoError(t, err)
		base := app.Registration()
		edits := []oauthapp.Registration{edited(base, first, firstFields), edited(base, second, secondFields)}
		errs := make([]error, len(edits))
		var wg sync.WaitGroup
		for i, edit := range edits {
			wg.Go(func() { _, errs[i] = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, edit) })
		}
		wg.Wait()

		kept, err := registry.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
		require.NoError(t, err)
		for i, err := range errs {
			var conflict *oauthapp.ConflictError
			switch {
			case err == nil:
				require.Empty(t, kept.Changes(edits[i]), "an edit that took place is what is kept")
			case errors.As(err, &conflict):
				require.Equal(t, kept, conflict.Application)
				require.Equal(t, kept.Changes(base), conflict.Application.Changes(base))
				require.NotEmpty(t, conflict.Application.Changes(edits[i]))
				other := kept.Changes(base)
				for field, value := range values(kept.Registration()) {
					changed := slices.ContainsFunc(other, func(c oauthapp.Change) bool { return c.Field == field && c.New == value })
					require.Equal(t, value != values(base)[field], changed, field)
				}
			default:
				require.ErrorAs(t, err, new(*oauthapp.ValidationError))
			}
		}
	})
}

// edited returns base with some of its fields, one a bit, made of a text.
func edited(base oauthapp.Registration, text string, fields uint8) oauthapp.Registration {
	for i, edit := range []func(){
		func() { base.Name = text },
		func() { base.Description = text },
		func() { base.HomepageURL = "https://example.com/" + text },
		func() { base.CallbackURLs = []string{"https://example.com/" + text} },
		func() { base.Scopes = []string{[]string{"read", "write"}[len(text)%2]} },
	} {
		if fields>>i&1 == 1 {
			edit()
		}
	}
	return base
}

func values(reg oauthapp.Registration) map[string]string {
	return map[string]string{
		"name": reg.Name, "description": reg.Description, "homepage_url": reg.HomepageURL,
		"callback_url": strings.Join(reg.CallbackURLs, "\n"), "scopes": strings.Join(reg.Scopes, "\n"),
	}
}

// A store that refuses an update without another one having been made is asked
// again, as long as that makes sense.
func TestUpdateAsksAgain(t *testing.T) {
	contended := &contendedStore{Store: memory.New()}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: contended, Scopes: []string{"read", "write"}})
	require.NoError(t, err)
	app, _, err := registry.Register(t.Context(), alice, registration())
	require.NoError(t, err)

	contended.tried, contended.conflicts = nil, 5
	reg := app.Registration()
	reg.Name = "Renamed"
	updated, err := registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	require.Equal(t, "Renamed", updated.Name)
	require.Len(t, contended.tried, 6)

	contended.tried, contended.conflicts = nil, 1000
	_, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, updated.Registration())
	require.ErrorIs(t, err, oauthapp.ErrConflict)
	require.Less(t, len(contended.tried), 100, "it gives up")
}

// forgetfulStore makes a change, loses the answer and tries again by itself.
type forgetfulStore struct{ oauthapp.Store }

func (s forgetfulStore) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	if err := s.Store.UpdateApplication(ctx, owner, app); err != nil {
		return err
	}
	return s.Store.UpdateApplication(ctx, owner, app)
}

func TestUpdateWhoseAnswerWasLost(t *testing.T) {
	var events []oauthapp.EventType
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store: forgetfulStore{memory.New()}, Scopes: []string{"read", "write"},
		Events: func(_ context.Context, e oauthapp.Event) { events = append(events, e.Type) },
	})
	require.NoError(t, err)
	app, _, err := registry.Register(t.Context(), alice, registration())
	require.NoError(t, err)
	reg := app.Registration()
	reg.Name = "Renamed"
	app, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	require.Equal(t, "Renamed", app.Name)
	require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationCreated, oauthapp.ApplicationUpdated}, events)
}

// An application that is restricted to a scope which the service has withdrawn
// can be edited, keeps the restriction, and gets no other unknown scope.
func TestWithdrawnScopes(t *testing.T) {
	f := newFixture(t)
	reg := registration()
	reg.Scopes = []string{"write"}
	app, _, err := f.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: f.store, Scopes: []string{"read"}})
	require.NoError(t, err)

	reg = app.Registration()
	reg.Description = "Other words"
	app, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	require.Equal(t, []string{"write"}, app.Scopes, "none would be every scope")

	reg = app.Registration()
	reg.Scopes = []string{"write", "admin"}
	_, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	requireInvalid(t, err, "scopes")
	require.ErrorContains(t, err, `"admin" is not a scope of this service; choose from read.`)

	reg.Scopes = []string{"read"}
	app, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	reg = app.Registration()
	reg.Scopes = []string{"read", "write"}
	_, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	requireInvalid(t, err, "scopes")
	_, _, err = registry.Register(t.Context(), alice, reg)
	requireInvalid(t, err, "scopes")
}
