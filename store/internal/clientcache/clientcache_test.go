package clientcache

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func entry(clientID string) Entry[int64] {
	return Entry[int64]{Revision: 7, Application: oauthapp.Application{ClientID: clientID, CallbackURLs: []string{"https://example.com/cb"}, Scopes: []string{"read"}}}
}

func TestAnEntryIsRememberedForTenSeconds(t *testing.T) {
	c := New[int64]()
	at := now
	c.now = func() time.Time { return at }
	_, ok := c.Get("client", now)
	require.False(t, ok)
	e := entry("client")
	e.Read = now
	at = now.Add(limit / 2) // reading takes a while
	c.Put(&e)
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {limit - 1, true}, {limit, false}} {
		at = now.Add(step.after)
		got, ok := c.Get("client", now)
		require.Equal(t, step.want, ok, step.after)
		if ok {
			require.EqualValues(t, 7, got.Revision)
		}
	}
	e.Read = at
	c.Put(&e)
	_, ok = c.Get("client", now)
	require.True(t, ok, "read again")
}

// What had expired when it was read is not there for whoever asks as of before.
func TestAnEntryIsOfTheTimeItWasReadFor(t *testing.T) {
	c := New[int64]()
	e := entry("client")
	e.From, e.Read = now, time.Now()
	c.Put(&e)
	for _, step := range []struct {
		as   time.Time
		want bool
	}{{now.Add(-time.Microsecond), false}, {now, true}, {now.Add(time.Hour), true}} {
		_, ok := c.Get("client", step.as)
		require.Equal(t, step.want, ok, step.as)
	}
}

// The memory is bounded whatever clients are like: texts are long, callback
// URLs many.
func TestTheCacheIsBounded(t *testing.T) {
	for name, long := range map[string]int{"short": 10, "long": 50_000} {
		t.Run(name, func(t *testing.T) {
			heap := func() uint64 {
				runtime.GC()
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				return stats.HeapAlloc
			}
			c := New[int64]()
			c.now = func() time.Time { return time.Time{} }
			before := heap()
			for i := range 20_000 {
				e := entry(fmt.Sprint(i))
				e.Application.Description = strings.Repeat("x", long)
				e.Application.CallbackURLs = slices.Repeat([]string{"https://example.com/"}, 1+long/1000)
				c.Put(&e)
			}
			require.Less(t, int64(heap()-before), int64(2*size))
			require.LessOrEqual(t, c.bytes, size)
			require.Greater(t, c.bytes, size/2)
			_, ok := c.Get("0", now)
			require.False(t, ok, "the oldest")
			_, ok = c.Get("19999", now)
			require.True(t, ok, "the newest")
		})
	}
	c := New[int64]()
	e := entry("client")
	e.Read = time.Now()
	c.Put(&e)
	e.Application.Description = strings.Repeat("x", most)
	c.Put(&e)
	_, ok := c.Get("client", now)
	require.False(t, ok, "one that is too large replaces the one before by none")
	require.Zero(t, c.bytes)
}

func TestClientHasTheLiveSecretsNewestFirst(t *testing.T) {
	secret := func(n byte, expires time.Time) oauthapp.Secret {
		return oauthapp.Secret{ID: uuid.UUID{n}, ExpiresAt: expires}
	}
	oldest, newest, expiring := secret(1, time.Time{}), secret(3, time.Time{}), secret(2, now)
	e := entry("client")
	e.Secrets = []oauthapp.Secret{oldest, newest, expiring}
	New[int64]().Put(&e)
	require.Equal(t, []oauthapp.Secret{newest, oldest}, e.Client(nil, now).Secrets)
	require.Equal(t, []oauthapp.Secret{newest, expiring, oldest}, e.Client(nil, now.Add(-1)).Secrets)
	session := &store.Session{}
	require.Same(t, session, e.Client(session, now).Session)
}

// Whoever is handed a client may change it.
func TestClientIsACopy(t *testing.T) {
	e := entry("client")
	e.Secrets = []oauthapp.Secret{{Hint: "wxyz"}}
	client := e.Client(nil, now)
	client.Application.CallbackURLs[0], client.Application.Scopes[0], client.Secrets[0].Hint = "", "", ""
	want := entry("client")
	require.Equal(t, want.Application, e.Application)
	require.Equal(t, "wxyz", e.Secrets[0].Hint)
}
