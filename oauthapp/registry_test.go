package oauthapp_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const alice, bob = "account-1", "account-2"

// A fixture is a Registry on a store in memory, with a clock that a test moves
// by hand and the events so far.
type fixture struct {
	*oauthapp.Registry
	store  *memory.Store
	now    time.Time
	mu     sync.Mutex // of what calls at once add to events
	events []oauthapp.Event
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{
		store: memory.New(),
		// Neither UTC nor whole microseconds, as the clocks of hosts are.
		now: time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.FixedZone("", 3600)),
	}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store:  f.store,
		Scopes: []string{"read", "write"},
		Events: func(_ context.Context, e oauthapp.Event) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events = append(f.events, e)
		},
		Now: func() time.Time { return f.now },
	})
	require.NoError(t, err)
	f.Registry = registry
	return f
}

// kept is the time of the fixture as a store keeps it.
func (f *fixture) kept() time.Time { return f.now.UTC().Truncate(time.Microsecond) }

func (f *fixture) register(t *testing.T, owner string) (oauthapp.Application, credential.Plaintext) {
	app, secret, err := f.Register(t.Context(), owner, registration())
	require.NoError(t, err)
	return app, secret
}

// authorize makes a user authorize an application.
func (f *fixture) authorize(t *testing.T, app oauthapp.Application, user string) oauthapp.Grant {
	id := uuid.Must(uuid.NewV7())
	grant, err := f.store.BeginSession(t.Context(), store.SessionStart{
		GrantID: uuid.Must(uuid.NewV7()),
		Session: store.Session{
			ID: id, ApplicationID: app.ID, UserID: user, AccountID: bob, Scopes: []string{"read"},
			CreatedAt: f.kept(), ExpiresAt: f.kept().Add(time.Hour),
			Code: store.Code{Digest: credential.DigestOf(id.String()), ExpiresAt: f.kept().Add(time.Minute)},
		},
	})
	require.NoError(t, err)
	return grant
}

func registration() oauthapp.Registration {
	return oauthapp.Registration{
		Name:         "Example",
		Description:  "An example",
		HomepageURL:  "https://example.com",
		CallbackURLs: []string{"https://example.com/callback"},
		Scopes:       []string{"write", "read"},
	}
}

func TestNewRegistryNamesTheBadField(t *testing.T) {
	good := memory.New()
	for field, cfg := range map[string]oauthapp.Config{
		"Store":                           {},
		"MaxApplications":                 {Store: good, MaxApplications: -1},
		"CredentialPrefix":                {Store: good, CredentialPrefix: "Not_This"},
		`PrivateUseSchemes: "javascript"`: {Store: good, PrivateUseSchemes: []string{"cursor", "javascript"}},
		`PrivateUseSchemes: "smb"`:        {Store: good, PrivateUseSchemes: []string{"smb"}},
		`PrivateUseSchemes: "sip"`:        {Store: good, PrivateUseSchemes: []string{"sip"}},
		`PrivateUseSchemes: "Cursor"`:     {Store: good, PrivateUseSchemes: []string{"Cursor"}},
		`PrivateUseSchemes: "a"`:          {Store: good, PrivateUseSchemes: []string{"a"}},
		`PrivateUseSchemes: "a.b"`:        {Store: good, PrivateUseSchemes: []string{"a.b"}},
		`Scopes: ""`:                      {Store: good, Scopes: []string{"read", ""}},
		`Scopes: "a b"`:                   {Store: good, Scopes: []string{"a b"}},
		`Scopes: "é"`:                     {Store: good, Scopes: []string{"é"}},
		`Scopes: "a\""`:                   {Store: good, Scopes: []string{`a"`}},
		`Scopes: "read" is listed twice`:  {Store: good, Scopes: []string{"read", "write", "read"}},
	} {
		registry, err := oauthapp.NewRegistry(cfg)
		require.ErrorContains(t, err, "oauthapp: Config."+field)
		require.Nil(t, registry)
	}
	_, err := oauthapp.NewRegistry(oauthapp.Config{Store: good, Scopes: []string{"repo:read", "https://example.com/s"}})
	require.NoError(t, err)
}

