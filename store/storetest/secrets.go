package storetest

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var secretRules = []rule{
	{"secrets/overlap", "AddSecret makes older secrets expire at the time given, and an expiry time itself is expired", secretsOverlap},
	{"secrets/sooner", "AddSecret never puts off the expiry of a secret that expires sooner", secretsSooner},
	{"secrets/at once", "with othersExpireAt at or before the new secret's creation, or zero, there is only the new one", secretsReset},
	{"secrets/limit", "more live secrets than the limit is ErrLimit and changes nothing; expired ones do not count", secretsLimit},
	{"secrets/limit at once", "however many secrets are added at once, the limit holds", secretsLimitAtOnce},
	{"secrets/revoke", "RevokeSecret ends one live secret of that application and returns it as it was", secretsRevoke},
	{"secrets/revoke at once", "of many revocations of a secret at once, one gets it", secretsRevokeAtOnce},
	{"secrets/seen at once", "however many ask for a client while its secret is reset, whoever asks after gets the new one", secretsSeenAtOnce},
	{"secrets/find", "FindSecret finds live secrets of live applications, and no others", secretsFind},
	{"secrets/adopt", "an imported secret has its hash, until AdoptSecret gives it a digest, once", secretsAdopt},
	{"secrets/public", "a public application has no secret and can be given none", secretsPublic},
}

// confidential registers an application with its first secret.
func (t *trial) confidential() (oauthapp.Application, oauthapp.Secret) {
	app := t.draft("alice")
	secret := t.secret(app)
	t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication")
	return app, secret
}

// hasSecrets fails unless exactly these are live, for the owner and for the
// client.
func (t *trial) hasSecrets(app oauthapp.Application, now time.Time, want ...oauthapp.Secret) {
	since := now.Sub(start)
	t.same(t.secretsAt(app, now), want, "Secrets %v after the start", since)
	for _, t := range t.everywhere() {
		client, err := t.Client(t.ctx, app.ClientID, uuid.Nil, now)
		t.must(err, "Client")
		t.same(client.Secrets, want, "Client.Secrets %v after the start", since)
		for _, secret := range want {
			if secret.Digest.IsZero() { // imported
				continue
			}
			found, err := t.FindSecret(t.ctx, secret.Digest, now)
			t.must(err, "FindSecret %v after the start", since)
			t.same(found, secret, "FindSecret %v after the start", since)
		}
	}
}

func secretsOverlap(t *trial) {
	app, first := t.confidential()
	second := t.secret(app)
	second.CreatedAt = start.Add(time.Minute)
	end := start.Add(time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, end, plenty), "AddSecret")
	first.ExpiresAt = end
	t.hasSecrets(app, second.CreatedAt, second, first)
	t.hasSecrets(app, end.Add(-tick), second, first)
	t.hasSecrets(app, end, second)
	t.hasSecrets(app, end.Add(tick), second)

	third := t.secret(app)
	third.CreatedAt = start.Add(2 * time.Minute)
	third.ExpiresAt = start.Add(3 * time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), third, start.Add(2*time.Hour), plenty), "AddSecret")
	second.ExpiresAt = start.Add(2 * time.Hour)
	t.hasSecrets(app, third.CreatedAt, third, second, first)
	t.hasSecrets(app, start.Add(3*time.Hour-tick), third)
	t.hasSecrets(app, start.Add(3*time.Hour))
}

func secretsSooner(t *trial) {
	app, first := t.confidential()
	second, third := t.secret(app), t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, start.Add(time.Hour), plenty), "AddSecret")
	first.ExpiresAt = start.Add(time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), third, start.Add(2*time.Hour), plenty), "AddSecret")
	second.ExpiresAt = start.Add(2 * time.Hour)
	t.hasSecrets(app, start, third, second, first)
	t.hasSecrets(app, start.Add(time.Hour), third, second)

	fourth := t.secret(app)
	fourth.CreatedAt = start.Add(3 * time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), fourth, start.Add(4*time.Hour), plenty), "AddSecret")
	third.ExpiresAt = start.Add(4 * time.Hour)
	t.hasSecrets(app, fourth.CreatedAt, fourth, third)
	t.hasSecrets(app, start, fourth, third, second, first)
}

