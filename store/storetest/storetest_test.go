package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A store that keeps its promises breaks no rule, those of durability and of
// several nodes included.
func TestCheckPasses(t *testing.T) {
	same := func(_ testing.TB, s store.Store) store.Store { return s }
	require.NoError(t, Check(t, Harness{New: func(testing.TB) store.Store { return memory.New() }, Reopen: same, Beside: same}))
}

// Check names every rule that is broken, and goes on after the first.
func TestCheckNamesWhatIsBroken(t *testing.T) {
	err := Check(t, Harness{
		New:    func(testing.TB) store.Store { return neverCleansUp{memory.New()} },
		Reopen: func(testing.TB, store.Store) store.Store { return memory.New() },
	})
	for _, name := range []string{"clean-up/sessions", "clean-up/grants", "clean-up/secrets", "clean-up/batches", "durability/everything", "durability/nothing back"} {
		require.ErrorContains(t, err, name+": ")
	}
	require.NotContains(t, err.Error(), "applications/")
	require.ErrorContains(t, err, "CleanUp removes grants that are dead", "the promise is quoted")
}

// Names are those of subtests: they are unique, and each rule says what it is
// about.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	some := func(testing.TB, store.Store) store.Store { return nil }
	all := Harness{Reopen: some, Beside: some}.rules()
	for _, r := range all {
		require.False(t, seen[r.name], "%s is there twice", r.name)
		seen[r.name] = true
		require.NotEmpty(t, r.says)
		require.NotNil(t, r.holds)
	}
	optional := len(durabilityRules) + len(nodeRules) + len(restartRules)
	require.Len(t, Harness{}.rules(), len(all)-optional)
	require.Len(t, Harness{Reopen: some}.rules(), len(all)-optional+len(durabilityRules))
	require.Len(t, Harness{Beside: some}.rules(), len(all)-optional+len(nodeRules))
}

