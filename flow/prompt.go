package flow

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A prompt is what an authorization request says of asking its user: the
// parameters prompt and max_age of OpenID Connect Core 1.0, section 3.1.2.1,
// which clients of OAuth send too.
type prompt struct {
	none          bool // show nothing
	login         bool // have the user sign in anew
	consent       bool // ask, whatever is remembered
	selectAccount bool // have the user choose the account
	maxAge        time.Duration
	hasMaxAge     bool
}

// prompts are the values of prompt that have a meaning here.
var prompts = []string{"none", "login", "consent", "select_account"}

// parsePrompt reads the prompt of a request, and ignores values that it does
// not know, so that clients can send those of extensions to everybody. One that
// it knows in lower case alone is a mistake, which would leave undone what the
// client relies on. Parameters that are there twice are for others to refuse.
func parsePrompt(params wire.Params) (prompt, *wire.Error) {
	var q prompt
	values := strings.Fields(params.Get("prompt"))
	for _, value := range values {
		switch value {
		case "none":
			q.none = true
		case "login":
			q.login = true
		case "consent":
			q.consent = true
		case "select_account":
			q.selectAccount = true
		default:
			if lower := strings.ToLower(value); slices.Contains(prompts, lower) {
				return prompt{}, wire.Refuse(InvalidRequest, "prompt must be in lower case: "+lower)
			}
		}
	}
	if q.none && len(values) > 1 {
		return prompt{}, wire.Refuse(InvalidRequest, "prompt: none stands alone")
	}
	if age := params.Get("max_age"); age != "" {
		seconds, err := strconv.ParseUint(age, 10, 64)
		if err != nil {
			return prompt{}, wire.Refuse(InvalidRequest, "max_age must be a number of seconds")
		}
		q.hasMaxAge, q.maxAge = true, time.Duration(min(seconds, math.MaxInt32))*time.Second
	}
	return q, nil
}

// asksForLogin reports whether it matters when the user signed in.
func (q prompt) asksForLogin() bool { return q.login || q.hasMaxAge }

// mustSignIn reports whether the user has to sign in anew before this request
// goes on.
func (p *Provider) mustSignIn(a *authorizationRequest, user *kernel.User) bool {
	q, signedIn := a.prompt, user.AuthenticatedAt.Truncate(time.Microsecond)
	if !q.asksForLogin() {
		return false
	}
	if after, ok := p.sentToSignIn(a.sent); ok && signedIn.After(after) {
		return false
	}
	return q.login || p.now().Sub(signedIn) > q.maxAge
}

// signInAnew sends a user who is signed in to sign in anew. A user who was sent
// there for this request already, and comes back without having done so, is not
// sent again: the two would go round in circles.
func (p *Provider) signInAnew(w http.ResponseWriter, r *http.Request, a *authorizationRequest, user *kernel.User) {
	_, sent := p.sentToSignIn(a.sent)
	switch {
	case a.prompt.none:
		p.refuseUnasked(w, r, a, wire.Refuse(LoginRequired, "the user has to sign in again"))
	case user.AuthenticatedAt.IsZero():
		p.refuseUnasked(w, r, a, wire.Refuse(LoginRequired, "this service cannot tell when the user signed in"))
	case sent:
		p.refuseUnasked(w, r, a, wire.Refuse(LoginRequired, "the user did not sign in again"))
	default:
		p.signInFor(w, r, a, user.AuthenticatedAt)
	}
}

// signInFor sends a user to sign in, and from there back to this request. The
// user is new or signed in at a time that does not do.
func (p *Provider) signInFor(w http.ResponseWriter, r *http.Request, a *authorizationRequest, signedIn time.Time) {
	sent := a.sent
	if _, again := p.sentToSignIn(sent); a.prompt.asksForLogin() && !again {
		after := latest(signedIn, p.now().Add(-maxClockDifference))
		sent = append(sent.Without(loginTicketParam), wire.Param{Name: loginTicketParam, Value: p.loginTicket(sent, after)})
	}
	p.signIn(w, r, p.returnTo(sent))
}

// signIn sends a user to sign in, and from there to a path of this service.
func (p *Provider) signIn(w http.ResponseWriter, r *http.Request, returnTo string) {
	login := p.cfg.LoginURL(returnTo)
	if login == "" {
		p.refuseOnPage(w, r, wire.Outage(errors.New("flow: Config.LoginURL returned no URL")))
		return
	}
	seeOther(w, login)
}

const (
	// loginTicketParam is a parameter that this service adds to an
	// authorization request whose user it sends to sign in for a prompt: since
	// when that has to be, signed.
	loginTicketParam = "login_ticket"
	loginPurpose     = "login"

	// loginTicketTTL is how long the user can take to sign in.
	loginTicketTTL = 30 * time.Minute

	// maxClockDifference is how far the clock behind User.AuthenticatedAt may
	// be behind.
	maxClockDifference = time.Minute
)

// loginTicket is what tells, when the request comes back, that its user was
// sent to sign in, and has done so if they signed in after a time.
func (p *Provider) loginTicket(params wire.Params, after time.Time) string {
	since := strconv.FormatInt(after.UnixMicro(), 10)
	request := params.Without(loginTicketParam).Values().Encode()
	return since + "." + p.keys.Sign(p.now().Add(loginTicketTTL), loginPurpose, since, request)
}

// sentToSignIn reports whether the user was sent to sign in for this very
// request, lately, and after which time that has to be.
func (p *Provider) sentToSignIn(params wire.Params) (after time.Time, ok bool) {
	since, signed, _ := strings.Cut(params.Get(loginTicketParam), ".")
	request := params.Without(loginTicketParam).Values().Encode()
	if p.keys.Verify(signed, p.now(), loginPurpose, since, request) != nil {
		return time.Time{}, false
	}
	micros, err := strconv.ParseInt(since, 10, 64)
	return time.UnixMicro(micros), err == nil
}

// refuseUnasked refuses a request before its user has decided anything. An
// application that nobody here registered is not redirected to: this endpoint
// would lead whoever follows a link to any place that somebody has registered
// (RFC 9700, section 4.11.2).
func (p *Provider) refuseUnasked(w http.ResponseWriter, r *http.Request, a *authorizationRequest, refusal *wire.Error) {
	if a.client.Application.Owner == "" {
		p.refuseOnPage(w, r, wire.Refuse(refusal.Code, refusal.Code+": "+refusal.Description))
		return
	}
	p.refuseByRedirect(w, r, a, refusal)
}

// needsAsking tells why a user who is signed in would have to be asked.
func needsAsking(a *authorizationRequest, user *kernel.User) *wire.Error {
	switch {
	case a.client.Application.Type == oauthapp.Public:
		return wire.Refuse(InteractionRequired, "public clients ask every time")
	case a.params.Get("account_id") == "" && len(user.Accounts) > 1:
		return wire.Refuse(AccountSelectionRequired, "the user has several accounts: account_id is missing")
	}
	return wire.Refuse(ConsentRequired, "the user has to be asked for consent")
}