func TestNewRegistryCopiesTheScopes(t *testing.T) {
	scopes := []string{"read"}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), Scopes: scopes})
	require.NoError(t, err)
	scopes[0] = "admin"
	reg := registration()
	reg.Scopes = []string{"admin"}
	_, _, err = registry.Register(t.Context(), alice, reg)
	require.ErrorAs(t, err, new(*oauthapp.ValidationError))
}

func TestRegister(t *testing.T) {
	f := newFixture(t)
	app, secret := f.register(t, alice)

	require.Equal(t, uuid.Version(7), app.ID.Version())
	require.Regexp(t, `^[0-9a-f]{20,}$`, app.ClientID)
	require.Equal(t, app.ClientID, url.QueryEscape(app.ClientID))
	require.Equal(t, oauthapp.Application{
		ID: app.ID, ClientID: app.ClientID,
		Owner: alice, Name: "Example", Description: "An example", HomepageURL: "https://example.com",
		CallbackURLs: []string{"https://example.com/callback"},
		Type:         oauthapp.Confidential,
		Scopes:       []string{"read", "write"},
		CreatedAt:    f.kept(), UpdatedAt: f.kept(),
	}, app)

	kept, err := f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, app, kept)

	require.False(t, secret.IsZero())
	parsed, err := credential.Format{}.Parse(credential.ClientSecret, secret.Reveal())
	require.NoError(t, err)
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Len(t, secrets, 1)
	require.Equal(t, oauthapp.Secret{
		ID: secrets[0].ID, ApplicationID: app.ID,
		Digest: parsed.Digest, Hint: secret.Hint(), CreatedAt: f.kept(),
	}, secrets[0])
	require.Equal(t, uuid.Version(7), secrets[0].ID.Version())
	matched, ok := oauthapp.MatchSecret(secrets, parsed.Digest, f.now)
	require.True(t, ok)
	require.Equal(t, secrets[0], matched)
}

func TestRegisterPublic(t *testing.T) {
	f := newFixture(t)
	reg := registration()
	reg.Type, reg.CallbackURLs = oauthapp.Public, []string{"com.example.app:/callback", "http://127.0.0.1/callback"}
	app, secret, err := f.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Public, app.Type)
	require.True(t, secret.IsZero())
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Empty(t, secrets)

	_, err = f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, 0)
	requireInvalid(t, err, "client_type")
	secrets, err = f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Empty(t, secrets)
}

func TestRegisterReportsEveryBadField(t *testing.T) {
	f := newFixture(t)
	_, secret, err := f.Register(t.Context(), alice, oauthapp.Registration{
		HomepageURL: "javascript:alert(1)", CallbackURLs: []string{"http://example.com"}, Type: "native", Scopes: []string{"admin"},
	})
	requireInvalid(t, err, "name", "homepage_url", "client_type", "callback_url", "scopes")
	require.True(t, secret.IsZero())
	list, err := f.Applications(t.Context(), oauthapp.AnyOwner, oauthapp.Page{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
	require.Empty(t, f.events)
}

func requireInvalid(t *testing.T, err error, fields ...string) {
	t.Helper()
	var invalid *oauthapp.ValidationError
	require.ErrorAs(t, err, &invalid)
	var got []string
	for _, field := range invalid.Fields {
		got = append(got, field.Field)
	}
	require.Equal(t, fields, got)
}

func TestRegisterKeepsTheLimitOfAnOwner(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), MaxApplications: 5})
	require.NoError(t, err)
	reg := registration()
	reg.Scopes = nil
	var (
		wg   sync.WaitGroup
		errs = make([]error, 20)
	)
	for i := range errs {
		wg.Go(func() { _, _, errs[i] = registry.Register(t.Context(), alice, reg) })
	}
	wg.Wait()
	registered := 0
	for _, err := range errs {
		if err == nil {
			registered++
			continue
		}
		require.ErrorIs(t, err, oauthapp.ErrLimit)
	}
	require.Equal(t, 5, registered)
	_, _, err = registry.Register(t.Context(), bob, reg)
	require.NoError(t, err, "the limit is one owner's own")
}

