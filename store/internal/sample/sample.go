// Package sample makes what the tests of the stores keep: applications, secrets
// and what begins, redeems and rotates sessions, each with new IDs and digests.
package sample

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Now is when everything is made, but for what a rotation issues, a minute
// later.
var Now = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// ID returns a new UUID of version 7.
func ID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Digest returns a digest that nothing else has.
func Digest() (d credential.Digest) {
	_, _ = rand.Read(d[:])
	return d
}

// Application returns a confidential application of an owner.
func Application(owner string) oauthapp.Application {
	id := ID()
	return oauthapp.Application{
		ID: id, ClientID: "client-" + id.String(), Owner: owner,
		Name: "Zone <Watcher> & Söhne", Description: "Tells you when a zone changes.",
		HomepageURL: "https://example.com/", CallbackURLs: []string{"https://example.com/cb?a=b&c=<d>", "https://example.com/\u2028"},
		Type: oauthapp.Confidential, Scopes: []string{"read", "write"},
		CreatedAt: Now, UpdatedAt: Now, Version: 1,
	}
}

// Secret returns a secret of an application.
func Secret(application uuid.UUID) oauthapp.Secret {
	return oauthapp.Secret{ID: ID(), ApplicationID: application, Digest: Digest(), Hint: "wxyz", CreatedAt: Now}
}

// SessionStart returns what begins a session of a user, for the account 7.
func SessionStart(application uuid.UUID, user string) store.SessionStart {
	return store.SessionStart{GrantID: ID(), Session: store.Session{
		ID: ID(), ApplicationID: application, UserID: user, AccountID: "7",
		Scopes: []string{"read", "write"}, CreatedAt: Now, ExpiresAt: Now.Add(5 * time.Minute),
		Code: store.Code{
			Digest: Digest(), ExpiresAt: Now.Add(5 * time.Minute), RedirectURI: "https://example.com/oauth/callback",
			CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", State: Digest(),
		},
	}}
}

// Redemption returns the exchange of a session's code, for tokens that live an
// hour and, refreshed, 30 days.
func Redemption(b store.SessionStart) store.Redemption {
	return store.Redemption{
		SessionID: b.Session.ID, Code: b.Session.Code.Digest,
		Access:  store.AccessToken{Digest: Digest(), IssuedAt: Now, ExpiresAt: Now.Add(time.Hour), Scopes: b.Session.Scopes},
		Refresh: store.RefreshToken{Digest: Digest(), ExpiresAt: Now.Add(30 * 24 * time.Hour)}, Family: Digest(),
		ExpiresAt: Now.Add(365 * 24 * time.Hour), At: Now,
	}
}

// Rotation returns the exchange of the refresh token that is presented.
func Rotation(session uuid.UUID, presented credential.Digest) store.Rotation {
	at := Now.Add(time.Minute)
	return store.Rotation{
		SessionID: session, Presented: presented,
		Access:  store.AccessToken{Digest: Digest(), IssuedAt: at, ExpiresAt: at.Add(time.Hour), Scopes: []string{"read", "write"}},
		Refresh: store.RefreshToken{Digest: Digest(), ExpiresAt: at.Add(30 * 24 * time.Hour)}, Salt: store.Salt(ID()), At: at,
	}
}

// Create keeps an application with a secret.
func Create(tb testing.TB, s store.Store) oauthapp.Application {
	tb.Helper()
	app := Application("owner")
	secret := Secret(app.ID)
	if err := s.CreateApplication(tb.Context(), app, &secret, 1000); err != nil {
		tb.Fatal(err)
	}
	return app
}

// Begin begins a session and returns it as it was begun.
func Begin(tb testing.TB, s store.Store, app uuid.UUID, user string) store.SessionStart {
	tb.Helper()
	b := SessionStart(app, user)
	if _, err := s.BeginSession(tb.Context(), b); err != nil {
		tb.Fatal(err)
	}
	return b
}

// Issue begins a session and redeems its code.
func Issue(tb testing.TB, s store.Store, app uuid.UUID, user string) (store.SessionStart, store.Redemption) {
	tb.Helper()
	b := Begin(tb, s, app, user)
	r := Redemption(b)
	if err := s.RedeemCode(tb.Context(), r); err != nil {
		tb.Fatal(err)
	}
	return b, r
}

// Grant returns the live grant of a user for an account to an application,
// without the application, or store.ErrNotFound.
func Grant(ctx context.Context, s oauthapp.Store, application uuid.UUID, user, account string) (oauthapp.Grant, error) {
	list, err := s.Grants(ctx, oauthapp.GrantsOfUser(user).ForAccount(account).ToApplication(application), oauthapp.Page{})
	if err != nil {
		return oauthapp.Grant{}, err
	}
	if len(list.Items) == 0 {
		return oauthapp.Grant{}, store.ErrNotFound
	}
	grant := list.Items[0]
	grant.Application = oauthapp.Application{}
	return grant, nil
}
