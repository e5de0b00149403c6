package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A revision is drawn by what changes an application or its secrets, and by
// nothing else.
func TestRevisions(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	b, _ := issue(t, s, app.ID, "user")
	secret := newSecret(app.ID)
	for _, step := range []struct {
		name  string
		draws bool
		call  func() error
	}{
		{"UpdateApplication", true, func() error { return s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app) }},
		{"UpdateApplication of an old version", false, func() error {
			return expect(store.ErrConflict, s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app))
		}},
		{"AddSecret", true, func() error { return s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now, 1) }},
		{"AddSecret beyond the limit", false, func() error {
			return expect(store.ErrLimit, s.AddSecret(ctx, oauthapp.OwnedBy("owner"), newSecret(app.ID), now.Add(time.Hour), 1))
		}},
		{"Touch of a secret", true, func() error {
			return s.Touch(ctx, store.Use{ApplicationID: app.ID, SecretID: secret.ID, At: now})
		}},
		{"Touch of a secret that was used later", false, func() error {
			return s.Touch(ctx, store.Use{ApplicationID: app.ID, SecretID: secret.ID, At: now})
		}},
		{"Touch of a grant", false, func() error { return s.Touch(ctx, store.Use{GrantID: b.GrantID, At: now}) }},
		{"RevokeSecret", true, func() error {
			_, err := s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, secret.ID, now)
			return err
		}},
		{"RevokeSecret again", false, func() error {
			_, err := s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, secret.ID, now)
			return expect(store.ErrNotFound, err)
		}},
		{"CleanUp of secrets", true, func() error { _, _, err := s.CleanUp(ctx, now, "c", 10); return err }},
		{"CleanUp of no secrets", false, func() error { _, _, err := s.CleanUp(ctx, now, "c", 10); return err }},
		{"BeginSession", false, func() error { _, err := s.BeginSession(ctx, sessionStart(app.ID, "another")); return err }},
		{"RevokeTokens", false, func() error { _, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10); return err }},
		{"SetStanding", true, func() error {
			_, err := s.SetStanding(ctx, oauthapp.OwnedBy("owner"), app.ID, oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
			return err
		}},
		{"DeleteApplication", true, func() error { _, err := s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now); return err }},
	} {
		revision := func() (r uuid.UUID) {
			require.NoError(t, s.pool.QueryRow(ctx, `SELECT revision FROM oauth_applications WHERE id = $1`, app.ID).Scan(&r))
			return r
		}
		before := revision()
		require.NoError(t, step.call(), step.name)
		require.Equal(t, step.draws, revision() != before, step.name)
	}
}