// Each of these stores breaks a promise as real ones have been seen to, and
// each is caught by the rules that are about it.
func TestBrokenStores(t *testing.T) {
	for _, broken := range []struct {
		name  string
		new   func(*memory.Store) store.Store
		rules []string // that must catch it
	}{
		{"redeems a code by reading first and writing after", func(m *memory.Store) store.Store { return readsThenRedeems{m} },
			[]string{"codes/one winner"}},
		{"rotates by reading first and writing after", func(m *memory.Store) store.Store { return readsThenRotates{m} },
			[]string{"refresh/one winner"}},
		{"accepts an old refresh token", func(m *memory.Store) store.Store { return rotatesOld{m} },
			[]string{"refresh/old", "refresh/one winner"}},
		{"takes a used code for an unknown one", func(m *memory.Store) store.Store { return hidesUsed{m} },
			[]string{"codes/replay", "codes/one winner"}},
		{"takes an unknown code for a used one", func(m *memory.Store) store.Store { return inventsUsed{m} },
			[]string{"codes/wrong digest", "codes/expiry", "codes/dead session", "agreement/random calls"}},
		{"accepts a code at its expiry time", func(m *memory.Store) store.Store { return lateCode{m} },
			[]string{"codes/expiry"}},
		{"accepts a refresh token at its expiry time", func(m *memory.Store) store.Store { return lateRefresh{m} },
			[]string{"refresh/expiry"}},
		{"reads its own clock", func(m *memory.Store) store.Store { return ownClock{m} },
			[]string{"codes/redeem", "codes/expiry"}},
		{"gives a session to any client", func(m *memory.Store) store.Store { return anyClient{m} },
			[]string{"codes/client"}},
		{"revokes all tokens grant by grant, and stops after one page", func(m *memory.Store) store.Store { return revokesOnePage{m} },
			[]string{"revocation/all tokens"}},
		{"revokes all tokens without the sessions that begin meanwhile", func(m *memory.Store) store.Store { return newRevokesLate(m) },
			[]string{"revocation/racing begin"}},
		{"ends all sessions of a grant instead of one", func(m *memory.Store) store.Store { return endsGrant{m} },
			[]string{"revocation/one session"}},
		{"frees the client ID of a deleted application", func(m *memory.Store) store.Store {
			return &reusesClientID{Store: m, freed: map[string]bool{}}
		}, []string{"applications/never reused"}},
		{"counts applications first and inserts after", func(m *memory.Store) store.Store { return countsThenCreates{m} },
			[]string{"applications/limit at once"}},
		{"counts before it looks whether an ID is taken", func(m *memory.Store) store.Store { return countsFirst{m} },
			[]string{"applications/taken at the limit", "agreement/random calls"}},
		{"has no limit of secrets", func(m *memory.Store) store.Store { return unlimitedSecrets{m} },
			[]string{"secrets/limit", "secrets/limit at once"}},
		{"remembers a client as it was while its secret is reset", func(m *memory.Store) store.Store { return newRemembersClients(m) },
			[]string{"secrets/seen at once"}},
		{"lets old secrets live for ever at a zero time", func(m *memory.Store) store.Store { return zeroIsForEver{m} },
			[]string{"secrets/at once"}},
		{"ignores the owner", func(m *memory.Store) store.Store { return ignoresOwner{m} },
			[]string{"applications/owner"}},
		{"folds the case of owners", func(m *memory.Store) store.Store { return foldsCase{m} },
			[]string{"applications/owner", "values/distinct"}},
		{"lets the last update win", func(m *memory.Store) store.Store { return lastUpdateWins{m} },
			[]string{"applications/update conflict", "applications/update at once"}},
		{"replaces a grant's scopes instead of adding to them", func(m *memory.Store) store.Store { return replacesScopes{m} },
			[]string{"grants/union"}},
		{"begins a grant for a user who was not asked", func(m *memory.Store) store.Store { return alwaysAsks{m} },
			[]string{"grants/again", "revocation/racing again"}},
		{"looks for the grant first and begins after", func(m *memory.Store) store.Store { return looksThenBegins{m} },
			[]string{"revocation/racing again"}},
		{"adds the scopes of a session to the grant it relies on", func(m *memory.Store) store.Store { return widensUnasked{m} },
			[]string{"grants/again"}},
		{"takes a zero filter for all", func(m *memory.Store) store.Store { return zeroSelectsAll{m} },
			[]string{"grants/filter", "grants/revoke", "lists/last page"}},
		{"counts grants instead of users", func(m *memory.Store) store.Store { return countsGrants{m} },
			[]string{"grants/usage"}},
		{"counts some users twice", func(m *memory.Store) store.Store { return countsInPieces{m} },
			[]string{"grants/usage of many"}},
		{"begins a page one row late", func(m *memory.Store) store.Store { return skipsOne{m} },
			[]string{"lists/order", "lists/stable"}},
		{"counts pages from the start of the list", func(m *memory.Store) store.Store { return pagesByOffset{m} },
			[]string{"lists/stable"}},
		{"takes a cursor it cannot read for the first page", func(m *memory.Store) store.Store { return forgivesCursor{m} },
			[]string{"lists/cursor"}},
		{"keeps the slices it is given", func(m *memory.Store) store.Store { return &keepsSlices{Store: m} },
			[]string{"values/given"}},
		{"hands out the slices it keeps", func(m *memory.Store) store.Store { return &sharesSlices{Store: m} },
			[]string{"values/returned"}},
		{"cuts times to milliseconds", func(m *memory.Store) store.Store { return milliseconds{m} },
			[]string{"values/times"}},
		{"moves the last use back", func(m *memory.Store) store.Store { return &lastUseWins{Store: m, used: map[uuid.UUID]time.Time{}} },
			[]string{"uses/grant"}},
		{"cleans up what expires soon", func(m *memory.Store) store.Store { return cleansUpEarly{m} },
			[]string{"clean-up/live"}},
		{"never cleans up", func(m *memory.Store) store.Store { return neverCleansUp{m} },
			[]string{"clean-up/sessions", "clean-up/grants", "clean-up/secrets", "clean-up/batches"}},
		{"cleans up everything in one call", func(m *memory.Store) store.Store { return cleansUpAtOnce{m} },
			[]string{"clean-up/batches"}},
		{"drops the Extra of applications", func(m *memory.Store) store.Store { return dropsApplicationExtra{m} },
			[]string{"applications/kept", "applications/update", "agreement/random calls"}},
		{"replaces a standing whatever it is", func(m *memory.Store) store.Store { return replacesAnyStanding{m} }, []string{"standing/replaced"}},
		{"ignores that an application is suspended", func(m *memory.Store) store.Store { return ignoresSuspended{m} },
			[]string{"standing/suspended", "standing/at once"}},
		{"hides the sessions of a suspended application from its client", func(m *memory.Store) store.Store { return hidesSuspended{m} },
			[]string{"standing/suspended"}},
		{"cleans up after a suspension as after a revocation", func(m *memory.Store) store.Store { return cleansSuspended{m} },
			[]string{"standing/reinstated"}},
		{"replaces the standing with an update", func(m *memory.Store) store.Store { return updatesStanding{m} },
			[]string{"standing/kept"}},
		{"takes nobody for the owner of what has none", func(m *memory.Store) store.Store { return nobodyOwns{m} },
			[]string{"standing/ownerless"}},
		{"keeps the standing of a transferred application", func(m *memory.Store) store.Store { return keepsTrust{m} },
			[]string{"transfer/lists"}},
		{"counts applications first and transfers after", func(m *memory.Store) store.Store { return countsThenTransfers{m} },
			[]string{"transfer/limit at once"}},
		{"ends one step of grants", func(m *memory.Store) store.Store { return endsOneStep{m} },
			[]string{"ending/filters"}},
		{"ends the grants that it listed at first", func(m *memory.Store) store.Store { return endsListed{m} },
			[]string{"ending/own"}},
		{"lists the grants of applications themselves", func(m *memory.Store) store.Store { return listsOwn{m} },
			[]string{"standing/own sessions"}},
		{"keeps all sessions of an application itself", func(m *memory.Store) store.Store { return keepsAllOwn{m} },
			[]string{"own sessions/newest", "own sessions/at once", "own sessions/clean-up"}},
		{"refuses one session of an application itself too many", func(m *memory.Store) store.Store { return &refusesOwn{Store: m} },
			[]string{"own sessions/newest", "own sessions/at once"}},
		{"looks which session of an application itself is the oldest and ends it after", func(m *memory.Store) store.Store {
			return &looksThenEndsOldest{Store: m}
		}, []string{"own sessions/at once", "own sessions/first at once"}},
		{"ends the newest session of an application itself for the next", func(m *memory.Store) store.Store { return &endsNewest{Store: m} },
			[]string{"own sessions/newest", "own sessions/at once"}},
		{"counts the sessions of all applications themselves together", func(m *memory.Store) store.Store { return &looksThenEndsOldest{Store: m, forAll: true} },
			[]string{"own sessions/newest"}},
		{"tells nothing of what an application got for itself", func(m *memory.Store) store.Store { return hidesOwnUsage{m} },
			[]string{"standing/own sessions", "agreement/random calls"}},
		{"ends no session with its secret", func(m *memory.Store) store.Store { return forgetsSecret{m} },
			[]string{"own sessions/secret", "own sessions/secret overlap", "own sessions/secret gone"}},
		{"ends a session as its secret did when it began", func(m *memory.Store) store.Store { return copiesSecretEnd{m} },
			[]string{"own sessions/secret", "own sessions/secret overlap"}},
		{"drops Extra", func(m *memory.Store) store.Store { return dropsExtra{m} },
			[]string{"agreement/random calls", "extra/kept", "codes/redeem", "codes/none", "refresh/rotate"}},
		{"keeps the Extra of before where there is none", func(m *memory.Store) store.Store { return keepsExtra{m} },
			[]string{"extra/cleared"}},
		{"forgets the challenge of a redeemed code", func(m *memory.Store) store.Store { return forgetsChallenge{m} },
			[]string{"codes/redeem", "values/texts"}},
		{"gives a salt to a refresh that keeps its token", func(m *memory.Store) store.Store { return &saltsKept{Store: m} },
			[]string{"refresh/keeps"}},
		{"takes the refresh token away where there is no successor", func(m *memory.Store) store.Store { return alwaysRotates{m} },
			[]string{"refresh/keeps", "refresh/keeps at once"}},
		{"keeps a refresh token whatever the access token", func(m *memory.Store) store.Store { return keepsBlindly{m} },
			[]string{"refresh/keeps", "refresh/keeps at once"}},
		{"hands a record out twice", func(m *memory.Store) store.Store { return takesTwice{m} },
			[]string{"records/one taker"}},
		{"looks for a record first and keeps it after", func(m *memory.Store) store.Store { return looksThenKeeps{m} },
			[]string{"records/one keeper", "records/after expiry at once"}},
		{"looks at a value first and replaces it after", func(m *memory.Store) store.Store { return looksThenReplaces{m} },
			[]string{"records/one replacer"}},
		{"keeps a record at its expiry time", func(m *memory.Store) store.Store { return lateRecord{m} },
			[]string{"records/expiry"}},
		{"keeps records as text", func(m *memory.Store) store.Store { return textRecords{m} },
			[]string{"records/keep"}},
		{"tells records apart by digest alone", func(m *memory.Store) store.Store { return ignoresKind{m} },
			[]string{"records/distinct"}},
		{"never cleans up records", func(m *memory.Store) store.Store { return leavesRecords{m} },
			[]string{"clean-up/records"}},
		{"counts API tokens first and creates after", func(m *memory.Store) store.Store { return countsThenCreatesTokens{m} },
			[]string{"api tokens/limit at once"}},
		{"accepts an API token that has expired", func(m *memory.Store) store.Store { return lateAPIToken{m} },
			[]string{"api tokens/expiry"}},
		{"revokes an API token of anybody", func(m *memory.Store) store.Store { return revokesAnyToken{m} },
			[]string{"api tokens/revoke"}},
		{"ends one step of API tokens", func(m *memory.Store) store.Store { return endsOneStepOfTokens{m} },
			[]string{"api tokens/end"}},
		{"never cleans up API tokens", func(m *memory.Store) store.Store { return leavesAPITokens{m} },
			[]string{"api tokens/clean-up"}},
		{"does what it says that it did not do", func(m *memory.Store) store.Store { return failsAfterwards{m} },
			[]string{"context/cancelled"}},
	} {
		t.Run(broken.name, func(t *testing.T) {
			h := Harness{New: func(testing.TB) store.Store { return broken.new(memory.New()) }}
			for _, name := range broken.rules {
				require.ErrorContains(t, ruleNamed(t, h, name).test(t, h), name+": ", name)
			}
		})
	}
}

