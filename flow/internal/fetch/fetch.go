// Package fetch gets small JSON documents from URLs that strangers name. It is
// made so that nobody can use it to reach what they cannot reach themselves, to
// keep this service busy, or to have it keep others busy:
//
//   - https alone, with certificates that verify; no redirect is followed and
//     no proxy of the environment is used;
//   - a name is resolved once; each of its addresses must be a public one, and
//     the connection goes to those addresses and to no other;
//   - the answer is 200, of a JSON type, not compressed, of bounded size and
//     depth, and all of it is there before a deadline;
//   - there are budgets for everything together, for each origin, for each
//     network that an origin is in, and for each user who causes it. A document
//     that is known has a budget of its own instead, so that nobody keeps it
//     from being renewed by naming others. One that fails again and again waits,
//     and takes nothing from the budgets;
//   - however many wait for one document, it is fetched once.
//
// Documents are kept in bounded memory for as long as they say, within bounds,
// and for longer while their origin cannot be reached or answers with something
// that is no document.
package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
)

// The errors of [Fetcher.Get], for errors.Is. Every error is one of them.
var (
	// ErrURL is for a URL that is never fetched, whatever is there: it is no
	// https URL, or its host has an address that is not public.
	ErrURL = errors.New("fetch: not a URL that is fetched")
	// ErrUnreachable is for an origin that does not answer, in time or at all,
	// or says that it cannot at the moment: status 429 and 5xx.
	ErrUnreachable = errors.New("fetch: the origin cannot be reached")
	// ErrDocument is for an answer that is no document.
	ErrDocument = errors.New("fetch: not a document")
	// ErrGone is for a document that is not there: status 404 and 410.
	ErrGone = errors.New("fetch: there is no document")
	// ErrBusy is for a document that would exceed a budget now.
	ErrBusy = errors.New("fetch: too many documents at once")
)

// Limits of a [Config].
const (
	DefaultSize = 5 << 10  // bytes
	MaxSize     = 64 << 10 // bytes
	deadline    = 5 * time.Second
)