func TestDefaultLimitIs100(t *testing.T) {
	f := newFixture(t)
	for range 100 {
		f.register(t, alice)
	}
	_, _, err := f.Register(t.Context(), alice, registration())
	require.ErrorIs(t, err, oauthapp.ErrLimit)
}

// Whoever forgot to look up the owner reaches nothing; who asks for another's
// gets the answer for what does not exist.
func TestOwners(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	f.events = nil

	calls := map[string]func(ctx context.Context, owner oauthapp.Owner) error{
		"ApplicationByClientID": func(ctx context.Context, owner oauthapp.Owner) error {
			found, err := f.ApplicationByClientID(ctx, owner, app.ClientID)
			if err == nil && found.ID != app.ID {
				return errors.New("another application")
			}
			return err
		},
		"ChangeStanding": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.ChangeStanding(ctx, owner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: true} })
			return err
		},
		"SetExtra": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.SetExtra(ctx, owner, app.ID, "par", true)
			return err
		},
		"Application": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.Application(ctx, owner, app.ID)
			return err
		},
		"Update": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.Update(ctx, owner, app.ID, registration())
			return err
		},
		"Secrets": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.Secrets(ctx, owner, app.ID)
			return err
		},
		"ResetSecret": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.ResetSecret(ctx, owner, app.ID, 0)
			return err
		},
		"RevokeSecret": func(ctx context.Context, owner oauthapp.Owner) error {
			return f.RevokeSecret(ctx, owner, app.ID, secrets[0].ID)
		},
		"Usage": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.Usage(ctx, owner, app.ID)
			return err
		},
		"RevokeTokens": func(ctx context.Context, owner oauthapp.Owner) error {
			_, err := f.RevokeTokens(ctx, owner, app.ID)
			return err
		},
		"Delete": func(ctx context.Context, owner oauthapp.Owner) error { return f.Delete(ctx, owner, app.ID) },
	}
	for name, call := range calls {
		require.ErrorIs(t, call(t.Context(), oauthapp.OwnedBy(bob)), oauthapp.ErrNotFound, name)
		err := call(t.Context(), oauthapp.OwnedBy(""))
		require.ErrorContains(t, err, "owner is empty", name)
		require.NotErrorIs(t, err, oauthapp.ErrNotFound, name)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, call(ctx, oauthapp.OwnedBy(alice)), context.Canceled, name)
	}
	require.Empty(t, f.events)
	unchanged, err := f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, app, unchanged)

	_, err = f.Applications(t.Context(), oauthapp.OwnedBy(""), oauthapp.Page{})
	require.ErrorContains(t, err, "owner is empty")
	_, _, err = f.Register(t.Context(), "", registration())
	require.ErrorContains(t, err, "owner is empty")
	star, _, err := f.Register(t.Context(), "*", registration())
	require.NoError(t, err, "an account may have any ID")
	_, err = f.Application(t.Context(), oauthapp.OwnedBy("*"), app.ID)
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
	require.NoError(t, f.Delete(t.Context(), oauthapp.OwnedBy("*"), star.ID))

	// Administrators reach everything, and change no owner by that.
	_, err = f.ResetSecret(t.Context(), oauthapp.AnyOwner, app.ID, 0)
	require.NoError(t, err)
	updated, err := f.Update(t.Context(), oauthapp.AnyOwner, app.ID, registration())
	require.NoError(t, err)
	require.Equal(t, alice, updated.Owner)
	require.NoError(t, f.Delete(t.Context(), oauthapp.AnyOwner, app.ID))
	for name, call := range calls {
		require.ErrorIs(t, call(t.Context(), oauthapp.OwnedBy(alice)), oauthapp.ErrNotFound, name)
	}
}

