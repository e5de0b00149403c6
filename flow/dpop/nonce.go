package dpop

import (
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/ticket"
)

// nonceLifetime is how long a nonce is good. A client gets the next one once
// half of that is over.
const nonceLifetime = 5 * time.Minute

const noncePurpose = "dpop nonce"

// Nonces (RFC 9449, sections 8 and 9) are tickets: nothing keeps them, and
// every node with the same keys makes and takes the same. There is one kind for
// the token endpoint and the API, as published clients keep one for an origin.
type nonces struct{ keys ticket.Keys }

func (n nonces) issue(now time.Time) string {
	return n.keys.Sign(now.Add(nonceLifetime), noncePurpose)
}

// judge returns until when a nonce is good, if it is.
func (n nonces) judge(nonce string, now time.Time) (until time.Time, ok bool) {
	if n.keys.Verify(nonce, now, noncePurpose) != nil {
		return time.Time{}, false
	}
	return ticket.Expiry(nonce)
}
