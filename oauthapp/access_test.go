package oauthapp_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func TestEndAccess(t *testing.T) {
	f := newFixture(t)
	apps := make([]oauthapp.Application, 3)
	for i := range apps {
		apps[i], _ = f.register(t, alice)
	}
	for i := range 250 { // more than a step
		f.authorize(t, apps[i%3], fmt.Sprint("user-", i))
	}
	count, more, err := f.CountGrants(t.Context(), oauthapp.GrantsForAccount(bob))
	require.NoError(t, err)
	require.Equal(t, 250, count)
	require.False(t, more)

	f.events = nil
	ctx := oauthapp.WithActor(t.Context(), oauthapp.Actor{UserID: "admin"})
	var steps []oauthapp.Ended
	ended, err := f.EndAccess(ctx, oauthapp.GrantsForAccount(bob), func(e oauthapp.Ended) { steps = append(steps, e) })
	require.NoError(t, err)
	require.Equal(t, oauthapp.Ended{Grants: 250}, ended)
	require.Equal(t, []oauthapp.Ended{{Grants: 200}, {Grants: 250}, {Grants: 250}}, steps)
	event := oauthapp.Event{Type: oauthapp.AccessEnded, Time: f.kept(), Actor: oauthapp.Actor{UserID: "admin"}, AccountID: bob, Grants: 250}
	require.Equal(t, []oauthapp.Event{event}, f.events)
	again, err := f.EndAccess(ctx, oauthapp.GrantsForAccount(bob), nil)
	require.NoError(t, err)
	require.Zero(t, again, "it is safe to repeat")

	f.authorize(t, apps[0], "user-1")
	ended, err = f.EndAccess(ctx, oauthapp.GrantsToOwner(oauthapp.OwnedBy(alice)), nil)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Ended{Applications: 3}, ended)
	count, _, err = f.CountGrants(t.Context(), oauthapp.GrantsToOwner(oauthapp.AnyOwner))
	require.NoError(t, err)
	require.Zero(t, count)

	for _, filter := range []oauthapp.GrantFilter{{}, oauthapp.GrantsOfUser(""), oauthapp.GrantsOfUser("user-1").ForAccount("")} {
		_, err = f.EndAccess(ctx, filter, nil)
		require.ErrorContains(t, err, "empty")
		_, _, err = f.CountGrants(ctx, filter)
		require.ErrorContains(t, err, "empty")
	}
	_, err = f.Erase(ctx, "")
	require.ErrorContains(t, err, "empty")
}

// What was ended before a failure is reported.
func TestEndAccessFails(t *testing.T) {
	m := memory.New()
	var events []oauthapp.Event
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store:  &failsAfter{Store: m, steps: 1},
		Events: func(_ context.Context, e oauthapp.Event) { events = append(events, e) },
	})
	require.NoError(t, err)
	f := newFixture(t)
	f.store = m
	app, _, err := registry.Register(t.Context(), alice, oauthapp.Registration{
		Name: "Example", HomepageURL: "https://example.com", CallbackURLs: []string{"https://example.com/callback"},
	})
	require.NoError(t, err)
	for i := range 250 {
		f.authorize(t, app, fmt.Sprint("user-", i))
	}
	events = nil
	ended, err := registry.EndAccess(t.Context(), oauthapp.GrantsForAccount(bob), nil)
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, oauthapp.Ended{Grants: 200}, ended)
	require.Len(t, events, 1)
	require.Equal(t, 200, events[0].Grants)
	_, err = registry.EndAccess(t.Context(), oauthapp.GrantsForAccount(bob), nil)
	require.ErrorIs(t, err, errBroken)
	require.Len(t, events, 1, "nothing was ended")
}

type failsAfter struct {
	*memory.Store
	steps int
}

func (s *failsAfter) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (string, oauthapp.Ended, error) {
	if s.steps--; s.steps < 0 {
		return "", oauthapp.Ended{}, errBroken
	}
	return s.Store.EndGrants(ctx, filter, cursor, limit)
}

func TestErase(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	f.authorize(t, app, "user-1")
	_, err := f.RevokeTokens(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	f.authorize(t, app, "user-1")
	f.authorize(t, app, "user-2")
	f.events = nil
	ended, err := f.Erase(t.Context(), "user-1")
	require.NoError(t, err)
	require.Equal(t, oauthapp.Ended{Grants: 1}, ended)
	require.Len(t, f.events, 1)
	require.Equal(t, oauthapp.UserErased, f.events[0].Type)
	require.Equal(t, "user-1", f.events[0].UserID)
	_, removed, err := f.store.CleanUp(t.Context(), f.kept(), "g", 100)
	require.NoError(t, err)
	require.Zero(t, removed, "the grant that ended before is removed too")
	count, _, err := f.CountGrants(t.Context(), oauthapp.GrantsForAccount(bob))
	require.NoError(t, err)
	require.Equal(t, 1, count, "that of another user")
}

func TestTransfer(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	grant := f.authorize(t, app, "user-1")
	_, err := f.ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Trusted: true, Reason: "Ours"} })
	require.NoError(t, err)
	f.events = nil
	got, err := f.Transfer(t.Context(), oauthapp.OwnedBy(alice), app.ID, bob)
	require.NoError(t, err)
	app.Owner, app.Standing = bob, oauthapp.Standing{Reason: "Ours"}
	require.Equal(t, app, got)
	kept, err := f.Application(t.Context(), oauthapp.OwnedBy(bob), app.ID)
	require.NoError(t, err)
	require.Equal(t, app, kept)
	require.Len(t, f.events, 1)
	require.Equal(t, []any{oauthapp.ApplicationTransferred, bob, alice}, []any{f.events[0].Type, f.events[0].Owner, f.events[0].FormerOwner})
	list, err := f.Grants(t.Context(), oauthapp.GrantsToOwner(oauthapp.OwnedBy(bob)), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, grant.ID, list.Items[0].ID)

	_, err = f.Transfer(t.Context(), oauthapp.OwnedBy(alice), app.ID, alice)
	require.ErrorIs(t, err, oauthapp.ErrNotFound, "alice has it no more")
	_, err = f.Transfer(t.Context(), oauthapp.OwnedBy(bob), app.ID, "")
	require.ErrorContains(t, err, "owner is empty")
	again, err := f.Transfer(t.Context(), oauthapp.OwnedBy(bob), app.ID, bob)
	require.NoError(t, err)
	require.Equal(t, app, again)
	require.Len(t, f.events, 1)
	_, err = f.Transfer(t.Context(), oauthapp.OwnedBy(bob), uuid.Max, alice)
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
}