func TestApplicationsArePaginated(t *testing.T) {
	f := newFixture(t)
	var want []uuid.UUID
	for range 7 {
		app, _ := f.register(t, alice)
		f.register(t, bob)
		want = append([]uuid.UUID{app.ID}, want...)
	}
	var got []uuid.UUID
	page := oauthapp.Page{Limit: 3}
	for {
		list, err := f.Applications(t.Context(), oauthapp.OwnedBy(alice), page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Items), 3)
		for _, app := range list.Items {
			got = append(got, app.ID)
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	require.Equal(t, want, got)

	_, err := f.Applications(t.Context(), oauthapp.OwnedBy(alice), oauthapp.Page{After: "' OR 1=1"})
	requireInvalid(t, err, "after")
}

func TestUpdate(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	created := f.kept()
	f.now = f.now.Add(time.Hour)

	updated, err := f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, oauthapp.Registration{
		Name: " New ", HomepageURL: "https://new.example", CallbackURLs: []string{"https://new.example/cb"},
	})
	require.NoError(t, err)
	require.Equal(t, oauthapp.Application{
		ID: app.ID, ClientID: app.ClientID, Owner: alice, Type: oauthapp.Confidential,
		Name: "New", HomepageURL: "https://new.example", CallbackURLs: []string{"https://new.example/cb"},
		CreatedAt: created, UpdatedAt: f.kept(), Version: app.Version + 1,
	}, updated)
	kept, err := f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, updated, kept)

	same := registration()
	same.Type, same.Version = oauthapp.Confidential, updated.Version
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, same)
	require.NoError(t, err, "the type that it has")

	public := registration()
	public.Name, public.Type = "", oauthapp.Public
	public.CallbackURLs = []string{"com.example.app:/cb"}
	_, err = f.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, public)
	requireInvalid(t, err, "name", "callback_url", "client_type")
	kept, err = f.Application(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Confidential, kept.Type)
	require.Equal(t, "Example", kept.Name)
}

func TestResetSecret(t *testing.T) {
	f := newFixture(t)
	app, first := f.register(t, alice)
	live := func(secret credential.Plaintext) bool {
		secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
		require.NoError(t, err)
		_, ok := oauthapp.MatchSecret(secrets, secret.Digest(), f.now)
		return ok
	}
	reset := func(overlap time.Duration) credential.Plaintext {
		secret, err := f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, overlap)
		require.NoError(t, err)
		return secret
	}
	require.True(t, live(first))

	f.now = f.now.Add(time.Minute)
	second := reset(time.Hour)
	require.NotEqual(t, first.Reveal(), second.Reveal())
	require.True(t, live(first))
	require.True(t, live(second))

	f.now = f.now.Add(time.Minute)
	third := reset(24 * time.Hour)
	require.True(t, live(first), "its time was up sooner, and still is later than now")

	f.now = f.now.Add(time.Hour - time.Minute)
	require.False(t, live(first), "the second overlap did not prolong the first")
	require.True(t, live(second))
	require.True(t, live(third))

	fourth := reset(0)
	require.False(t, live(second))
	require.False(t, live(third))
	require.True(t, live(fourth))

	f.now = f.now.Add(10 * 365 * 24 * time.Hour)
	require.True(t, live(fourth), "the newest has no end")

	for _, overlap := range []time.Duration{-1, 30*24*time.Hour + 1} {
		_, err := f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, overlap)
		requireInvalid(t, err, "overlap")
	}
	fifth := reset(30 * 24 * time.Hour)
	require.True(t, live(fourth))
	require.True(t, live(fifth))
}

func TestAnApplicationHasAtMostTenSecrets(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	for range 9 {
		_, err := f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, time.Hour)
		require.NoError(t, err)
	}
	f.events = nil
	_, err := f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, time.Hour)
	require.ErrorIs(t, err, oauthapp.ErrLimit)
	require.Empty(t, f.events)
	_, err = f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, 0)
	require.NoError(t, err, "a reset that ends the others is always possible")
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Len(t, secrets, 1)
}