// Config configures a [Fetcher]. Its zero value is ready to use.
type Config struct {
	// Issuer is the issuer identifier of the service. Loopback addresses are
	// fetched only where its host is a loopback address or localhost, which is
	// so in tests and on the machine of a developer.
	Issuer string
	// Roots are trusted beside the root certificates of the system.
	Roots []*x509.Certificate
	// MaxSize is how many bytes a document has at most, up to the constant
	// MaxSize. Defaults to DefaultSize.
	MaxSize int
	// MinFresh is for how long a document is used without asking again,
	// whatever it says. Defaults to 0.
	MinFresh time.Duration
	// MaxFresh bounds for how long a document is used without asking again.
	// Defaults to 1 hour.
	MaxFresh time.Duration
	// MaxStale bounds for how long a document is used after it was fetched,
	// while its origin cannot be reached. Defaults to 24 hours, and is at least
	// MaxFresh.
	MaxStale time.Duration
	// Check refuses a document for what it says. One that is refused is no
	// document, and is not kept. Optional.
	Check func(url string, body []byte) error
	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// A Fetcher is safe for concurrent use. It takes 50 megabytes at most.
type Fetcher struct {
	cfg      Config
	loopback bool
	roots    *x509.CertPool
	fetches  singleflight.Group
	kept     *lru.Cache[string, *document]
	slots    chan struct{} // of fetches at once

	mu      sync.Mutex
	budgets budgets

	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	dial   dialFunc
}

// maxAtOnce is how many fetches go on at once, and maxKept how many documents
// are kept.
const (
	maxAtOnce = 32
	maxKept   = 512
)

// New returns a fetcher that has fetched nothing. It fails where the root
// certificates of the system cannot be read.
func New(cfg Config) (*Fetcher, error) {
	setDefault(&cfg.MaxSize, DefaultSize)
	setDefault(&cfg.MaxFresh, time.Hour)
	setDefault(&cfg.MaxStale, 24*time.Hour)
	cfg.MaxStale = max(cfg.MaxStale, cfg.MaxFresh)
	if cfg.MaxSize < 0 || cfg.MaxSize > MaxSize {
		return nil, fmt.Errorf("fetch: Config.MaxSize is %d; it must be 1 to %d", cfg.MaxSize, MaxSize)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("fetch: the root certificates of the system: %w", err)
	}
	for _, certificate := range cfg.Roots {
		roots.AddCert(certificate)
	}
	kept, err := lru.New[string, *document](maxKept)
	if err != nil {
		return nil, err
	}
	return &Fetcher{
		cfg:      cfg,
		loopback: IsLoopback(cfg.Issuer),
		roots:    roots,
		kept:     kept,
		slots:    make(chan struct{}, maxAtOnce),
		budgets:  newBudgets(),
		lookup:   lookup,
		dial:     dial,
	}, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Get returns the JSON object at a URL. The user is the one who causes the
// fetch, "" where it is nobody: those share one small budget. The object has no
// member twice. It is shared, and not to be changed.
func (f *Fetcher) Get(ctx context.Context, url, user string) ([]byte, error) {
	body, _, err := f.GetDated(ctx, url, user)
	return body, err
}

// GetDated is [Fetcher.Get], and returns also when the object was fetched.
func (f *Fetcher) GetDated(ctx context.Context, url, user string) (body []byte, at time.Time, err error) {
	return f.find(ctx, url, user, false)
}

// Refresh is [Fetcher.Get] for a caller who knows that what is kept is out of
// date: the origin is asked. Where that fails, what is kept is no answer.
func (f *Fetcher) Refresh(ctx context.Context, url, user string) ([]byte, error) {
	body, _, err := f.find(ctx, url, user, true)
	return body, err
}

func (f *Fetcher) find(ctx context.Context, rawURL, user string, refresh bool) ([]byte, time.Time, error) {
	u, err := parse(rawURL)
	if err != nil {
		return nil, time.Time{}, err
	}
	now := f.cfg.Now()
	kept, ok := f.kept.Get(rawURL)
	if ok && !refresh && now.Before(kept.freshUntil) {
		return kept.body, kept.at, nil
	}
	fetched, err := f.fetchOnce(ctx, u, rawURL, user)
	switch {
	case err == nil:
		return fetched.body, fetched.at, nil
	case ok && !refresh && now.Before(kept.staleUntil) && !isGone(err):
		return kept.body, kept.at, nil
	}
	return nil, time.Time{}, err
}

// isGone reports whether a failure says that there is no such document any
// more.
func isGone(err error) bool { return errors.Is(err, ErrGone) || errors.Is(err, ErrURL) }

// fetchOnce fetches a document, or waits for who does so already. What it came
// to is kept. A caller who goes away does not take the fetch with it, as others
// may wait.
func (f *Fetcher) fetchOnce(ctx context.Context, u *url.URL, key, user string) (*document, error) {
	fetching := f.fetches.DoChan(key, func() (any, error) {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline)
		defer cancel()
		fetched, err := f.fetch(limited, u, key, user)
		if err == nil {
			if err = f.check(key, fetched.body); err != nil {
				fetched = nil
			}
		}
		f.keep(key, fetched, err)
		if err != nil && !errors.Is(err, ErrBusy) {
			f.note(key)
		}
		return fetched, err
	})
	select {
	case result := <-fetching:
		fetched, _ := result.Val.(*document)
		return fetched, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
}

// check asks Config.Check. A panic there, in a goroutine of no request, would
// end the process: it is a failure.
func (f *Fetcher) check(url string, body []byte) (err error) {
	if f.cfg.Check == nil {
		return nil
	}
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: checking it panicked: %v\n%s", ErrUnreachable, problem, debug.Stack())
		}
	}()
	if problem := f.cfg.Check(url, body); problem != nil {
		return fmt.Errorf("%w: %w", ErrDocument, problem)
	}
	return nil
}

// retryPace is how long a document that is kept is used before its origin is
// asked again, which has failed.
const retryPace = time.Minute

// keep keeps what a fetch came to. Failures are not kept.
func (f *Fetcher) keep(key string, fetched *document, err error) {
	old, ok := f.kept.Peek(key)
	switch {
	case err == nil && !fetched.staleUntil.IsZero():
		f.kept.Add(key, fetched)
	case err == nil || isGone(err):
		f.kept.Remove(key)
	case ok:
		again := *old
		again.freshUntil = earlier(f.cfg.Now().Add(retryPace), old.staleUntil)
		f.kept.Add(key, &again)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// fetch fetches a document within the budgets.
func (f *Fetcher) fetch(ctx context.Context, u *url.URL, key, user string) (*document, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		return nil, fmt.Errorf("%w: %d go on already", ErrBusy, maxAtOnce)
	}
	charges, known := f.budgets.forRequest(u.Host, user), f.kept.Contains(key)
	if known {
		charges = []charge{{&f.budgets.renewals, bucket.KeyOf(key)}}
	} else if f.failsOften(key) {
		return nil, fmt.Errorf("%w: it has failed again and again", ErrBusy)
	}
	if !f.take(charges) {
		return nil, ErrBusy
	}
	addresses, err := f.resolve(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	if !known && !f.take(f.budgets.forAddresses(addresses)) {
		return nil, ErrBusy
	}
	return f.get(ctx, u, addresses)
}