func secretsReset(t *trial) {
	app, _ := t.confidential()
	for i, others := range []time.Duration{0, -time.Hour, -tick} {
		second := t.secret(app)
		second.CreatedAt = start.Add(time.Duration(i+1) * time.Hour)
		t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, second.CreatedAt.Add(others), 1), "AddSecret in place of others")
		t.hasSecrets(app, second.CreatedAt, second)
	}
	last := t.secret(app)
	last.CreatedAt = start.Add(4 * time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), last, time.Time{}, 1), "AddSecret with a zero othersExpireAt")
	t.hasSecrets(app, last.CreatedAt, last)
	t.hasSecrets(app, start.Add(sessionTTL), last)
}

func secretsLimit(t *trial) {
	app, first := t.confidential()
	second, third := t.secret(app), t.secret(app)
	end := start.Add(time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, end, 2), "AddSecret up to the limit")
	first.ExpiresAt = end
	third.CreatedAt = end.Add(-tick)
	t.want(store.ErrLimit, t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), third, start.Add(2*time.Hour), 2), "AddSecret beyond the limit")
	t.hasSecrets(app, start, second, first)
	t.hasSecrets(app, start.Add(sessionTTL), second)

	third.CreatedAt = end // when the first is expired
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), third, start.Add(2*time.Hour), 2), "AddSecret once another has expired")
	second.ExpiresAt = start.Add(2 * time.Hour)
	t.hasSecrets(app, end, third, second)
}

func secretsLimitAtOnce(t *trial) {
	app, _ := t.confidential()
	const limit = 4 // one is there
	results := t.together(crowd, func(i int) error {
		return t.node(i).AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), start.Add(time.Hour), limit)
	})
	t.winners(limit-1, store.ErrLimit, results, "AddSecret")
	if live := len(t.secretsAt(app, start)); live != limit {
		t.failf("%d secrets are live, not %d", live, limit)
	}
}

func secretsRevoke(t *trial) {
	app, first := t.confidential()
	other, others := t.confidential()
	second := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, start.Add(time.Hour), plenty), "AddSecret")
	first.ExpiresAt = start.Add(time.Hour)

	at := start.Add(time.Minute)
	for name, id := range map[string]uuid.UUID{"an unknown secret": t.id(), "another application's secret": others.ID, "no secret": uuid.Nil} {
		_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, id, at)
		t.want(store.ErrNotFound, err, "RevokeSecret of %s", name)
	}
	_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, first.ID, first.ExpiresAt)
	t.want(store.ErrNotFound, err, "RevokeSecret of an expired secret")

	was, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, first.ID, at)
	t.must(err, "RevokeSecret")
	t.same(was, first, "what RevokeSecret returned")
	t.hasSecrets(app, at, second)
	_, err = t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, first.ID, at)
	t.want(store.ErrNotFound, err, "RevokeSecret of a revoked secret")

	_, err = t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, second.ID, at)
	t.must(err, "RevokeSecret of the last secret")
	t.hasSecrets(app, at)
	t.hasSecrets(other, at, others)
}

func secretsRevokeAtOnce(t *trial) {
	app, secret := t.confidential()
	results := t.together(crowd, func(int) error {
		_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, secret.ID, start)
		return err
	})
	t.winners(1, store.ErrNotFound, results, "RevokeSecret")
}

func secretsPublic(t *trial) {
	app := t.draft("alice")
	app.Type = oauthapp.Public
	t.must(t.CreateApplication(t.ctx, app, nil, plenty), "CreateApplication")
	t.want(store.ErrNotFound, t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), start, plenty), "AddSecret to a public application")
	t.hasSecrets(app, start)
}