// Whatever runs at once, and waits for another in the middle of a statement: no
// revision is seen with two states of an application and its secrets, so
// whoever remembers one of them never takes it for another.
func TestARevisionIsOfOneState(t *testing.T) {
	dsn := newSchema(t)
	s, traced := openTraced(t, dsn)
	stores := []*Store{s, openDSN(t, dsn)}
	app := create(t, s)
	var (
		mu      sync.Mutex
		secrets = []uuid.UUID{newID()} // of none
		states  = map[uuid.UUID]string{}
	)
	see := func() error {
		var revision uuid.UUID
		var state string
		err := s.pool.QueryRow(ctx, `SELECT a.revision, concat_ws(' ', a.version, a.name, a.deleted_at,
			(SELECT jsonb_agg(to_jsonb(c) ORDER BY c.id) FROM oauth_client_secrets c WHERE c.application_id = a.id))
			FROM oauth_applications a WHERE a.id = $1`, app.ID).Scan(&revision, &state)
		mu.Lock()
		defer mu.Unlock()
		if before, seen := states[revision]; err == nil && seen && before != state {
			return fmt.Errorf("revision %s is of %s, and of %s", revision, before, state)
		}
		states[revision] = state
		return err
	}
	const workers, readers, rounds = 8, 4, 40
	var working atomic.Int64
	working.Store(workers)
	for _, err := range atOnce(workers+readers, func(i int) error {
		if i >= workers {
			for working.Load() > 0 {
				if err := see(); err != nil {
					return err
				}
			}
			return nil
		}
		defer working.Add(-1)
		s := stores[i%2]
		for round := range rounds {
			mu.Lock()
			secret := secrets[rand.N(len(secrets))]
			mu.Unlock()
			at := now.Add(time.Duration(round) * time.Minute)
			var err error
			switch rand.N(6) {
			case 0:
				added := newSecret(app.ID)
				added.CreatedAt = at
				err = s.AddSecret(ctx, oauthapp.OwnedBy("owner"), added, at.Add(rand.N(10*time.Minute).Truncate(time.Second)), 1000)
				mu.Lock()
				secrets = append(secrets, added.ID)
				mu.Unlock()
			case 1:
				_, err = s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, secret, at)
			case 2:
				var got oauthapp.Application
				if got, err = s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID); err == nil {
					got.Name = fmt.Sprint(i, round)
					err = s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), got)
				}
			case 3:
				_, _, err = s.CleanUp(ctx, at, "c", 100)
			default:
				err = s.Touch(ctx, store.Use{ApplicationID: app.ID, SecretID: secret, At: at.Add(time.Duration(i) * time.Second)})
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
	require.Greater(t, len(states), 2*workers)
	require.Zero(t, traced.of(deadlockDetected), "all lock the application first")
}

// A row that somebody has locked is left to the next pass, and what is behind
// it is not.
func TestCleanUpWaitsForNobody(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	s.limits = limits{call: time.Second, finish: time.Second}
	other := openPool(t, dsn, nil)
	for _, table := range []string{"oauth_sessions", "oauth_grants", "oauth_client_secrets", "oauth_applications"} {
		var id [2]uuid.UUID
		for i := range id {
			app := create(t, s)
			b, _ := issue(t, s, app.ID, "user")
			_, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 1)
			require.NoError(t, err)
			secrets, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
			require.NoError(t, err)
			require.NoError(t, s.AddSecret(ctx, oauthapp.OwnedBy("owner"), newSecret(app.ID), now, 1)) // the first has expired
			id[i] = map[string]uuid.UUID{"oauth_sessions": b.Session.ID, "oauth_grants": b.GrantID,
				"oauth_client_secrets": secrets[0].ID, "oauth_applications": app.ID}[table]
		}
		pass := func() (removed int) {
			for cursor := ""; ; {
				next, n, err := s.CleanUp(ctx, now, cursor, 100)
				require.NoError(t, err, table)
				removed += n
				if cursor = next; cursor == "" {
					return removed
				}
			}
		}
		tx, err := other.Begin(ctx)
		require.NoError(t, err)
		t.Cleanup(func() { _ = tx.Rollback(ctx) })
		tag, err := tx.Exec(ctx, `SELECT FROM `+table+` WHERE id = $1 FOR UPDATE`, id[0])
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected())
		require.Equal(t, 5, pass(), table)
		require.NoError(t, tx.Rollback(ctx))
		require.Equal(t, 1, pass(), table)
	}
}

// An application can have any number of secrets that have expired. They are not
// remembered, and yet there for whoever asks as of before.
func TestExpiredSecretsAreNotRemembered(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	const resets = 20
	at := now
	for range resets {
		secret := newSecret(app.ID)
		at = at.Add(time.Minute)
		secret.CreatedAt = at
		require.NoError(t, s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, at, 1))
	}
	client, err := s.Client(ctx, app.ClientID, uuid.Nil, at)
	require.NoError(t, err)
	require.Len(t, client.Secrets, 1)
	known, ok := s.clients.Get(app.ClientID, at)
	require.True(t, ok)
	require.Equal(t, client.Secrets, known.Secrets)
	client, err = s.Client(ctx, app.ClientID, uuid.Nil, now)
	require.NoError(t, err)
	require.Len(t, client.Secrets, 1+resets)
}