// Stores that lose something when they are closed and opened again.
func TestBrokenReopen(t *testing.T) {
	for _, broken := range []struct {
		name   string
		reopen func(testing.TB, store.Store) store.Store
		rules  []string
	}{
		{"loses everything", func(testing.TB, store.Store) store.Store { return memory.New() },
			[]string{"durability/everything", "durability/nothing back", "durability/cursors", "durability/again"}},
		{"loses what was used", func(_ testing.TB, s store.Store) store.Store { return hidesUsed{s.(*memory.Store)} },
			[]string{"durability/nothing back"}},
		{"forgets its place in lists", func(_ testing.TB, s store.Store) store.Store { return skipsOne{s.(*memory.Store)} },
			[]string{"durability/cursors"}},
	} {
		t.Run(broken.name, func(t *testing.T) {
			h := Harness{New: func(testing.TB) store.Store { return memory.New() }, Reopen: broken.reopen}
			for _, name := range broken.rules {
				require.ErrorContains(t, ruleNamed(t, h, name).test(t, h), name+": ", name)
			}
		})
	}
}

// These stores keep their promises for as long as there is one handle on the
// data, so the rules that try one do not catch them.
func TestBrokenBeside(t *testing.T) {
	var writing sync.Map // of *sync.Mutex, by the data
	for _, broken := range []struct {
		name  string
		new   func(*memory.Store) store.Store // a handle on the data
		rules []string                        // that must catch it
		alone []string                        // that hold through one handle
	}{
		{"keeps the sessions that it has seen live", func(m *memory.Store) store.Store {
			return &keepsSessions{Store: m, seen: map[uuid.UUID]store.Session{}}
		}, []string{"nodes/seen", "nodes/ended", "nodes/racing begin", "nodes/racing issue", "nodes/racing return", "nodes/racing again"},
			[]string{"codes/dead session", "revocation/all tokens", "revocation/racing issue", "revocation/racing delete"}},
		{"keeps the applications that it has read", func(m *memory.Store) store.Store {
			return &keepsApplications{Store: m, read: map[uuid.UUID]oauthapp.Application{}}
		}, []string{"nodes/seen", "nodes/updates"}, []string{"applications/update", "applications/update at once"}},
		{"remembers clients until it changes them itself", func(m *memory.Store) store.Store { return newRemembersClients(m) },
			[]string{"nodes/seen", "nodes/clients"}, []string{"secrets/overlap", "secrets/revoke"}},
		{"locks codes and refresh tokens in its process", func(m *memory.Store) store.Store { return &locksInProcess{Store: m} },
			[]string{"nodes/codes", "nodes/refresh"}, []string{"codes/one winner", "refresh/one winner"}},
		{"counts in its process", func(m *memory.Store) store.Store {
			return &countsInProcess{Store: m, clientIDs: map[string]bool{}}
		}, []string{"nodes/limits", "nodes/taken"}, []string{"applications/limit at once", "secrets/limit at once", "applications/taken at once"}},
		{"unites the scopes that it was given", func(m *memory.Store) store.Store { return &unitesInProcess{Store: m} },
			[]string{"nodes/consent"}, []string{"grants/union at once"}},
		{"keeps cursors in its process", func(m *memory.Store) store.Store {
			return &keepsCursors{Store: m, cursors: map[string]string{}}
		}, []string{"nodes/cursors"}, []string{"lists/order"}},
		{"fails while another process writes", func(m *memory.Store) store.Store {
			lock, _ := writing.LoadOrStore(m, new(sync.Mutex))
			return &failsWhenLocked{Store: m, other: lock.(*sync.Mutex)}
		}, []string{"nodes/clean-up"}, []string{"clean-up/at once"}},
	} {
		t.Run(broken.name, func(t *testing.T) {
			data := map[store.Store]*memory.Store{}
			open := func(m *memory.Store) store.Store {
				s := broken.new(m)
				data[s] = m
				return s
			}
			h := Harness{
				New:    func(testing.TB) store.Store { return open(memory.New()) },
				Beside: func(_ testing.TB, s store.Store) store.Store { return open(data[s]) },
			}
			for _, name := range broken.rules {
				require.ErrorContains(t, ruleNamed(t, h, name).test(t, h), name+": ", name)
			}
			for _, name := range broken.alone {
				require.NoError(t, ruleNamed(t, h, name).test(t, h), name)
			}
		})
	}
}

