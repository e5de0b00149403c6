package flow

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// emit delivers an event that a request caused, once what it tells of is
// durable. The client going away meanwhile does not take the event with it.
func (p *Provider) emit(r *http.Request, e oauthapp.Event) {
	e = noteEvent(r, e)
	if p.cfg.Events == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = p.now()
	}
	e.Actor = p.actor(r, e.Actor.UserID)
	p.cfg.Events(context.WithoutCancel(r.Context()), e)
}

// actor is who sent a request. The user is "" where that is not known.
func (p *Provider) actor(r *http.Request, user string) oauthapp.Actor {
	return oauthapp.Actor{UserID: user, RemoteAddr: p.cfg.RemoteAddr(r), UserAgent: r.UserAgent()}
}

// An eventGuard stands between everything that reports events and the host's
// Config.Events.
type eventGuard struct {
	host   func(context.Context, oauthapp.Event)
	logger *slog.Logger
	now    func() time.Time

	refusals *bucket.Limiter // of a network and a type of event
}

// How often refusals are reported, as Config.Events says.
const (
	refusalBurst = 100
	refusalPace  = 10 * time.Second
)

// guardEvents returns the host's Config.Events behind a guard, nil if there is
// none.
func guardEvents(cfg *Config) func(context.Context, oauthapp.Event) {
	if cfg.Events == nil {
		return nil
	}
	g := &eventGuard{
		host:     cfg.Events,
		logger:   cfg.Logger,
		now:      cfg.Now,
		refusals: bucket.NewLimiter(bucket.New(refusalBurst, refusalPace)),
	}
	return g.deliver
}

// deliver hands an event to the host, unless it is a refusal too many. A panic
// of the host's function is logged: what the event tells of has happened, and
// is answered.
func (g *eventGuard) deliver(ctx context.Context, e oauthapp.Event) {
	if isRefusal(e.Type) && !g.refusalDue(e) {
		return
	}
	e.Actor.RemoteAddr = printable(e.Actor.RemoteAddr)
	e.Actor.UserAgent = printable(e.Actor.UserAgent)
	defer func() {
		if problem := recover(); problem != nil {
			g.logger.ErrorContext(ctx, "Config.Events panicked", "panic", fmt.Sprint(problem), "event", string(e.Type), "stack", string(debug.Stack()))
		}
	}()
	g.host(ctx, e)
}

// isRefusal reports whether anybody can cause events of a type, as many as they
// send requests.
func isRefusal(t oauthapp.EventType) bool {
	switch t {
	case oauthapp.ClientAuthenticationFailed, oauthapp.ClientAuthenticationLimited,
		oauthapp.ConsentFormRefused, oauthapp.ApplicationFormRefused, oauthapp.APITokenFormRefused, oauthapp.UserCodesLimited, oauthapp.ClientMetadataRefused, oauthapp.RequestRefused:
		return true
	}
	return false
}

// refusalDue reports whether a refusal is to be reported, and notes that it is.
func (g *eventGuard) refusalDue(e oauthapp.Event) bool {
	return g.refusals.Take(g.now(), bucket.KeyOf(bucket.Network(e.Actor.RemoteAddr), string(e.Type))) == 0
}

// maxActorText bounds, in bytes, what an event takes over from headers that
// anyone can fill.
const maxActorText = 256

// printable returns text that is safe to store and to show: what is neither
// printable nor a space, such as control characters and those that change the
// direction of text, becomes a question mark.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s[:min(len(s), maxActorText)])
}

// remoteAddr returns what tells the address of a caller: the host's function,
// or the default. An event needs it once what it tells of has happened, so a
// panic of the host's function is logged, and the address is that of the
// connection.
func remoteAddr(given func(*http.Request) string, logger *slog.Logger) func(*http.Request) string {
	if given == nil {
		return connectionAddr(logger)
	}
	return func(r *http.Request) (address string) {
		defer func() {
			if problem := recover(); problem != nil {
				logger.ErrorContext(r.Context(), "Config.RemoteAddr panicked", "panic", fmt.Sprint(problem), "stack", string(debug.Stack()))
				address = connectionHost(r)
			}
		}()
		return given(r)
	}
}

// connectionAddr returns the default of Config.RemoteAddr: the host of
// r.RemoteAddr. It warns once where requests seem to come through a proxy,
// whose address that is.
func connectionAddr(logger *slog.Logger) func(*http.Request) string {
	var warning sync.Once
	return func(r *http.Request) string {
		for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
			if r.Header[name] != nil {
				warning.Do(func() {
					logger.WarnContext(r.Context(), "a request seems to have come through a proxy: "+
						"set Config.RemoteAddr, or events and limits take all callers for one", "header", name)
				})
			}
		}
		return connectionHost(r)
	}
}

// connectionHost is the host of r.RemoteAddr.
func connectionHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