func TestRevokeSecret(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	f.now = f.now.Add(time.Second)
	_, err := f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, time.Hour)
	require.NoError(t, err)
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Len(t, secrets, 2)

	other, _ := f.register(t, alice)
	require.ErrorIs(t, f.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), other.ID, secrets[1].ID), oauthapp.ErrNotFound)
	require.ErrorIs(t, f.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, uuid.Must(uuid.NewV7())), oauthapp.ErrNotFound)

	require.NoError(t, f.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, secrets[1].ID))
	left, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, secrets[:1], left)
	require.ErrorIs(t, f.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, secrets[1].ID), oauthapp.ErrNotFound)

	require.NoError(t, f.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, secrets[0].ID), "the last one too")
	_, err = f.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, 0)
	require.NoError(t, err)
}

func TestRevokeTokens(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	usage, err := f.Usage(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Zero(t, usage)

	for i := range 3 {
		f.authorize(t, app, fmt.Sprint("user-", i))
	}
	usage, err = f.Usage(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, 3, usage.Users)
	require.False(t, usage.More)

	ended, err := f.RevokeTokens(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, usage, ended)
	list, err := f.Grants(t.Context(), oauthapp.GrantsToApplication(app.ID), oauthapp.Page{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
	secrets, err := f.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Len(t, secrets, 1, "the application keeps its secrets")
	ended, err = f.RevokeTokens(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Zero(t, ended.Users)
}

func TestUsageCountsTo1000(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	for i := range 1000 {
		f.authorize(t, app, fmt.Sprint("user-", i))
	}
	usage, err := f.Usage(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Usage{Users: 1000}, usage)
	f.authorize(t, app, "one more")
	usage, err = f.Usage(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Usage{Users: 1000, More: true}, usage)
}

func TestGrants(t *testing.T) {
	f := newFixture(t)
	app, _ := f.register(t, alice)
	other, _ := f.register(t, bob)
	grant := f.authorize(t, app, "user-1")
	f.authorize(t, app, "user-2")
	f.authorize(t, other, "user-1")
	count := func(filter oauthapp.GrantFilter) int {
		list, err := f.Grants(t.Context(), filter, oauthapp.Page{})
		require.NoError(t, err)
		for _, g := range list.Items {
			require.Equal(t, g.ApplicationID, g.Application.ID)
			require.NotEmpty(t, g.Application.Name)
		}
		return len(list.Items)
	}
	require.Equal(t, 2, count(oauthapp.GrantsOfUser("user-1")))
	require.Equal(t, 3, count(oauthapp.GrantsForAccount(bob)))
	require.Equal(t, 2, count(oauthapp.GrantsToApplication(app.ID)))
	require.Equal(t, 2, count(oauthapp.GrantsToOwner(oauthapp.OwnedBy(alice))))
	require.Equal(t, 1, count(oauthapp.GrantsToOwner(oauthapp.OwnedBy(alice)).OfUser("user-1")))

	f.events = nil
	for _, filter := range []oauthapp.GrantFilter{
		{}, oauthapp.GrantsOfUser(""), oauthapp.GrantsForAccount(""), oauthapp.GrantsToApplication(uuid.Nil), oauthapp.GrantsToOwner(oauthapp.Owner{}),
		oauthapp.GrantsForAccount(bob).OfUser(""), oauthapp.GrantsOfUser("").ForAccount(bob), oauthapp.GrantsToOwner(oauthapp.AnyOwner).ToApplication(uuid.Nil),
	} {
		list, err := f.Grants(t.Context(), filter, oauthapp.Page{})
		require.ErrorContains(t, err, "empty", "%+v", filter)
		require.Empty(t, list)
		_, err = f.RevokeGrant(t.Context(), filter, grant.ID)
		require.ErrorContains(t, err, "empty", "%+v", filter)
	}
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser("user-2"), oauthapp.GrantsToOwner(oauthapp.OwnedBy(bob)), oauthapp.GrantsForAccount(alice), oauthapp.GrantsToApplication(other.ID)} {
		_, err := f.RevokeGrant(t.Context(), filter, grant.ID)
		require.ErrorIs(t, err, oauthapp.ErrNotFound)
	}
	require.Empty(t, f.events)
	require.Equal(t, 3, count(oauthapp.GrantsForAccount(bob)))

	mine := oauthapp.GrantsOfUser("user-1").ForAccount(bob)
	revoked, err := f.RevokeGrant(t.Context(), mine, grant.ID)
	require.NoError(t, err)
	require.Equal(t, grant.ID, revoked.ID)
	require.Equal(t, 2, count(oauthapp.GrantsForAccount(bob)))
	_, err = f.RevokeGrant(t.Context(), mine, grant.ID)
	require.ErrorIs(t, err, oauthapp.ErrNotFound)
}

func TestEvents(t *testing.T) {
	f := newFixture(t)
	actor := oauthapp.Actor{UserID: "user-9", RemoteAddr: "192.0.2.1", UserAgent: "test"}
	ctx := oauthapp.WithActor(t.Context(), actor)
	last := func() oauthapp.Event {
		require.Len(t, f.events, 1, "one event for one change")
		defer func() { f.events = nil }()
		return f.events[0]
	}

	app, _, err := f.Register(ctx, alice, registration())
	require.NoError(t, err)
	want := oauthapp.Event{
		Type: oauthapp.ApplicationCreated, Time: f.kept(), Actor: actor,
		ApplicationID: app.ID, ApplicationName: "Example", ClientID: app.ClientID, Owner: alice,
	}
	require.Equal(t, want, last())

	f.now = f.now.Add(time.Second)
	reg := registration()
	reg.Name = "Renamed"
	_, err = f.Update(ctx, oauthapp.OwnedBy(alice), app.ID, reg)
	require.NoError(t, err)
	want.Type, want.Time, want.ApplicationName = oauthapp.ApplicationUpdated, f.kept(), "Renamed"
	require.Equal(t, want, last())

	_, err = f.ResetSecret(ctx, oauthapp.OwnedBy(alice), app.ID, time.Hour)
	require.NoError(t, err)
	secrets, err := f.Secrets(ctx, oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	want.Type, want.SecretID = oauthapp.ClientSecretReset, secrets[0].ID
	require.Equal(t, want, last())

	require.NoError(t, f.RevokeSecret(ctx, oauthapp.OwnedBy(alice), app.ID, secrets[1].ID))
	want.Type, want.SecretID = oauthapp.ClientSecretRevoked, secrets[1].ID
	require.Equal(t, want, last())
	want.SecretID = uuid.Nil

	grant := f.authorize(t, app, "user-1")
	_, err = f.RevokeGrant(ctx, oauthapp.GrantsOfUser("user-1"), grant.ID)
	require.NoError(t, err)
	revoked := want
	revoked.Type, revoked.GrantID = oauthapp.GrantRevoked, grant.ID
	revoked.UserID, revoked.AccountID, revoked.Scopes = "user-1", bob, []string{"read"}
	require.Equal(t, revoked, last())

	f.authorize(t, app, "user-1")
	f.authorize(t, app, "user-2")
	_, err = f.RevokeTokens(ctx, oauthapp.AnyOwner, app.ID)
	require.NoError(t, err)
	want.Type, want.Users = oauthapp.ApplicationTokensRevoked, 2
	require.Equal(t, want, last())
	want.Users = 0

	require.NoError(t, f.Delete(ctx, oauthapp.OwnedBy(alice), app.ID))
	want.Type = oauthapp.ApplicationDeleted
	require.Equal(t, want, last())
}

// A change that is durable is reported even if its request has gone away, and a
// host may use the context for that.
func TestEventsOutliveTheRequest(t *testing.T) {
	type key struct{}
	var reported context.Context
	cancelling := &cancellingStore{Store: memory.New()}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store:  cancelling,
		Events: func(ctx context.Context, _ oauthapp.Event) { reported = ctx },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "request-1"))
	cancelling.cancel = cancel
	reg := registration()
	reg.Scopes = nil
	_, _, err = registry.Register(ctx, alice, reg)
	require.NoError(t, err)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.NoError(t, reported.Err())
	require.Equal(t, "request-1", reported.Value(key{}))
}

// cancellingStore sees the client go away while the application is being kept.
type cancellingStore struct {
	oauthapp.Store
	cancel context.CancelFunc
}

func (s *cancellingStore) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	defer s.cancel()
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

// contendedStore loses the first races, as a store does whose rows others write
// too.
type contendedStore struct {
	oauthapp.Store
	exists, conflicts int
	tried             []oauthapp.Application
}

func (s *contendedStore) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	s.tried = append(s.tried, app)
	if len(s.tried) <= s.exists {
		return fmt.Errorf("insert: %w", oauthapp.ErrExists)
	}
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

func (s *contendedStore) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	s.tried = append(s.tried, app)
	if len(s.tried) <= s.conflicts {
		return fmt.Errorf("update: %w", oauthapp.ErrConflict)
	}
	return s.Store.UpdateApplication(ctx, owner, app)
}

func TestTakenClientIDIsReplaced(t *testing.T) {
	contended := &contendedStore{Store: memory.New(), exists: 3}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: contended})
	require.NoError(t, err)
	reg := registration()
	reg.Scopes = nil
	app, secret, err := registry.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	require.Len(t, contended.tried, 4)
	require.NotEqual(t, contended.tried[2].ClientID, app.ClientID)
	require.NotEqual(t, contended.tried[2].ID, app.ID)
	secrets, err := registry.Secrets(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.NoError(t, err)
	require.Equal(t, secret.Digest(), secrets[0].Digest, "the secret handed out is the one that was kept")

	contended.tried, contended.exists = nil, 1000
	_, secret, err = registry.Register(t.Context(), alice, reg)
	require.ErrorIs(t, err, oauthapp.ErrExists)
	require.True(t, secret.IsZero())
	require.Less(t, len(contended.tried), 100, "it gives up")
}