// A second handle on other data breaks every rule about two of them.
func TestBesideOtherData(t *testing.T) {
	h := Harness{
		New:    func(testing.TB) store.Store { return memory.New() },
		Reopen: func(_ testing.TB, s store.Store) store.Store { return s },
		Beside: func(testing.TB, store.Store) store.Store { return memory.New() },
	}
	for _, r := range slices.Concat(nodeRules, restartRules) {
		require.ErrorContains(t, r.test(t, h), r.name+": ", r.name)
	}
}

// A handle that ends must take neither the other one with it nor what that one
// did.
func TestBrokenRestart(t *testing.T) {
	for name, reopen := range map[string]func(closes) store.Store{
		"closes the data under the other handle": func(s closes) store.Store {
			s.closed.Store(true)
			return closes{s.Store, new(atomic.Bool)}
		},
		"returns to what it read when it was opened first": func(closes) store.Store { return closes{memory.New(), new(atomic.Bool)} },
	} {
		t.Run(name, func(t *testing.T) {
			same := func(_ testing.TB, s store.Store) store.Store { return s }
			h := Harness{
				New:    func(testing.TB) store.Store { return closes{memory.New(), new(atomic.Bool)} },
				Reopen: func(_ testing.TB, s store.Store) store.Store { return reopen(s.(closes)) },
				Beside: same,
			}
			require.ErrorContains(t, ruleNamed(t, h, "nodes/restart").test(t, h), "nodes/restart: ")
			h.Reopen = same
			require.NoError(t, ruleNamed(t, h, "nodes/restart").test(t, h))
		})
	}
}

func ruleNamed(t *testing.T, h Harness, name string) rule {
	t.Helper()
	rules := h.rules()
	at := slices.IndexFunc(rules, func(r rule) bool { return r.name == name })
	require.GreaterOrEqual(t, at, 0, "no rule is named %s", name)
	return rules[at]
}

// latency stands for the time between two statements, in which others get in.
func latency() { time.Sleep(time.Millisecond) }

type readsThenRedeems struct{ *memory.Store }

func (s readsThenRedeems) RedeemCode(ctx context.Context, r store.Redemption) error {
	session, err := s.Session(ctx, r.SessionID)
	if err == nil && session.Code.Digest.Equal(r.Code) && !session.Code.RedeemedAt.IsZero() {
		return store.ErrUsed
	}
	latency()
	if err = s.Store.RedeemCode(ctx, r); errors.Is(err, store.ErrUsed) {
		return nil
	}
	return err
}

type readsThenRotates struct{ *memory.Store }

func (s readsThenRotates) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	session, err := s.Session(ctx, r.SessionID)
	if err == nil && !session.Refresh.Digest.Equal(r.Presented) {
		return store.ErrUsed
	}
	latency()
	if err = s.Store.RotateRefreshToken(ctx, r); errors.Is(err, store.ErrUsed) {
		return nil
	}
	return err
}

type rotatesOld struct{ *memory.Store }

func (s rotatesOld) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	if session, err := s.Session(ctx, r.SessionID); err == nil && session.PreviousRefresh.Equal(r.Presented) {
		r.Presented = session.Refresh.Digest
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

type hidesUsed struct{ *memory.Store }

func (s hidesUsed) RedeemCode(ctx context.Context, r store.Redemption) error {
	if err := s.Store.RedeemCode(ctx, r); err != nil {
		return store.ErrNotFound
	}
	return nil
}

type inventsUsed struct{ *memory.Store }

func (s inventsUsed) RedeemCode(ctx context.Context, r store.Redemption) error {
	if err := s.Store.RedeemCode(ctx, r); err != nil {
		return store.ErrUsed
	}
	return nil
}

type lateCode struct{ *memory.Store }

func (s lateCode) RedeemCode(ctx context.Context, r store.Redemption) error {
	early := r
	early.At = r.At.Add(-tick)
	if err := s.Store.RedeemCode(ctx, r); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.Store.RedeemCode(ctx, early)
}

type lateRefresh struct{ *memory.Store }

func (s lateRefresh) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	early := r
	early.At = r.At.Add(-tick)
	if err := s.Store.RotateRefreshToken(ctx, r); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.Store.RotateRefreshToken(ctx, early)
}

type ownClock struct{ *memory.Store }

func (s ownClock) RedeemCode(ctx context.Context, r store.Redemption) error {
	r.At = time.Now().UTC().Truncate(time.Microsecond)
	return s.Store.RedeemCode(ctx, r)
}

type anyClient struct{ *memory.Store }

func (s anyClient) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	client, err := s.Store.Client(ctx, clientID, session, now)
	if found, findErr := s.Session(ctx, session); err == nil && findErr == nil {
		client.Session = &found
	}
	return client, err
}

type revokesOnePage struct{ *memory.Store }

func (s revokesOnePage) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	usage, err := s.Usage(ctx, owner, id, bound)
	if err != nil {
		return usage, err
	}
	filter := oauthapp.GrantsToApplication(id)
	grants, err := s.Grants(ctx, filter, oauthapp.Page{Limit: 5})
	for _, grant := range grants.Items {
		_, _ = s.RevokeGrant(ctx, filter, grant.ID)
	}
	return usage, err
}

type keepsTrust struct{ *memory.Store }

func (s keepsTrust) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	app, _ := s.Application(ctx, owner, id)
	err := s.Store.TransferApplication(ctx, owner, id, to, limit)
	if err == nil {
		_, err = s.SetStanding(ctx, oauthapp.AnyOwner, id, oauthapp.Standing{Suspended: app.Standing.Suspended, Reason: app.Standing.Reason}, app.Standing)
	}
	return err
}

type countsThenTransfers struct{ *memory.Store }

func (s countsThenTransfers) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	list, err := s.Applications(ctx, oauthapp.OwnedBy(to), oauthapp.Page{})
	if err == nil && len(list.Items) >= limit {
		return store.ErrLimit
	}
	latency()
	return s.Store.TransferApplication(ctx, owner, id, to, plenty)
}

