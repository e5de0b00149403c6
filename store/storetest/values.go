package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var valueRules = []rule{
	{"values/times", "times come back in UTC and whole microseconds as they were given, the zero time too", valuesTimes},
	{"values/texts", "texts come back byte for byte: any UTF-8 without NUL, of any length; scopes as RFC 6749 has them", valuesTexts},
	{"values/distinct", "texts that differ in a byte are different: case, accents, spaces, patterns", valuesDistinct},
	{"values/given", "changing a slice after handing it in changes nothing kept", valuesGiven},
	{"values/returned", "changing a slice handed out changes nothing kept", valuesReturned},
	{"values/returned at once", "callers may change what they were handed, at once with others that read the same", valuesReturnedAtOnce},
}

func valuesTimes(t *trial) {
	for _, at := range []time.Time{
		start,
		start.Truncate(time.Second),
		start.Truncate(time.Second).Add(tick),
		start.Truncate(time.Second).Add(time.Second - tick),
		time.Date(2026, 11, 1, 5, 30, 0, 1000, time.UTC), // an hour that happens twice in New York
		time.Unix(0, 0).UTC(),
		time.Unix(0, 1000).UTC(),
		time.Unix(-1, 999_999_000).UTC(),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
		time.Date(2262, 4, 12, 0, 0, 0, 123_456_000, time.UTC), // beyond int64 nanoseconds
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		{},
	} {
		app := t.draft("alice")
		app.CreatedAt, app.UpdatedAt = at, at
		secret := t.secret(app)
		secret.CreatedAt, secret.ExpiresAt = at, at.Add(time.Hour)
		t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication")
		t.same(t.stored(app), app, "Application made at %v", at)
		t.hasSecrets(app, at, secret)

		b := t.sessionStart(app, "u", "a", "read")
		b.Session.CreatedAt, b.Session.ExpiresAt, b.Session.Code.ExpiresAt = at, at.Add(2*tick), at.Add(tick)
		session := t.beginAs(app, b)
		t.isLive(session, "begun at %v", at)
		t.hasGrant(grantOf(session), "given at %v", at)
		r := t.redemption(session)
		r.At, r.Access.IssuedAt, r.Access.ExpiresAt, r.Refresh.ExpiresAt, r.ExpiresAt = at, at, at.Add(tick), at.Add(tick), at.Add(2*tick)
		t.must(t.RedeemCode(t.ctx, r), "RedeemCode at %v", at)
		if at.IsZero() {
			continue // RedeemedAt would say that it is not redeemed
		}
		session = redeemed(session, r)
		t.isLive(session, "redeemed at %v", at)
		rotation := t.rotation(session)
		rotation.At, rotation.Access.IssuedAt, rotation.Access.ExpiresAt, rotation.Refresh.ExpiresAt = at, at, at.Add(tick), at.Add(tick)
		t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken at %v", at)
		t.isLive(rotated(session, rotation), "rotated at %v", at)
	}
}

// texts are hard on whatever builds, splits, folds or cuts them.
var texts = []string{
	`O'Brien "the" \quoter\ `,
	"'; DROP TABLE applications; --",
	"100% of_it*?[a-z]",
	"a\tb\nc\r\nd",
	"Ünïcödé, 漢字, עברית, \u202eRTL, 🧑‍🚀",
	" leading and trailing ",
	"null", "NULL", "0", "true", "{}", `["a","b"]`, "a,b;c|d:e", "a b", "\x01\x1f\x7f", "\ufffd\ufeff",
	strings.Repeat("long ", 4000),
}

// scopeLike makes a scope of a text: it leaves out what none may have (RFC
// 6749, section 3.3).
func scopeLike(text string) string {
	return "scope:" + strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}

