package kernel

import (
	"context"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A TokenSource knows access tokens that belong to no session: API tokens. The
// API takes them with the scheme Bearer, and introspection tells the host's
// resource servers of them.
type TokenSource struct {
	// Kind is that of its tokens, and no other's.
	Kind credential.Kind

	// Find returns what a token stands for, or store.ErrNotFound for one that
	// is not valid at now. It has compared the digest.
	Find func(ctx context.Context, token credential.Parsed, now time.Time) (oauthapp.APIToken, error)

	// End ends a token whose user may give nothing any more, with an event.
	End func(r *http.Request, token oauthapp.APIToken) error
}

// TokenSource returns what knows the access tokens of no session, nil for
// nobody.
func (all *Contributions) TokenSource() *TokenSource { return all.tokenSource }
