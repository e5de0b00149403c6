package assertion

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/fetch"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// minFresh is for how long fetched keys are used at least, so that those whose
// server forbids to keep them get through more often.
const minFresh = time.Minute

// Keys finds the keys of those who sign, also at URLs. It is safe for
// concurrent use.
type Keys struct {
	fetcher *fetch.Fetcher
	now     func() time.Time

	unknown *bucket.Limiter // of those whose keys are fetched again
}

// unknownPace is how often an unknown key ID has the keys of somebody fetched
// again. Whoever causes that has not authenticated.
const unknownPace = time.Minute

// NewKeys returns a finder that has fetched nothing. It trusts these root
// certificates beside those of the system.
func NewKeys(k *kernel.Kernel, roots []*x509.Certificate) (*Keys, error) {
	fetcher, err := fetch.New(fetch.Config{
		Issuer:   k.Issuer,
		Roots:    roots,
		MaxSize:  jose.MaxSet,
		MinFresh: minFresh,
		MaxFresh: jose.MaxAge,
		MaxStale: jose.MaxAge,
		Check:    func(_ string, body []byte) error { _, err := jose.ParseSet(body); return err },
		Now:      k.Now,
	})
	return &Keys{fetcher: fetcher, now: k.Now, unknown: bucket.NewLimiter(bucket.New(1, unknownPace))}, err
}

// ErrUnusable is for a source without keys that can be used, which is the fault
// of whose it is.
var ErrUnusable = errors.New("assertion: no keys that can be used")

// For returns the keys of a source that may have signed a token. Whose it is
// has a budget of fetches of its own. An error that is not [ErrUnusable] is an
// outage.
func (k *Keys) For(ctx context.Context, token *jose.Token, source jose.Source, whose string) ([]jose.Key, error) {
	if source.URI == "" {
		if !source.GoodUntil.IsZero() && !k.now().Before(source.GoodUntil) {
			return nil, fmt.Errorf("%w: the keys are out of date", fetch.ErrUnreachable)
		}
		set, err := jose.ParseSet(source.Set)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
		}
		return set.For(token), nil
	}
	set, err := fetchSet(ctx, k.fetcher.Get, source.URI, whose)
	if err != nil {
		return nil, err
	}
	keys := set.For(token)
	if len(keys) > 0 || !k.mayFetchAgain(whose) {
		return keys, nil
	}
	if set, err = fetchSet(ctx, k.fetcher.Refresh, source.URI, whose); err != nil {
		return nil, err
	}
	return set.For(token), nil
}

// fetchSet gets the keys at a URL.
func fetchSet(ctx context.Context, get func(ctx context.Context, url, user string) ([]byte, error), url, whose string) (jose.Set, error) {
	document, err := get(ctx, url, whose)
	if errors.Is(err, fetch.ErrURL) || errors.Is(err, fetch.ErrDocument) || errors.Is(err, fetch.ErrGone) {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if err != nil {
		return nil, err
	}
	return jose.ParseSet(document)
}

func (k *Keys) mayFetchAgain(whose string) bool {
	return k.unknown.Take(k.now(), bucket.KeyOf(whose)) == 0
}