func valuesTexts(t *trial) {
	for i, text := range texts {
		app := t.draft(text)
		app.Name, app.Description, app.HomepageURL, app.Standing.Reason = text, text, text, text
		app.CallbackURLs = []string{text, "https://example.com/", text + "2"}
		app.Scopes = []string{scopeLike(text), "b", "a"}
		secret := t.secret(app)
		secret.Hint = text
		t.must(t.CreateApplication(t.ctx, app, &secret, plenty), "CreateApplication with %.50q", text)
		t.same(t.stored(app), app, "Application with %.50q", text)
		t.hasSecrets(app, start, secret)
		list, err := t.Applications(t.ctx, oauthapp.OwnedBy(text), oauthapp.Page{})
		t.must(err, "Applications of %.50q", text)
		t.same(list.Items, []oauthapp.Application{app}, "Applications of %.50q", text)
		app.Name, app.CallbackURLs = "updated "+text, []string{text + "3"}
		t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy(text), app), "UpdateApplication with %.50q", text)
		app.Version++
		t.same(t.stored(app), app, "Application updated with %.50q", text)

		b := t.sessionStart(app, text, text+" account", scopeLike(text), "another")
		b.Session.Code.RedirectURI, b.Session.Code.CodeChallenge = text, text
		session := t.beginAs(app, b)
		t.isLive(session, "with %.50q", text)
		t.hasGrant(grantOf(session), "with %.50q", text)
		t.isLive(t.rotate(t.redeem(session)), "with %.50q", text)
		for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser(text), oauthapp.GrantsForAccount(text + " account"), oauthapp.GrantsToOwner(oauthapp.OwnedBy(text))} {
			if got := t.all(t.grantsOf(filter), 50); len(got) != 1 || got[0] != session.GrantID {
				t.failf("Grants of text %d in %+.50v lists %d, not its one", i, filter, len(got))
			}
		}
	}
	odd := t.draft("alice")
	odd.ClientID = "AZaz09-._~" // all that is unreserved
	t.must(t.CreateApplication(t.ctx, odd, nil, plenty), "CreateApplication")
	client, err := t.Client(t.ctx, odd.ClientID, uuid.Nil, start)
	t.must(err, "Client")
	t.same(client.Application, odd, "Client.Application")
}

func valuesDistinct(t *trial) {
	different := []string{"name", "Name", "NAME", "name ", " name", "nam", "nàme", "na\u0300me", "n%", "n_me", "\"name\"", "'name'", "name\n", "01", "1", "1.0", "ı", "i"}
	var sessions []store.Session
	common := t.application("common")
	for _, text := range different {
		app := t.draft(text)
		app.ClientID = "client-" + text
		t.must(t.CreateApplication(t.ctx, app, nil, 1), "CreateApplication of the owner %q with the client ID %q", text, app.ClientID)
		client, err := t.Client(t.ctx, app.ClientID, uuid.Nil, start)
		t.must(err, "Client")
		t.same(client.Application, app, "Client.Application of %q", app.ClientID)
		sessions = append(sessions, t.begin(common, text, "account", "read"), t.begin(common, "user", text, "read"))
	}
	for i, text := range different {
		list, err := t.Applications(t.ctx, oauthapp.OwnedBy(text), oauthapp.Page{})
		t.must(err, "Applications")
		if len(list.Items) != 1 || list.Items[0].Owner != text {
			t.failf("Applications of the owner %q lists %d", text, len(list.Items))
		}
		t.hasGrant(grantOf(sessions[2*i]), "of the user %q", text)
		t.hasGrant(grantOf(sessions[2*i+1]), "for the account %q", text)
		for j, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser(text), oauthapp.GrantsForAccount(text)} {
			t.same(t.all(t.grantsOf(filter), 50), []uuid.UUID{sessions[2*i+j].GrantID}, "Grants of %+v", filter)
		}
	}
}

// spoil overwrites what a slice holds, and what an append to it may reach.
func spoil(slices ...[]string) {
	for _, s := range slices {
		for i := range s[:cap(s)] {
			s[:cap(s)][i] = "spoiled"
		}
	}
}

func spoilBytes(b []byte) {
	for i := range b[:cap(b)] {
		b[:cap(b)][i] = 'X'
	}
}

// roomy returns a copy with room behind it, so that an append stays in place.
func roomy(s ...string) []string { return append(make([]string, 0, 2*len(s)+2), s...) }

func valuesGiven(t *trial) {
	app := t.draft("alice")
	given := app
	given.CallbackURLs, given.Scopes, given.Extra = roomy(app.CallbackURLs...), roomy(app.Scopes...), slices.Clone(app.Extra)
	secret := t.secret(app)
	givenSecret := secret
	t.must(t.CreateApplication(t.ctx, given, &givenSecret, plenty), "CreateApplication")
	spoil(given.CallbackURLs, given.Scopes)
	given.Extra[0] = 'X'
	givenSecret.Digest, givenSecret.Hint = t.digest(), "spoiled"
	t.same(t.stored(app), app, "Application, after its caller changed the slices it had given")
	t.hasSecrets(app, start, secret)

	given.CallbackURLs, given.Scopes = roomy("https://example.com/a", "https://example.com/b"), roomy("a", "b")
	given.Extra = []byte("another")
	app.CallbackURLs, app.Scopes, app.Extra = slices.Clone(given.CallbackURLs), slices.Clone(given.Scopes), slices.Clone(given.Extra)
	t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), given), "UpdateApplication")
	app.Version++
	spoil(given.CallbackURLs, given.Scopes)
	given.Extra[0] = 'X'
	t.same(t.stored(app), app, "Application, after its caller changed the slices it had updated it with")

	b := t.sessionStart(app, "u", "a", roomy("read", "write")...)
	session := t.beginAs(app, b)
	spoil(b.Session.Scopes)
	t.isLive(session, "after its caller changed the slice it had begun it with")
	t.hasGrant(grantOf(session), "after its caller changed the slice it had given")

	r := t.redemption(session)
	r.Access.Scopes = roomy("read")
	t.must(t.RedeemCode(t.ctx, r), "RedeemCode")
	session = redeemed(session, r)
	spoil(r.Access.Scopes)
	t.isLive(session, "after its caller changed the slice it had redeemed it with")

	rotation := t.rotation(session)
	rotation.Access.Scopes = roomy("write")
	t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken")
	session = rotated(session, rotation)
	spoil(rotation.Access.Scopes)
	t.isLive(session, "after its caller changed the slice it had rotated it with")
}

