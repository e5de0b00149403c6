package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// record keeps an event in the audit log: those of the library, which calls it
// as Config.Events, and the service's own. One that cannot be kept there is in
// the log of the process.
func (s *service) record(ctx context.Context, e oauthapp.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := s.pool.Exec(ctx, `INSERT INTO taskboard.audit (at, type, actor_id, remote_addr, user_agent, client_id,
		user_id, account_id, endpoint, error, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Time, string(e.Type), e.Actor.UserID, e.Actor.RemoteAddr, e.Actor.UserAgent, e.ClientID,
		e.UserID, e.AccountID, e.Endpoint, e.Error, e.Reason)
	if err != nil {
		s.logger.ErrorContext(ctx, "event not kept", "event", e, "error", err)
	}
}

// forget takes a user out of the audit log, who is to be erased.
func (s *service) forget(ctx context.Context, user string) error {
	_, err := s.pool.Exec(ctx, `UPDATE taskboard.audit SET remote_addr = '', user_agent = '',
		actor_id = CASE actor_id WHEN $1 THEN '' ELSE actor_id END, user_id = CASE user_id WHEN $1 THEN '' ELSE user_id END
		WHERE $1 IN (actor_id, user_id)`, user)
	return err
}

// actor is who sent a request. The user is "" for a program.
func actor(r *http.Request, user string) oauthapp.Actor {
	agent := r.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), 256)], "?")
	return oauthapp.Actor{UserID: user, RemoteAddr: remoteAddr(r), UserAgent: agent}
}

// remoteAddr is the address of who sent a request. Behind a proxy it is what
// the proxy says, and flow.Config.RemoteAddr is to say the same.
func remoteAddr(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}