func secretsSeenAtOnce(t *trial) {
	app, _ := t.confidential()
	var over atomic.Bool
	const readers = 6
	t.together(readers+1, func(i int) error {
		if i < readers {
			for !over.Load() {
				client, err := t.node(i).Client(t.ctx, app.ClientID, uuid.Nil, start)
				t.must(err, "Client while its secret is reset")
				if len(client.Secrets) == 0 {
					t.failf("Client has no secret while it is reset")
				}
			}
			return nil
		}
		defer over.Store(true)
		for round := range 40 {
			secret := t.secret(app)
			secret.CreatedAt = start.Add(time.Duration(round+1) * time.Minute)
			t.must(t.node(round).AddSecret(t.ctx, oauthapp.OwnedBy("alice"), secret, secret.CreatedAt, 1), "AddSecret in place of others")
			for range 3 { // what was read before could be remembered after
				t.hasSecrets(app, secret.CreatedAt, secret)
			}
		}
		return nil
	})
}

func secretsFind(t *trial) {
	hasNot := func(secret oauthapp.Secret, at time.Time, what string) {
		for _, t := range t.everywhere() {
			_, err := t.FindSecret(t.ctx, secret.Digest, at)
			t.want(store.ErrNotFound, err, "FindSecret of a secret %s", what)
		}
	}
	app, secret := t.confidential()
	t.hasSecrets(app, start, secret)
	hasNot(t.secret(app), start, "that nobody has")
	hasNot(oauthapp.Secret{}, start, "of no digest")
	short := t.secret(app)
	short.ExpiresAt = start.Add(time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), short, start.Add(time.Hour), plenty), "AddSecret")
	hasNot(secret, start.Add(time.Hour), "at its expiry time")
	hasNot(short, start.Add(time.Hour), "at its expiry time")
	_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, short.ID, start)
	t.must(err, "RevokeSecret")
	hasNot(short, start, "that was revoked")
	gone, lost := t.confidential()
	_, err = t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), gone.ID, start)
	t.must(err, "DeleteApplication")
	hasNot(lost, start, "of a deleted application")
}

func secretsAdopt(t *trial) {
	app := t.draft("alice")
	imported := t.secret(app)
	imported.Digest, imported.Hash = credential.Digest{}, "$2b$10$Ünïcödé"
	t.must(t.CreateApplication(t.ctx, app, &imported, plenty), "CreateApplication")
	t.hasSecrets(app, start, imported)
	_, err := t.FindSecret(t.ctx, credential.Digest{}, start)
	t.want(store.ErrNotFound, err, "FindSecret of no digest, where a secret is imported,")
	added := t.secret(app)
	added.Digest, added.Hash = credential.Digest{}, "another"
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), added, start.Add(time.Hour), plenty), "AddSecret")
	imported.ExpiresAt = start.Add(time.Hour)
	t.hasSecrets(app, start, added, imported)
	digest := t.digest()
	for name, err := range map[string]error{
		"another hash":        t.AdoptSecret(t.ctx, app.ID, imported.ID, "another", digest),
		"no hash":             t.AdoptSecret(t.ctx, app.ID, imported.ID, "", digest),
		"another secret":      t.AdoptSecret(t.ctx, app.ID, t.id(), imported.Hash, digest),
		"another application": t.AdoptSecret(t.ctx, t.application("alice").ID, imported.ID, imported.Hash, digest),
	} {
		t.want(store.ErrNotFound, err, "AdoptSecret of %s", name)
	}
	results := t.together(crowd, func(i int) error { return t.node(i).AdoptSecret(t.ctx, app.ID, imported.ID, imported.Hash, digest) })
	t.winners(1, store.ErrNotFound, results, "AdoptSecret")
	imported.Digest, imported.Hash = digest, ""
	t.hasSecrets(app, start, added, imported)
	t.want(store.ErrNotFound, t.AdoptSecret(t.ctx, app.ID, imported.ID, "", t.digest()), "AdoptSecret of one that is not imported")

	// One that was revoked while it was judged stays so.
	_, err = t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, added.ID, start)
	t.must(err, "RevokeSecret")
	added.Digest = t.digest()
	_ = t.AdoptSecret(t.ctx, app.ID, added.ID, added.Hash, added.Digest) // whether it is still there
	t.hasSecrets(app, start, imported)
	for _, t := range t.everywhere() {
		_, err := t.FindSecret(t.ctx, added.Digest, start)
		t.want(store.ErrNotFound, err, "FindSecret of a secret that was revoked before it was adopted")
	}
}
