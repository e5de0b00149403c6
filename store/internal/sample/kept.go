package sample

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// CheckKept fails a test unless what an earlier version kept goes on to work
// after the migrations. That is the content of the files of testdata: the
// application 1 with the secret 2, a user's grant with a session with a code
// (5), one with its first tokens (6) and one with those of a refresh (7), and
// the application's own grant 4 with a session that has an access token (8).
// Those of an application itself were not counted then, and ended with no
// secret.
func CheckKept(tb testing.TB, s store.Store) {
	tb.Helper()
	ctx := tb.Context()
	id := func(n byte) uuid.UUID { return uuid.UUID{0: 1, 15: n} }
	digest := func(n byte) credential.Digest { return credential.Digest{31: n} }
	app, expiry := id(1), time.UnixMicro(2000000000000000).UTC()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	isLive := func(n byte) {
		tb.Helper()
		session, err := s.Session(ctx, id(n))
		must(err)
		client, err := s.Client(ctx, "client", id(n), Now)
		must(err)
		if !session.ExpiresAt.Equal(expiry) || client.Session == nil || !reflect.DeepEqual(*client.Session, session) {
			tb.Fatalf("Session returns %+v, and Client %+v", session, client.Session)
		}
	}
	isDead := func(session uuid.UUID) {
		tb.Helper()
		if _, err := s.Session(ctx, session); !errors.Is(err, store.ErrNotFound) {
			tb.Fatalf("the session %s is not dead: %v", session, err)
		}
	}

	for n := range byte(4) {
		isLive(5 + n)
	}
	must(s.RedeemCode(ctx, store.Redemption{SessionID: id(5), Code: digest(5), ExpiresAt: expiry, At: Now}))
	for _, n := range []byte{6, 7} {
		must(s.RotateRefreshToken(ctx, Rotation(id(n), digest(7))))
	}

	// The sessions that begin from now on are counted, and end with a secret.
	begun := make([]store.SessionStart, store.MaxOwnSessions+1)
	for i := range begun {
		begun[i] = SessionStart(app, "")
		begun[i].Session.AccountID, begun[i].SecretID = "", id(2)
		grant, err := s.BeginSession(ctx, begun[i])
		must(err)
		if grant.ID != id(4) {
			tb.Fatalf("the grant %s began anew", grant.ID)
		}
	}
	isDead(begun[0].Session.ID)
	_, err := s.Session(ctx, begun[1].Session.ID)
	must(err)
	for n := range byte(4) {
		isLive(5 + n)
	}
	_, err = s.RevokeSecret(ctx, oauthapp.AnyOwner, app, id(2), Now)
	must(err)
	last, err := s.Session(ctx, begun[len(begun)-1].Session.ID)
	must(err)
	if !last.ExpiresAt.Equal(Now) {
		tb.Fatalf("a session goes on until %v after its secret has ended", last.ExpiresAt)
	}
	isLive(8) // it is not known which secret it was begun with
	_, err = s.RevokeTokens(ctx, oauthapp.AnyOwner, app, 10)
	must(err)
	for n := range byte(4) {
		isDead(id(5 + n))
	}
}
