package memory_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
	"github.com/oauthapps/oauthapps/store/internal/storebench"
	"github.com/oauthapps/oauthapps/store/memory"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// A load is a store with one application under use.
type load struct {
	store *memory.Store
	app   oauthapp.Application
	made  uint64 // digests
}

func newLoad(tb testing.TB) *load {
	l := &load{store: memory.New()}
	l.app = oauthapp.Application{
		ID: uuid.Must(uuid.NewV7()), ClientID: "client", Owner: "owner", Name: "Example", HomepageURL: "https://example.com/",
		CallbackURLs: []string{"https://example.com/callback"}, Type: oauthapp.Confidential, CreatedAt: noon, UpdatedAt: noon, Version: 1,
	}
	require.NoError(tb, l.store.CreateApplication(context.Background(), l.app, nil, 1))
	return l
}

func (l *load) digest() (d credential.Digest) {
	l.made++
	binary.BigEndian.PutUint64(d[:], l.made)
	return d
}

// begin begins a session of a user at a time.
func (l *load) begin(tb testing.TB, user string, at time.Time) store.Session {
	session := store.Session{
		ID: uuid.Must(uuid.NewV7()), ApplicationID: l.app.ID, UserID: user, AccountID: user, Scopes: []string{"read", "write"},
		CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute),
		Code: store.Code{
			Digest: l.digest(), ExpiresAt: at.Add(5 * time.Minute), RedirectURI: "https://example.com/callback",
			CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		},
	}
	_, err := l.store.BeginSession(context.Background(), store.SessionStart{Session: session, GrantID: uuid.Must(uuid.NewV7())})
	require.NoError(tb, err)
	return session
}

// redemption returns the exchange of a session's code, for tokens that live an
// hour and, refreshed, a day.
func (l *load) redemption(session store.Session) store.Redemption {
	at := session.CreatedAt
	return store.Redemption{
		SessionID: session.ID, Code: session.Code.Digest,
		Access:  store.AccessToken{Digest: l.digest(), IssuedAt: at, ExpiresAt: at.Add(time.Hour), Scopes: session.Scopes},
		Refresh: store.RefreshToken{Digest: l.digest(), ExpiresAt: at.Add(24 * time.Hour)},
		Family:  l.digest(), ExpiresAt: at.Add(24 * time.Hour), At: at,
	}
}

// signIn begins a session and redeems its code.
func (l *load) signIn(tb testing.TB, user string, at time.Time) (store.Session, store.Redemption) {
	session := l.begin(tb, user, at)
	r := l.redemption(session)
	require.NoError(tb, l.store.RedeemCode(context.Background(), r))
	return session, r
}

func (l *load) rotation(session store.Session, presented credential.Digest) store.Rotation {
	at := session.CreatedAt
	return store.Rotation{
		SessionID: session.ID, Presented: presented,
		Access:  store.AccessToken{Digest: l.digest(), IssuedAt: at, ExpiresAt: at.Add(time.Hour), Scopes: session.Scopes},
		Refresh: store.RefreshToken{Digest: l.digest(), ExpiresAt: at.Add(24 * time.Hour)},
		At:      at,
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first left to finalizers and caches
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// bytesPerSession fills a store with live sessions and returns what each takes.
func bytesPerSession(tb testing.TB, sessions, users int) float64 {
	l := newLoad(tb)
	before := heap()
	for i := range sessions {
		session, r := l.signIn(tb, fmt.Sprint("user-", i%users), noon)
		require.NoError(tb, l.store.RotateRefreshToken(context.Background(), l.rotation(session, r.Refresh.Digest)))
	}
	taken := float64(heap()-before) / float64(sessions)
	runtime.KeepAlive(l)
	return taken
}

// A live session with a grant of its own takes less than 750 bytes, with all
// that finds them.
func TestSessionSize(t *testing.T) {
	const sessions = 20_000
	require.Less(t, bytesPerSession(t, sessions, sessions), 750.0)
	require.Less(t, bytesPerSession(t, sessions, 100), 500.0)
}

// Under sustained load with a clean-up running, the store holds what is live
// and no more: its size after ten days is that after two.
func TestSizeUnderLoad(t *testing.T) {
	const perHour = 200
	ctx := context.Background()
	l := newLoad(t)
	start := heap()
	day := func(from time.Time) (size uint64) {
		for hour := range 24 {
			at := from.Add(time.Duration(hour) * time.Hour)
			for i := range perHour {
				user := fmt.Sprintf("user-%d", i)
				session, r := l.signIn(t, user, at)
				switch i % 5 {
				case 0:
					require.NoError(t, l.store.RotateRefreshToken(ctx, l.rotation(session, r.Refresh.Digest)))
				case 1:
					require.NoError(t, l.store.EndSession(ctx, session.ID))
				case 2:
					l.begin(t, user, at) // whose code is never redeemed
				case 3:
					grant, err := sample.Grant(ctx, l.store, l.app.ID, user, user)
					require.NoError(t, err)
					_, err = l.store.RevokeGrant(ctx, oauthapp.GrantsOfUser(user), grant.ID)
					require.NoError(t, err)
				}
			}
			if hour == 12 {
				_, err := l.store.RevokeTokens(ctx, oauthapp.AnyOwner, l.app.ID, perHour)
				require.NoError(t, err)
			}
			for cursor := ""; ; {
				next, _, err := l.store.CleanUp(ctx, at, cursor, 500)
				require.NoError(t, err)
				if cursor = next; cursor == "" {
					break
				}
			}
		}
		return heap() - start
	}
	day(noon)
	second := day(noon.Add(24 * time.Hour))
	var last uint64
	for n := 2; n < 10; n++ {
		last = day(noon.Add(time.Duration(n) * 24 * time.Hour))
	}
	require.Less(t, float64(last), 1.2*float64(second), "after two days: %d bytes, after ten: %d", second, last)
}

func BenchmarkSessionSize(b *testing.B) {
	for _, c := range []struct {
		name            string
		sessions, users int
	}{{"own-grant", 100_000, 100_000}, {"shared-grant", 100_000, 1000}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(bytesPerSession(b, c.sessions, c.users), "B/session")
			}
		})
	}
}

func BenchmarkStore(b *testing.B) {
	storebench.Benchmark(b, func(testing.TB) store.Store { return memory.New() })
}
