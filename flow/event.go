package flow

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// maxUserAgent bounds what an event takes over from a header that anyone can fill.
const maxUserAgent = 256

// emit delivers an event that a request caused, once what it tells of is durable.
// The client going away meanwhile does not take the event with it.
func (p *Provider) emit(r *http.Request, e oauthapp.Event) {
	if p.cfg.Events == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = p.now()
	}
	e.Actor.RemoteAddr = p.cfg.RemoteAddr(r)
	e.Actor.UserAgent = userAgent(r)
	p.cfg.Events(context.WithoutCancel(r.Context()), e)
}

// administered delivers an event of the registry. What may have ended a client's credentials ends what this process
// remembers of any, so that a developer who tries the old secret is refused.
func (p *Provider) administered(ctx context.Context, e oauthapp.Event) {
	switch e.Type {
	case oauthapp.ClientSecretReset, oauthapp.ClientSecretRevoked, oauthapp.ApplicationDeleted:
		p.attempts.forget()
	}
	if p.cfg.Events != nil {
		p.cfg.Events(ctx, e)
	}
}

// userAgent returns the User-Agent header as text that is safe to store and to log.
func userAgent(r *http.Request) string {
	s := r.UserAgent()
	if len(s) > maxUserAgent {
		s = s[:maxUserAgent]
	}
	return strings.ToValidUTF8(s, "?")
}

// remoteHost is the default of Config.RemoteAddr.
func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// applicationEvent begins an event about an application.
func applicationEvent(t oauthapp.EventType, app oauthapp.Application) oauthapp.Event {
	return oauthapp.Event{
		Type:            t,
		ApplicationID:   app.ID,
		ApplicationName: app.Name,
		ClientID:        app.ClientID,
		Owner:           app.Owner,
	}
}
