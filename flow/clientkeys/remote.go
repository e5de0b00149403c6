package clientkeys

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/fetch"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	// minFresh is for how long fetched keys are used at least, so that clients
	// whose server forbids to keep them get through more often.
	minFresh = time.Minute
	// maxStale is how old they are at most: a key that a client withdrew is
	// good no longer.
	maxStale = time.Hour
)

// A remote finds the keys of applications, those at URLs too.
type remote struct {
	fetcher *fetch.Fetcher
	now     func() time.Time

	mu      sync.Mutex
	unknown bucket.Set // of applications whose keys are fetched again
}

// unknownPace is how often an unknown key ID has the keys of an application
// fetched again. Whoever causes that has not authenticated.
const unknownPace = time.Minute

func newRemote(k *kernel.Kernel, roots []*x509.Certificate) (*remote, error) {
	fetcher, err := fetch.New(fetch.Config{
		Issuer:   k.Issuer,
		Roots:    roots,
		MaxSize:  jose.MaxSet,
		MinFresh: minFresh,
		MaxFresh: maxStale,
		MaxStale: maxStale,
		Check:    func(_ string, body []byte) error { _, err := jose.ParseSet(body); return err },
		Now:      k.Now,
	})
	return &remote{fetcher: fetcher, now: k.Now, unknown: bucket.New(1, unknownPace)}, err
}

// unusable tells the host why an application has no keys. It is the
// application's own fault.
type unusable string

func (u unusable) Error() string { return string(u) }

// keys returns those that may have signed a token of an application. An error
// that is not unusable is an outage.
func (m *remote) keys(ctx context.Context, app oauthapp.Application, token *jose.Token) ([]jose.Key, error) {
	var kept entry
	if found, err := app.ReadExtra(Name, &kept); !found || err != nil {
		return nil, err
	}
	if kept.URI == "" {
		set, err := jose.ParseSet(kept.Set)
		if err != nil {
			return nil, unusable("the application's keys cannot be used")
		}
		return set.For(token), nil
	}
	set, err := m.fetch(ctx, m.fetcher.Get, app, kept.URI)
	if err != nil {
		return nil, err
	}
	keys := set.For(token)
	if len(keys) > 0 || !m.mayFetchAgain(app) {
		return keys, nil
	}
	if set, err = m.fetch(ctx, m.fetcher.Refresh, app, kept.URI); err != nil {
		return nil, err
	}
	return set.For(token), nil
}

// fetch gets the keys at a URL. The fetches of each application have a budget
// of their own.
func (m *remote) fetch(ctx context.Context, get func(ctx context.Context, url, user string) ([]byte, error), app oauthapp.Application, url string) (jose.Set, error) {
	document, err := get(ctx, url, "client "+app.ClientID)
	if errors.Is(err, fetch.ErrURL) || errors.Is(err, fetch.ErrDocument) || errors.Is(err, fetch.ErrGone) {
		return nil, unusable("no usable key set at the application's jwks_uri")
	}
	if err != nil {
		return nil, err
	}
	return jose.ParseSet(document)
}

func (m *remote) mayFetchAgain(app oauthapp.Application) bool {
	key, now := bucket.KeyOf(app.ClientID), m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unknown.Wait(key, now) > 0 {
		return false
	}
	m.unknown.Take(key, now)
	return true
}
