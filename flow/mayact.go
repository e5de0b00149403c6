package flow

import (
	"context"
	"fmt"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Access follows the person: what a user granted is good as far as
// Config.MayAct says that they may still give it.

// stillGiven returns which of some scopes a user may still give for an account.
// What an application has for itself has no user.
func (p *Provider) stillGiven(ctx context.Context, user, account string, scopes []string) ([]string, *wire.Error) {
	if p.cfg.MayAct == nil || user == "" {
		return scopes, nil
	}
	given, err := p.cfg.MayAct(ctx, user, account)
	if err != nil {
		return nil, wire.Outage(fmt.Errorf("flow: Config.MayAct: %w", err))
	}
	return intersect(scopes, given), nil
}

// limitToUser narrows a token request to what the user of its session may still
// give. It reports a user who may give nothing: the session is to end, once it
// is known that what was presented is the session's own.
//
// A repeat is not narrowed beneath what the first one got, as long as the user
// may give anything: those tokens are out, and a client that was refused them
// would come back after the grace, when its token tells of a theft. The next
// refresh narrows.
func (p *Provider) limitToUser(t *kernel.TokenRequest) (nothing bool, refusal *wire.Error) {
	s := t.Client.Session
	if s == nil || p.cfg.MayAct == nil {
		return false, nil
	}
	given, refusal := p.stillGiven(t.HTTP.Context(), s.UserID, s.AccountID, s.Scopes)
	if refusal != nil {
		return false, refusal
	}
	if t.Repeat && len(given) > 0 {
		given = append(given, s.Access.Scopes...)
	}
	t.Limit(given)
	return len(given) == 0, nil
}

var errNothingGiven = wire.Refuse(InvalidGrant, "the user may not give the application access any more")

// endNothingGiven ends a session whose user may give nothing any more. A caller
// that has gone cannot prevent it.
func (p *Provider) endNothingGiven(r *http.Request, app oauthapp.Application, s *store.Session) *wire.Error {
	if err := p.issue.EndSession(r.Context(), s.ID); err != nil {
		return wire.Outage(err)
	}
	p.emit(r, kernel.EventOfSession(oauthapp.UserAccessEnded, app, s))
	return nil
}

// currentScopes returns what an access token of a session reaches now. The user
// is asked about where nothing refreshes the token, or where always is set. It
// ends a session whose user may give nothing any more, and returns none.
func (p *Provider) currentScopes(r *http.Request, s *store.Session, scopes []string, always bool) ([]string, *wire.Error) {
	if p.cfg.MayAct == nil || !always && !s.RefreshFamily.IsZero() {
		return scopes, nil
	}
	given, refusal := p.stillGiven(r.Context(), s.UserID, s.AccountID, s.Scopes)
	if refusal == nil && len(given) == 0 && s.UserID != "" {
		refusal = p.endNothingGiven(r, oauthapp.Application{ID: s.ApplicationID, ClientID: s.ClientID}, s)
	}
	if refusal != nil {
		return nil, refusal
	}
	return intersect(scopes, given), nil
}
