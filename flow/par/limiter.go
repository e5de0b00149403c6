package par

import (
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Each push is written to the store. So pushes are limited for clients that
// anybody can be: public clients, and clients without an owner.
const (
	publicBurst = 120 // pushes from one network; then
	publicPace  = time.Second
)

// A limiter counts the pushes of such clients in this process, by network. It
// is safe for concurrent use.
type limiter struct {
	now    func() time.Time
	pushes *bucket.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now, bucket.NewLimiter(bucket.New(publicBurst, publicPace))}
}

// admit counts a push, and refuses it where there were too many (RFC 9126,
// section 2.3).
func (l *limiter) admit(app oauthapp.Application, address string) *wire.Error {
	if app.Type != oauthapp.Public && app.Owner != "" {
		return nil
	}
	if wait := l.pushes.Take(l.now(), bucket.KeyOf(bucket.Network(address))); wait > 0 {
		return wire.TooMany("too many pushed authorization requests", wait)
	}
	return nil
}