type endsOneStep struct{ *memory.Store }

func (s endsOneStep) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (string, oauthapp.Ended, error) {
	_, ended, err := s.Store.EndGrants(ctx, filter, cursor, limit)
	return "", ended, err
}

type endsListed struct{ *memory.Store }

func (s endsListed) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, _ string, _ int) (string, oauthapp.Ended, error) {
	list, err := s.Grants(ctx, filter, oauthapp.Page{})
	for _, grant := range list.Items {
		_, _ = s.RevokeGrant(ctx, filter, grant.ID)
	}
	return "", oauthapp.Ended{Grants: len(list.Items)}, err
}

type dropsApplicationExtra struct{ *memory.Store }

func (s dropsApplicationExtra) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	app.Extra = nil
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

type replacesAnyStanding struct{ *memory.Store }

func (s replacesAnyStanding) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, _, standing oauthapp.Standing) (oauthapp.Application, error) {
	app, err := s.Application(ctx, owner, id)
	if err != nil {
		return oauthapp.Application{}, err
	}
	return s.Store.SetStanding(ctx, owner, id, app.Standing, standing)
}

type ignoresSuspended struct{ *memory.Store }

func (s ignoresSuspended) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (oauthapp.Application, error) {
	standing.Suspended = false
	return s.Store.SetStanding(ctx, owner, id, was, standing)
}

type hidesSuspended struct{ *memory.Store }

func (s hidesSuspended) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	client, err := s.Store.Client(ctx, clientID, session, now)
	if client.Application.Standing.Suspended {
		client.Session = nil
	}
	return client, err
}

type cleansSuspended struct{ *memory.Store }

func (s cleansSuspended) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (oauthapp.Application, error) {
	if standing.Suspended {
		_, _ = s.RevokeTokens(ctx, owner, id, 1)
	}
	return s.Store.SetStanding(ctx, owner, id, was, standing)
}

type updatesStanding struct{ *memory.Store }

func (s updatesStanding) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	err := s.Store.UpdateApplication(ctx, owner, app)
	if err == nil {
		was, _ := s.Application(ctx, owner, app.ID)
		_, err = s.SetStanding(ctx, owner, app.ID, was.Standing, app.Standing)
	}
	return err
}

type nobodyOwns struct{ *memory.Store }

func (s nobodyOwns) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	app, err := s.Store.Application(ctx, oauthapp.AnyOwner, id)
	if err == nil && owner.Account() != app.Owner {
		return s.Store.Application(ctx, owner, id)
	}
	return app, err
}

// listsOwn keeps the application's own grant as that of a user.
type listsOwn struct{ *memory.Store }

func (s listsOwn) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.Session.UserID == "" {
		b.Session.UserID = "itself"
	}
	grant, err := s.Store.BeginSession(ctx, b)
	grant.UserID = ""
	return grant, err
}

// revokesLate acknowledges the beginning of a session before others see it, so
// a revocation that comes between misses it.
type revokesLate struct {
	*memory.Store
	mu      sync.Mutex
	pending []store.SessionStart
	begun   int
}

func newRevokesLate(m *memory.Store) store.Store { return &revokesLate{Store: m} }

func (s *revokesLate) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun++; s.begun%2 == 0 {
		return s.Store.BeginSession(ctx, b)
	}
	s.pending = append(s.pending, b)
	return oauthapp.Grant{
		ID: b.GrantID, ApplicationID: b.Session.ApplicationID, UserID: b.Session.UserID, AccountID: b.Session.AccountID,
		Scopes: slices.Clone(b.Session.Scopes), AuthorizedAt: b.Session.CreatedAt,
	}, nil
}

func (s *revokesLate) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.pending {
		if _, err := s.Store.BeginSession(ctx, b); err != nil {
			return store.Session{}, err
		}
	}
	s.pending = nil
	return s.Store.Session(ctx, id)
}

type endsGrant struct{ *memory.Store }

func (s endsGrant) EndSession(ctx context.Context, id uuid.UUID) error {
	session, err := s.Session(ctx, id)
	if err != nil {
		return nil
	}
	_, err = s.RevokeGrant(ctx, oauthapp.GrantsOfUser(session.UserID), session.GrantID)
	return err
}

type reusesClientID struct {
	*memory.Store
	freed map[string]bool
}

func (s *reusesClientID) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (oauthapp.Application, error) {
	app, err := s.Store.DeleteApplication(ctx, owner, id, at)
	s.freed[app.ClientID] = err == nil
	return app, err
}

func (s *reusesClientID) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	err := s.Store.CreateApplication(ctx, app, secret, limit)
	if errors.Is(err, store.ErrExists) && s.freed[app.ClientID] {
		app.ClientID += "-again"
		return s.Store.CreateApplication(ctx, app, secret, limit)
	}
	return err
}

type countsThenCreates struct{ *memory.Store }

func (s countsThenCreates) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	list, err := s.Applications(ctx, oauthapp.OwnedBy(app.Owner), oauthapp.Page{Limit: 200})
	if err != nil || len(list.Items) >= limit {
		return errors.Join(err, store.ErrLimit)
	}
	latency()
	return s.Store.CreateApplication(ctx, app, secret, plenty)
}

type countsFirst struct{ *memory.Store }

func (s countsFirst) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	list, err := s.Applications(ctx, oauthapp.OwnedBy(app.Owner), oauthapp.Page{})
	if err != nil || len(list.Items) >= limit {
		return errors.Join(err, store.ErrLimit)
	}
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

type unlimitedSecrets struct{ *memory.Store }

func (s unlimitedSecrets) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, _ int) error {
	return s.Store.AddSecret(ctx, owner, secret, othersExpireAt, plenty)
}

type zeroIsForEver struct{ *memory.Store }

func (s zeroIsForEver) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	if othersExpireAt.IsZero() {
		othersExpireAt, limit = secret.CreatedAt.Add(100*sessionTTL), plenty
	}
	return s.Store.AddSecret(ctx, owner, secret, othersExpireAt, limit)
}

type ignoresOwner struct{ *memory.Store }

func (s ignoresOwner) UpdateApplication(ctx context.Context, _ oauthapp.Owner, app oauthapp.Application) error {
	return s.Store.UpdateApplication(ctx, oauthapp.AnyOwner, app)
}

type foldsCase struct{ *memory.Store }