func TestRegisterUnderAClientID(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	require.NoError(t, err)
	reg := registration()
	reg.Scopes = nil
	reg.ClientID = oauthapp.NewClientID()

	app, _, err := registry.Register(t.Context(), alice, reg)
	require.NoError(t, err)
	require.Equal(t, reg.ClientID, app.ClientID)

	for _, owner := range []string{alice, bob} {
		_, secret, err := registry.Register(t.Context(), owner, reg)
		require.ErrorIs(t, err, oauthapp.ErrExists)
		require.True(t, secret.IsZero())
	}
	require.NoError(t, registry.Delete(t.Context(), oauthapp.OwnedBy(alice), app.ID))
	_, _, err = registry.Register(t.Context(), alice, reg)
	require.ErrorIs(t, err, oauthapp.ErrExists, "deleted, and never to be another")

	for _, id := range []string{"x", reg.ClientID[:19], reg.ClientID + "0", strings.ToUpper("0a" + reg.ClientID[2:]), "secret", "{application}00000000"} {
		reg.ClientID = id
		_, _, err = registry.Register(t.Context(), alice, reg)
		var invalid *oauthapp.ValidationError
		require.ErrorAs(t, err, &invalid, id)
		require.NotEmpty(t, invalid.Message("client_id"))
	}
}