// spoilReturned calls each method that hands out slices and overwrites them.
func (t *trial) spoilReturned(session store.Session) {
	app, err := t.Application(t.ctx, oauthapp.AnyOwner, session.ApplicationID)
	t.must(err, "Application")
	spoil(app.CallbackURLs, app.Scopes)
	spoilBytes(app.Extra)
	apps, err := t.Applications(t.ctx, oauthapp.AnyOwner, oauthapp.Page{})
	t.must(err, "Applications")
	for _, app := range apps.Items {
		spoil(app.CallbackURLs, app.Scopes)
		spoilBytes(app.Extra)
	}
	secrets := t.secretsAt(app, start)
	for i := range secrets {
		secrets[i] = oauthapp.Secret{}
	}
	client, err := t.Client(t.ctx, session.ClientID, session.ID, start)
	t.must(err, "Client")
	spoil(client.Application.CallbackURLs, client.Application.Scopes)
	spoilBytes(client.Application.Extra)
	for i := range client.Secrets {
		client.Secrets[i] = oauthapp.Secret{}
	}
	if client.Session != nil {
		spoil(client.Session.Scopes, client.Session.Access.Scopes, client.Session.PreviousAccess.Scopes)
		*client.Session = store.Session{}
	}
	got, err := t.Session(t.ctx, session.ID)
	t.must(err, "Session")
	spoil(got.Scopes, got.Access.Scopes, got.PreviousAccess.Scopes)
	grant, err := t.grantTo(session.ApplicationID, session.UserID, session.AccountID)
	t.must(err, "Grant")
	spoil(grant.Scopes)
	grants, err := t.Grants(t.ctx, oauthapp.GrantsOfUser(session.UserID), oauthapp.Page{})
	t.must(err, "Grants")
	for _, grant := range grants.Items {
		spoil(grant.Scopes, grant.Application.CallbackURLs, grant.Application.Scopes)
		spoilBytes(grant.Application.Extra)
	}
}

func valuesReturned(t *trial) {
	app, secret := t.confidential()
	session := t.rotate(t.signIn(app, "u", "a", "read", "write"))
	other := t.sessionStart(app, "u", "a", "read", "admin")
	grant, err := t.BeginSession(t.ctx, other)
	t.must(err, "BeginSession")
	spoil(grant.Scopes)
	want := grantOf(session)
	want.Scopes = []string{"read", "write", "admin"}
	t.hasGrant(want, "after a caller changed the slice that BeginSession returned")

	t.spoilReturned(session)
	t.same(t.stored(app), app, "Application, after a caller changed slices handed out")
	t.hasSecrets(app, start, secret)
	t.isLive(session, "after a caller changed slices handed out")
	t.hasGrant(want, "after a caller changed slices handed out")

	revoked := t.signIn(app, "v", "a", "read")
	was, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("v"), revoked.GrantID)
	t.must(err, "RevokeGrant")
	spoil(was.Scopes, was.Application.CallbackURLs, was.Application.Scopes)
	spoilBytes(was.Application.Extra)
	t.same(t.stored(app), app, "Application, after a caller changed the slices that RevokeGrant returned")
}

func valuesReturnedAtOnce(t *trial) {
	app, secret := t.confidential()
	session := t.rotate(t.signIn(app, "u", "a", "read", "write"))
	t.together(4, func(int) error {
		for range 5 {
			t.spoilReturned(session)
		}
		return nil
	})
	t.same(t.stored(app), app, "Application, after callers changed slices handed out")
	t.hasSecrets(app, start, secret)
	t.isLive(session, "after callers changed slices handed out")
	t.hasGrant(grantOf(session), "after callers changed slices handed out")
}
