package flow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A Refusal is what requests of an application were refused for. It names no
// user and quotes nothing that was sent.
type Refusal struct {
	At       time.Time // the last time, give or take a minute
	Endpoint string    // its path below the issuer's, such as "/oauth/token", or "resource" for the API
	Error    string    // the error code of the answer, such as "invalid_grant"
	Reason   string    // a fixed phrase for the developer
}

// Refusals returns what the requests of an application were refused for in the
// last 7 days, on any node, the latest first: at most 20, each once. The page
// of the application in package dashboard shows its developer the same. It is
// for the host's own support desk: it does not check who is signed in. Calls of
// the API with an access token that was revoked, or whose application is
// suspended, are not among them. It returns none for an application that does
// not exist.
func (p *Provider) Refusals(ctx context.Context, application uuid.UUID) ([]Refusal, error) {
	kept, err := p.recentRefusals(ctx, application)
	refusals := make([]Refusal, len(kept))
	for i, r := range kept {
		refusals[i] = Refusal{r.At, r.Endpoint, r.Error, r.Reason}
	}
	return refusals, err
}

// The refusals of an application's requests are kept for its developer in a
// record of the store, so that the page shows those of all nodes. A request
// that is granted writes nothing. One that is refused writes once a minute for
// the same refusal of the same application.

const (
	refusalsKind = "flow.refusals" // of records, one for each application

	maxRefusals   = 20 // different ones of an application, the latest
	refusalTTL    = 7 * 24 * time.Hour
	refusalRepeat = time.Minute // the same one is not kept anew before

	keepRefusalLimit = 5 * time.Second // what a store may take for it
)

// newKeptRefusals returns what counts the refusals that this node kept within
// the last minute, by client ID and refusal.
func newKeptRefusals() *bucket.Limiter { return bucket.NewLimiter(bucket.New(1, refusalRepeat)) }

// isDue reports whether a refusal is to be kept, and notes that it is.
func (p *Provider) isDue(clientID string, refusal kernel.Refusal) bool {
	return p.keptRefusals.Take(refusal.At, bucket.KeyOf(clientID, refusal.Endpoint, refusal.Error, refusal.Reason)) == 0
}

// keepRefusal keeps what a request was refused for, if it names an application.
// To fail at that is no reason to answer otherwise.
func (p *Provider) keepRefusal(r *http.Request, o *kernel.Outcome) {
	refusal := kernel.Refusal{At: p.now(), Endpoint: o.Endpoint, Error: o.Refusal.Code, Reason: reasonOf(o)}
	if o.About.ClientID == "" || !p.isDue(o.About.ClientID, refusal) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keepRefusalLimit)
	defer cancel()
	application, err := p.refusedApplication(ctx, o)
	if err == nil && application != uuid.Nil {
		err = p.addRefusal(ctx, application, refusal)
	}
	if err != nil {
		p.logFailure(r, "refused request not kept", err)
	}
}

// refusedApplication returns the application of a request, zero for none. It is
// read where the request was refused before it was.
func (p *Provider) refusedApplication(ctx context.Context, o *kernel.Outcome) (uuid.UUID, error) {
	if o.Known || o.About.ApplicationID != uuid.Nil {
		return o.About.ApplicationID, nil
	}
	client, err := p.cfg.Store.Client(ctx, o.About.ClientID, uuid.Nil, p.now())
	if errors.Is(err, store.ErrNotFound) {
		return uuid.Nil, nil
	}
	return client.Application.ID, err
}

// addRefusal adds a refusal to those of an application. Who loses a race begins
// anew.
func (p *Provider) addRefusal(ctx context.Context, application uuid.UUID, refusal kernel.Refusal) error {
	const tries = 5
	var err error
	for range tries {
		if err = p.tryAddRefusal(ctx, application, refusal); !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

func (p *Provider) tryAddRefusal(ctx context.Context, application uuid.UUID, refusal kernel.Refusal) error {
	before, kept, err := p.lookForRefusals(ctx, application)
	if err != nil {
		return err
	}
	kept = slices.DeleteFunc(kept, refusal.Same)
	kept = append([]kernel.Refusal{refusal}, kept...)
	slices.SortStableFunc(kept, func(a, b kernel.Refusal) int { return b.At.Compare(a.At) })
	value, err := json.Marshal(kept[:min(len(kept), maxRefusals)])
	if err != nil {
		return err
	}
	now := p.now()
	record := store.Record{Kind: refusalsKind, Digest: refusalsDigest(application), Value: value, ExpiresAt: now.Add(refusalTTL)}
	if before == nil {
		return p.cfg.Store.Keep(ctx, record, now)
	}
	err = p.cfg.Store.Replace(ctx, record, before, now)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrConflict // it has expired meanwhile
	}
	return err
}

// recentRefusals returns what requests of an application were refused for
// within refusalTTL, the latest first.
func (p *Provider) recentRefusals(ctx context.Context, application uuid.UUID) ([]kernel.Refusal, error) {
	_, kept, err := p.lookForRefusals(ctx, application)
	return kept, err
}

// lookForRefusals returns the refusals of an application, and the value that
// they are kept as, nil for none.
func (p *Provider) lookForRefusals(ctx context.Context, application uuid.UUID) (value []byte, kept []kernel.Refusal, err error) {
	now := p.now()
	record, err := p.cfg.Store.Look(ctx, refusalsKind, refusalsDigest(application), now)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	if err == nil {
		err = json.Unmarshal(record.Value, &kept)
	}
	kept = slices.DeleteFunc(kept, func(r kernel.Refusal) bool { return now.Sub(r.At) >= refusalTTL })
	return record.Value, kept, err
}

func refusalsDigest(application uuid.UUID) credential.Digest {
	return credential.DigestOf(application.String())
}