// Lists are ordered by when applications were registered, not by when that
// began.
func TestNewestIsFirst(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	require.NoError(t, err)
	begun := registration()
	begun.Scopes, begun.ClientID = nil, oauthapp.NewClientID()
	other := begun
	other.ClientID = oauthapp.NewClientID()
	first, _, err := registry.Register(t.Context(), alice, other)
	require.NoError(t, err)
	second, _, err := registry.Register(t.Context(), alice, begun)
	require.NoError(t, err)
	list, err := registry.Applications(t.Context(), oauthapp.OwnedBy(alice), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{second.ID, first.ID}, []uuid.UUID{list.Items[0].ID, list.Items[1].ID})
}

// brokenStore is a database that went away.
type brokenStore struct{ oauthapp.Store }

var errBroken = errors.New("connection refused")

func (brokenStore) CreateApplication(context.Context, oauthapp.Application, *oauthapp.Secret, int) error {
	return errBroken
}

func (brokenStore) Application(context.Context, oauthapp.Owner, uuid.UUID) (oauthapp.Application, error) {
	return oauthapp.Application{}, errBroken
}

func (brokenStore) DeleteApplication(context.Context, oauthapp.Owner, uuid.UUID, time.Time) (oauthapp.Application, error) {
	return oauthapp.Application{}, errBroken
}

