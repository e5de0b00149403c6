package signedintrospection_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A cluster is two nodes of one service, behind which a deployment exchanges
// the programs one by one while requests go on. Its clock stands still but for
// advance.
type cluster struct {
	t       *testing.T
	store   store.Store
	nodes   [2]atomic.Pointer[flow.Provider]
	elapsed atomic.Int64
	server  *httptest.Server
	form    string // of an introspection
}

func newCluster(t *testing.T, keys ...flow.SigningKey) *cluster {
	c := &cluster{t: t, store: memory.New()}
	first := flowtest.New(t, c.config(keys))
	token := first.AccessToken("user-1", "account-1", "read")
	c.form = url.Values{"client_id": {first.Application.ClientID}, "client_secret": {first.ClientSecret}, "token": {token}}.Encode()
	for i := range c.nodes {
		c.nodes[i].Store(first.Provider)
	}
	var next atomic.Int64
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.nodes[next.Add(1)%2].Load().ServeHTTP(w, r)
	}))
	t.Cleanup(c.server.Close)
	return c
}

func (c *cluster) now() time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(c.elapsed.Load()))
}

func (c *cluster) config(keys []flow.SigningKey) flow.Config {
	cfg := config()
	cfg.Store, cfg.Now, cfg.SigningKeys = c.store, c.now, keys
	cfg.Extensions = []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
	return cfg
}

// deploy has one node after the other run with some keys, each under load.
func (c *cluster) deploy(load *load, keys ...flow.SigningKey) {
	for i := range c.nodes {
		provider, err := flow.New(c.config(keys))
		require.NoError(c.t, err)
		c.nodes[i].Store(provider)
		load.settle()
	}
}

// wait has some time pass.
func (c *cluster) wait(load *load, d time.Duration) {
	c.elapsed.Add(int64(d))
	load.settle()
}

// A verifier is a resource server that fetches the published keys no sooner
// than it may: an unknown key is a failure to it.
type verifier struct {
	*cluster
	keySet  []byte
	fetched time.Time
	age     time.Duration // for which the keys may be kept
}

func (v *verifier) keys() ([]byte, error) {
	if v.keySet != nil && v.now().Before(v.fetched.Add(v.age)) {
		return v.keySet, nil
	}
	fetched := v.now()
	w, err := http.Get(v.server.URL + "/oauth/jwks")
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	age, err := strconv.Atoi(strings.TrimPrefix(w.Header.Get("Cache-Control"), "public, max-age="))
	if err != nil {
		return nil, err
	}
	var set json.RawMessage
	if err := json.NewDecoder(w.Body).Decode(&set); err != nil {
		return nil, err
	}
	v.keySet, v.fetched, v.age = set, fetched, time.Duration(age)*time.Second
	return v.keySet, nil
}

// ask introspects and verifies the answer.
func (v *verifier) ask() (keyID string, err error) {
	keySet, err := v.keys() // before it asks, so that they may be old
	if err != nil {
		return "", err
	}
	r, err := http.NewRequest(http.MethodPost, v.server.URL+"/oauth/introspect", strings.NewReader(v.form))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", signedintrospection.MediaType)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		return "", err
	}
	got, err := verify(string(body), keySet)
	return got.header.KeyID, err
}

// A load is resource servers that ask all the time.
type load struct {
	asked   [4]atomic.Int64
	stop    atomic.Bool
	running sync.WaitGroup

	guard    sync.Mutex
	failures []error
	keyIDs   map[string]bool // with which answers were signed
}

func (c *cluster) load() *load {
	l := &load{keyIDs: map[string]bool{}}
	for i := range l.asked {
		v := &verifier{cluster: c}
		l.running.Go(func() {
			for !l.stop.Load() {
				keyID, err := v.ask()
				l.guard.Lock()
				if l.keyIDs[keyID] = true; err != nil {
					l.failures = append(l.failures, err)
				}
				l.guard.Unlock()
				l.asked[i].Add(1)
			}
		})
	}
	c.t.Cleanup(l.end)
	l.settle()
	return l
}

// settle waits until each of them has begun and ended to ask, twice or more.
func (l *load) settle() {
	for i := range l.asked {
		for enough := l.asked[i].Load() + 3; l.asked[i].Load() < enough; {
			time.Sleep(time.Millisecond)
		}
	}
}

func (l *load) end() {
	l.stop.Store(true)
	l.running.Wait()
}

// cacheAge is how long the key set may be kept, and a moment.
const cacheAge = 5*time.Minute + time.Second

// A key is replaced under load, and no verifier that keeps the published keys
// as long as it may finds an answer that it cannot verify.
func TestKeysAreReplacedWithoutAnOutage(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			current, next := newKey(t, algorithm), newKey(t, algorithm)
			c := newCluster(t, current)
			load := c.load()
			c.deploy(load, current, next)
			c.wait(load, cacheAge)
			c.deploy(load, next, current)
			c.wait(load, cacheAge)
			c.deploy(load, next)
			c.wait(load, cacheAge)
			load.end()
			require.Empty(t, load.failures)
			require.Len(t, load.keyIDs, 2)
		})
	}
}

// The same verifiers do notice a step that is left out, or cut short.
func TestReplacingKeysTooFastIsNoticed(t *testing.T) {
	for name, replace := range map[string]func(c *cluster, load *load, current, next flow.SigningKey){
		"not published before": func(c *cluster, load *load, current, next flow.SigningKey) {
			c.deploy(load, next, current)
		},
		"published too shortly before": func(c *cluster, load *load, current, next flow.SigningKey) {
			c.deploy(load, current, next)
			c.wait(load, cacheAge/2)
			c.deploy(load, next, current)
		},
		"forgotten while it signs": func(c *cluster, load *load, current, next flow.SigningKey) {
			c.deploy(load, current, next)
			c.wait(load, cacheAge)
			provider, err := flow.New(c.config([]flow.SigningKey{next}))
			require.NoError(c.t, err)
			c.nodes[0].Store(provider) // the other one has not begun to sign with the next
			for range 10 {             // so that somebody fetches the keys of this node
				c.wait(load, cacheAge)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			current, next := newKey(t, "EdDSA"), newKey(t, "EdDSA")
			c := newCluster(t, current)
			load := c.load()
			replace(c, load, current, next)
			load.end()
			require.NotEmpty(t, load.failures)
		})
	}
}
