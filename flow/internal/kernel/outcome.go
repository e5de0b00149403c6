package kernel

import (
	"context"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// An Outcome is what becomes of one request at an endpoint, or by the API. It
// belongs to the goroutine of the request.
type Outcome struct {
	Endpoint  string // the path below the issuer's, or [Resource]
	GrantType string // of a token request, one that the provider has; ""

	// About names the client, and the session, as far as they are known.
	About oauthapp.Event
	Known bool // the client is there, not only named

	Refusal  *wire.Error // nil where the request was granted
	Reason   string      // of a refusal that has an event: that of the event
	Reported bool        // an event tells of the refusal
}

// Resource stands for the API that [flow.Provider.Require] guards, where the
// path of an endpoint would be.
const Resource = "resource"

type outcomeKey struct{}

// WithOutcome returns a context that carries an outcome.
func WithOutcome(ctx context.Context, o *Outcome) context.Context {
	return context.WithValue(ctx, outcomeKey{}, o)
}

// OutcomeOf returns the outcome of a request, nil where it has none.
func OutcomeOf(ctx context.Context) *Outcome {
	o, _ := ctx.Value(outcomeKey{}).(*Outcome)
	return o
}

// Know notes the client, and the session of what it presented, nil for none.
func (o *Outcome) Know(app oauthapp.Application, s *store.Session) {
	o.About, o.Known = EventOfSession("", app, s), true
}

// KnowSession notes the client that a session is of.
func (o *Outcome) KnowSession(s *store.Session) {
	o.Know(oauthapp.Application{ID: s.ApplicationID, ClientID: s.ClientID}, s)
}

// Observe tells all that observe of a request. It returns the request to go on
// with and what to call once the outcome is there.
func (all *Contributions) Observe(r *http.Request, o *Outcome) (*http.Request, func()) {
	ctx := r.Context()
	ends := make([]func(*Outcome), len(all.Observers))
	for i, observe := range all.Observers {
		ctx, ends[i] = observe(ctx, r, o.Endpoint)
	}
	return r.WithContext(ctx), func() {
		for _, end := range ends {
			end(o)
		}
	}
}