// failingStore is a database that goes away between two calls.
type failingStore struct{ oauthapp.Store }

func (failingStore) UpdateApplication(context.Context, oauthapp.Owner, oauthapp.Application) error {
	return errBroken
}

func (failingStore) AddSecret(context.Context, oauthapp.Owner, oauthapp.Secret, time.Time, int) error {
	return errBroken
}

func (failingStore) RevokeSecret(context.Context, oauthapp.Owner, uuid.UUID, uuid.UUID, time.Time) (oauthapp.Secret, error) {
	return oauthapp.Secret{}, errBroken
}

func (failingStore) RevokeTokens(context.Context, oauthapp.Owner, uuid.UUID, int) (oauthapp.Usage, error) {
	return oauthapp.Usage{}, errBroken
}

func TestOutagesHalfway(t *testing.T) {
	var events []oauthapp.EventType
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store:  failingStore{memory.New()},
		Events: func(_ context.Context, e oauthapp.Event) { events = append(events, e.Type) },
	})
	require.NoError(t, err)
	reg := registration()
	reg.Scopes = nil
	app, _, err := registry.Register(t.Context(), alice, reg)
	require.NoError(t, err)

	_, err = registry.Update(t.Context(), oauthapp.OwnedBy(alice), app.ID, reg)
	require.ErrorIs(t, err, errBroken)
	secret, err := registry.ResetSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, 0)
	require.ErrorIs(t, err, errBroken)
	require.True(t, secret.IsZero())
	require.ErrorIs(t, registry.RevokeSecret(t.Context(), oauthapp.OwnedBy(alice), app.ID, app.ID), errBroken)
	_, err = registry.RevokeTokens(t.Context(), oauthapp.OwnedBy(alice), app.ID)
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationCreated}, events, "what did not happen is not reported")
}

// An outage is neither "not found" nor a success, hands out no secret and
// causes no event.
func TestOutages(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store:  brokenStore{memory.New()},
		Events: func(_ context.Context, e oauthapp.Event) { t.Errorf("event %s", e.Type) },
	})
	require.NoError(t, err)
	ctx, id := t.Context(), uuid.Must(uuid.NewV7())
	reg := registration()
	reg.Scopes = nil

	_, secret, err := registry.Register(ctx, alice, reg)
	require.ErrorIs(t, err, errBroken)
	require.True(t, secret.IsZero())
	secret, err = registry.ResetSecret(ctx, oauthapp.OwnedBy(alice), id, 0)
	require.ErrorIs(t, err, errBroken)
	require.True(t, secret.IsZero())
	_, err = registry.Update(ctx, oauthapp.OwnedBy(alice), id, reg)
	require.ErrorIs(t, err, errBroken)
	_, err = registry.RevokeTokens(ctx, oauthapp.OwnedBy(alice), id)
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, registry.RevokeSecret(ctx, oauthapp.OwnedBy(alice), id, id), errBroken)
	require.ErrorIs(t, registry.Delete(ctx, oauthapp.OwnedBy(alice), id), errBroken)
}

func TestClientIDsAndSecretsAreUnique(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), MaxApplications: 1000, CredentialPrefix: "acme"})
	require.NoError(t, err)
	reg := registration()
	reg.Scopes = nil
	seen := map[string]bool{}
	for range 1000 {
		app, secret, err := registry.Register(t.Context(), alice, reg)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(secret.Reveal(), "acme_cs_"))
		for _, text := range []string{app.ClientID, secret.Reveal()} {
			require.False(t, seen[text])
			seen[text] = true
		}
	}
}