func (s foldsCase) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	app.Owner = strings.ToLower(app.Owner)
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

func (s foldsCase) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	return s.Store.Application(ctx, oauthapp.OwnedBy(strings.ToLower(owner.Account())), id)
}

type lastUpdateWins struct{ *memory.Store }

func (s lastUpdateWins) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	for {
		seen, err := s.Application(ctx, owner, app.ID)
		if err != nil {
			return err
		}
		app.Version = seen.Version
		if err = s.Store.UpdateApplication(ctx, owner, app); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

type replacesScopes struct{ *memory.Store }

func (s replacesScopes) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	grant, err := s.Store.BeginSession(ctx, b)
	grant.Scopes = slices.Clone(b.Session.Scopes)
	return grant, err
}

type alwaysAsks struct{ *memory.Store }

func (s alwaysAsks) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.GrantID == uuid.Nil {
		b.GrantID = uuid.Must(uuid.NewV7())
	}
	return s.Store.BeginSession(ctx, b)
}

type looksThenBegins struct{ *memory.Store }

func (s looksThenBegins) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if b.GrantID == uuid.Nil {
		if _, err := sample.Grant(ctx, s, b.Session.ApplicationID, b.Session.UserID, b.Session.AccountID); err != nil {
			return oauthapp.Grant{}, err
		}
		latency()
	}
	return alwaysAsks(s).BeginSession(ctx, b)
}

type widensUnasked struct{ *memory.Store }

func (s widensUnasked) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	_, err := sample.Grant(ctx, s, b.Session.ApplicationID, b.Session.UserID, b.Session.AccountID)
	if b.GrantID == uuid.Nil && err != nil {
		return oauthapp.Grant{}, err
	}
	return alwaysAsks(s).BeginSession(ctx, b)
}

type zeroSelectsAll struct{ *memory.Store }

func (s zeroSelectsAll) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	if filter.Err() != nil {
		filter = oauthapp.GrantsToOwner(oauthapp.AnyOwner)
	}
	return s.Store.Grants(ctx, filter, page)
}

func (s zeroSelectsAll) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	if filter.Err() != nil {
		filter = oauthapp.GrantsToOwner(oauthapp.AnyOwner)
	}
	return s.Store.RevokeGrant(ctx, filter, id)
}

// countsInPieces counts the user at the end of each piece again at the
// beginning of the next.
type countsInPieces struct{ *memory.Store }

func (s countsInPieces) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	usage, err := s.Store.Usage(ctx, owner, id, math.MaxInt)
	usage.Users += usage.Users / 32
	usage.Users, usage.More = min(usage.Users, bound), usage.Users > bound
	return usage, err
}

type countsGrants struct{ *memory.Store }

func (s countsGrants) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	usage, err := s.Store.Usage(ctx, owner, id, bound)
	if err != nil {
		return usage, err
	}
	grants, err := s.Grants(ctx, oauthapp.GrantsToApplication(id), oauthapp.Page{Limit: bound})
	usage.Users, usage.More = len(grants.Items), grants.Next != ""
	return usage, err
}

type skipsOne struct{ *memory.Store }

func (s skipsOne) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	list, err := s.Store.Applications(ctx, owner, page)
	if page.After != "" && len(list.Items) > 1 {
		list.Items = list.Items[1:]
	}
	return list, err
}

type pagesByOffset struct{ *memory.Store }

func (s pagesByOffset) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	list, err := s.Store.Applications(ctx, owner, oauthapp.Page{Limit: 200})
	from := min(len(page.After), len(list.Items)) // in unary
	to := min(from+page.Limit, len(list.Items))
	more := to < len(list.Items)
	list.Items, list.Next = list.Items[from:to], ""
	if more {
		list.Next = strings.Repeat("x", to)
	}
	return list, err
}

type forgivesCursor struct{ *memory.Store }

func (s forgivesCursor) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	list, err := s.Store.Grants(ctx, filter, page)
	if _, invalid := errors.AsType[*oauthapp.ValidationError](err); invalid {
		return s.Store.Grants(ctx, filter, oauthapp.Page{Limit: page.Limit})
	}
	return list, err
}

type keepsSlices struct {
	*memory.Store
	callbacks []string
}

func (s *keepsSlices) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	s.callbacks = app.CallbackURLs
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

func (s *keepsSlices) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	app, err := s.Store.Application(ctx, owner, id)
	app.CallbackURLs = s.callbacks
	return app, err
}

type sharesSlices struct {
	*memory.Store
	once   sync.Once
	scopes []string
}

func (s *sharesSlices) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	session, err := s.Store.Session(ctx, id)
	s.once.Do(func() { s.scopes = session.Scopes })
	session.Scopes = s.scopes
	return session, err
}

type milliseconds struct{ *memory.Store }

func (s milliseconds) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	b.Session.CreatedAt = b.Session.CreatedAt.Truncate(time.Millisecond)
	return s.Store.BeginSession(ctx, b)
}

type lastUseWins struct {
	*memory.Store
	used map[uuid.UUID]time.Time
}

func (s *lastUseWins) Touch(ctx context.Context, u store.Use) error {
	s.used[u.GrantID] = u.At
	return s.Store.Touch(ctx, u)
}

func (s *lastUseWins) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	list, err := s.Store.Grants(ctx, filter, page)
	for i := range list.Items {
		if used, ok := s.used[list.Items[i].ID]; ok {
			list.Items[i].LastUsedAt = used
		}
	}
	return list, err
}

type cleansUpEarly struct{ *memory.Store }

func (s cleansUpEarly) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (string, int, error) {
	return s.Store.CleanUp(ctx, now.Add(tick), cursor, limit)
}

type neverCleansUp struct{ *memory.Store }

func (s neverCleansUp) CleanUp(context.Context, time.Time, string, int) (string, int, error) {
	return "", 0, nil
}

type cleansUpAtOnce struct{ *memory.Store }

func (s cleansUpAtOnce) CleanUp(ctx context.Context, now time.Time, cursor string, _ int) (string, int, error) {
	return s.Store.CleanUp(ctx, now, cursor, 1_000_000)
}

type failsAfterwards struct{ *memory.Store }

func (s failsAfterwards) RedeemCode(ctx context.Context, r store.Redemption) error {
	return errors.Join(s.Store.RedeemCode(context.WithoutCancel(ctx), r), ctx.Err())
}

// keepsSessions does not ask again for a session that it has seen live, until
// it ends one itself.
type keepsSessions struct {
	*memory.Store
	mu   sync.Mutex
	seen map[uuid.UUID]store.Session
}

func (s *keepsSessions) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session, ok := s.seen[id]; ok {
		return session, nil
	}
	return s.see(ctx, id)
}

func (s *keepsSessions) see(ctx context.Context, id uuid.UUID) (store.Session, error) {
	session, err := s.Store.Session(ctx, id)
	if err == nil {
		s.seen[id] = session
	}
	return session, err
}

func (s *keepsSessions) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant, err := s.Store.BeginSession(ctx, b)
	_, _ = s.see(ctx, b.Session.ID)
	return grant, err
}

func (s *keepsSessions) RedeemCode(ctx context.Context, r store.Redemption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.RedeemCode(ctx, r)
	_, _ = s.see(ctx, r.SessionID)
	return err
}

func (s *keepsSessions) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.RotateRefreshToken(ctx, r)
	_, _ = s.see(ctx, r.SessionID)
	return err
}

func (s *keepsSessions) EndSession(ctx context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	return s.Store.EndSession(ctx, id)
}

func (s *keepsSessions) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	return s.Store.RevokeGrant(ctx, filter, id)
}

func (s *keepsSessions) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	return s.Store.RevokeTokens(ctx, owner, id, bound)
}

func (s *keepsSessions) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (oauthapp.Application, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	return s.Store.DeleteApplication(ctx, owner, id, at)
}

func (s *keepsSessions) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (string, oauthapp.Ended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	return s.Store.EndGrants(ctx, filter, cursor, limit)
}

// keepsApplications does not ask again for an application that it has read,
// until it updates it itself.
type keepsApplications struct {
	*memory.Store
	mu   sync.Mutex
	read map[uuid.UUID]oauthapp.Application
}

func (s *keepsApplications) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.read[id]
	if !ok {
		var err error
		if app, err = s.Store.Application(ctx, owner, id); err != nil {
			return app, err
		}
		s.read[id] = app
	}
	app.Scopes = slices.Clone(app.Scopes)
	return app, nil
}

func (s *keepsApplications) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.UpdateApplication(ctx, owner, app)
	if err == nil {
		delete(s.read, app.ID)
	}
	return err
}

// remembersClients remembers what it has read of a client, also where it was
// told to forget since it began to read.
type remembersClients struct {
	*memory.Store
	mu      sync.Mutex
	clients map[string]store.Client
	forgot  chan struct{} // closed with the next
}

func newRemembersClients(m *memory.Store) *remembersClients {
	return &remembersClients{Store: m, clients: map[string]store.Client{}, forgot: make(chan struct{})}
}

func (s *remembersClients) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	s.mu.Lock()
	known, ok := s.clients[clientID]
	forgot := s.forgot
	s.mu.Unlock()
	client, err := s.Store.Client(ctx, clientID, session, now)
	if err != nil {
		return client, err
	}
	if !ok {
		known = client
		select { // reading takes a while
		case <-forgot:
		case <-time.After(2 * time.Millisecond):
		}
		s.mu.Lock()
		if _, there := s.clients[clientID]; !there {
			s.clients[clientID] = known
		}
		s.mu.Unlock()
	}
	client.Application, client.Secrets = known.Application, nil
	for _, secret := range known.Secrets {
		if secret.Live(now) {
			client.Secrets = append(client.Secrets, secret)
		}
	}
	return client, nil
}

func (s *remembersClients) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.clients)
	close(s.forgot)
	s.forgot = make(chan struct{})
}

func (s *remembersClients) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	defer s.forget()
	return s.Store.AddSecret(ctx, owner, secret, othersExpireAt, limit)
}

func (s *remembersClients) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (oauthapp.Secret, error) {
	defer s.forget()
	return s.Store.RevokeSecret(ctx, owner, id, secret, at)
}

type locksInProcess struct {
	*memory.Store
	mu sync.Mutex
}

func (s *locksInProcess) RedeemCode(ctx context.Context, r store.Redemption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session, err := s.Session(ctx, r.SessionID); err == nil && !session.Code.RedeemedAt.IsZero() {
		return s.Store.RedeemCode(ctx, r)
	}
	return readsThenRedeems{s.Store}.RedeemCode(ctx, r)
}

func (s *locksInProcess) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return readsThenRotates{s.Store}.RotateRefreshToken(ctx, r)
}

type countsInProcess struct {
	*memory.Store
	mu            sync.Mutex
	apps, secrets int
	clientIDs     map[string]bool
}

func (s *countsInProcess) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.apps >= limit:
		return store.ErrLimit
	case s.clientIDs[app.ClientID]:
		return store.ErrExists
	}
	s.apps++
	s.clientIDs[app.ClientID] = true
	if err := s.Store.CreateApplication(ctx, app, secret, plenty); !errors.Is(err, store.ErrExists) {
		return err
	}
	return nil
}

func (s *countsInProcess) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets >= limit-1 { // one came with the application
		return store.ErrLimit
	}
	s.secrets++
	return s.Store.AddSecret(ctx, owner, secret, othersExpireAt, plenty)
}

type unitesInProcess struct {
	*memory.Store
	mu     sync.Mutex
	scopes []string
}

func (s *unitesInProcess) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range b.Session.Scopes {
		if !slices.Contains(s.scopes, scope) {
			s.scopes = append(s.scopes, scope)
		}
	}
	return s.Store.BeginSession(ctx, b)
}

func (s *unitesInProcess) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.Store.Grants(ctx, filter, page)
	for i := range list.Items {
		list.Items[i].Scopes = slices.Clone(s.scopes)
	}
	return list, err
}

type keepsCursors struct {
	*memory.Store
	cursors map[string]string
}

func (s *keepsCursors) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	page.After = s.cursors[page.After]
	list, err := s.Store.Applications(ctx, owner, page)
	if list.Next != "" {
		cursor := uuid.NewString()
		s.cursors[cursor], list.Next = list.Next, cursor
	}
	return list, err
}

type failsWhenLocked struct {
	*memory.Store
	mu    sync.Mutex
	other *sync.Mutex // is held by whoever writes
}

func (s *failsWhenLocked) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (string, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.other.TryLock() {
		return "", 0, errors.New("database is locked")
	}
	defer s.other.Unlock()
	latency()
	return s.Store.CleanUp(ctx, now, cursor, limit)
}

// closes is a handle that is closed by setting what it shares with others.
type closes struct {
	*memory.Store
	closed *atomic.Bool
}

func (s closes) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if s.closed.Load() {
		return oauthapp.Grant{}, errors.New("store is closed")
	}
	return s.Store.BeginSession(ctx, b)
}

func (s closes) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	if s.closed.Load() {
		return errors.New("store is closed")
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

type dropsExtra struct{ *memory.Store }

func (s dropsExtra) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	b.Session.Extra = nil
	return s.Store.BeginSession(ctx, b)
}

func (s dropsExtra) RedeemCode(ctx context.Context, r store.Redemption) error {
	r.Extra = nil
	return s.Store.RedeemCode(ctx, r)
}

func (s dropsExtra) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	r.Extra = nil
	return s.Store.RotateRefreshToken(ctx, r)
}

type keepsExtra struct{ *memory.Store }

func (s keepsExtra) RedeemCode(ctx context.Context, r store.Redemption) error {
	if session, err := s.Session(ctx, r.SessionID); err == nil && len(r.Extra) == 0 {
		r.Extra = session.Extra
	}
	return s.Store.RedeemCode(ctx, r)
}

type forgetsChallenge struct{ *memory.Store }

func (s forgetsChallenge) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	session, err := s.Store.Session(ctx, id)
	if !session.Code.RedeemedAt.IsZero() {
		session.Code.CodeChallenge = ""
	}
	return session, err
}

// saltsKept takes the salt of every refresh for that of a rotation.
type saltsKept struct {
	*memory.Store
	salt store.Salt
}

func (s *saltsKept) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	err := s.Store.RotateRefreshToken(ctx, r)
	if err == nil {
		s.salt = r.Salt
	}
	return err
}

func (s *saltsKept) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	session, err := s.Store.Session(ctx, id)
	session.RotationSalt = s.salt
	return session, err
}

type alwaysRotates struct{ *memory.Store }

func (s alwaysRotates) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	if r.Refresh.Digest.IsZero() {
		_, _ = rand.Read(r.Refresh.Digest[:])
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

type keepsBlindly struct{ *memory.Store }

func (s keepsBlindly) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	session, err := s.Session(ctx, r.SessionID)
	if err == nil {
		r.Replaces = session.Access.Digest
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

type takesTwice struct{ *memory.Store }

func (s takesTwice) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	r, err := s.Look(ctx, kind, digest, now)
	if err == nil {
		latency()
		_, _ = s.Store.Take(ctx, kind, digest, now)
	}
	return r, err
}

type looksThenKeeps struct{ *memory.Store }

func (s looksThenKeeps) Keep(ctx context.Context, r store.Record, now time.Time) error {
	if _, err := s.Look(ctx, r.Kind, r.Digest, now); err == nil {
		return store.ErrExists
	}
	latency()
	if err := s.Store.Keep(ctx, r, now); !errors.Is(err, store.ErrExists) {
		return err
	}
	return nil
}

type looksThenReplaces struct{ *memory.Store }

func (s looksThenReplaces) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	was, err := s.Look(ctx, r.Kind, r.Digest, now)
	if err != nil || !bytes.Equal(was.Value, old) {
		return s.Store.Replace(ctx, r, old, now)
	}
	latency()
	if err := s.Store.Replace(ctx, r, old, now); !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}

type lateRecord struct{ *memory.Store }

func (s lateRecord) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	return s.Store.Look(ctx, kind, digest, now.Add(-tick))
}

type textRecords struct{ *memory.Store }

func (s textRecords) Keep(ctx context.Context, r store.Record, now time.Time) error {
	r.Value = []byte(strings.ToValidUTF8(string(r.Value), "?"))
	return s.Store.Keep(ctx, r, now)
}

type ignoresKind struct{ *memory.Store }

func (s ignoresKind) Keep(ctx context.Context, r store.Record, now time.Time) error {
	r.Kind = "any"
	return s.Store.Keep(ctx, r, now)
}

func (s ignoresKind) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	r, err := s.Store.Look(ctx, "any", digest, now)
	r.Kind = kind
	return r, err
}

type leavesRecords struct{ *memory.Store }

func (s leavesRecords) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (string, int, error) {
	next, removed, err := s.Store.CleanUp(ctx, now, cursor, limit)
	if strings.HasPrefix(next, "r") { // the phase of records
		next = ""
	}
	return next, removed, err
}

type countsThenCreatesTokens struct{ *memory.Store }

func (s countsThenCreatesTokens) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) error {
	mine, err := s.APITokens(ctx, oauthapp.APITokenFilter{UserID: token.UserID}, oauthapp.Page{Limit: 200}, token.CreatedAt)
	if err != nil {
		return err
	}
	if len(mine.Items) >= limit {
		return store.ErrLimit
	}
	runtime.Gosched()
	return s.Store.CreateAPIToken(ctx, token, math.MaxInt)
}

type lateAPIToken struct{ *memory.Store }

func (s lateAPIToken) APIToken(ctx context.Context, id uuid.UUID, _ time.Time) (oauthapp.APIToken, error) {
	return s.Store.APIToken(ctx, id, start)
}

type revokesAnyToken struct{ *memory.Store }

func (s revokesAnyToken) RevokeAPIToken(ctx context.Context, _ oauthapp.APITokenFilter, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	token, err := s.APIToken(ctx, id, now)
	if err != nil {
		return token, err
	}
	return s.Store.RevokeAPIToken(ctx, filterOf(token), id, now)
}

type endsOneStepOfTokens struct{ *memory.Store }

func (s endsOneStepOfTokens) EndAPITokens(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (string, int, error) {
	_, ended, err := s.Store.EndAPITokens(ctx, filter, cursor, limit)
	return "", ended, err
}

type leavesAPITokens struct{ *memory.Store }

func (s leavesAPITokens) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (string, int, error) {
	next, removed, err := s.Store.CleanUp(ctx, now, cursor, limit)
	if strings.HasPrefix(next, "t") { // the phase of API tokens
		return "", removed, err
	}
	return next, removed, err
}
