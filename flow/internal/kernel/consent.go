package kernel

import (
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A ConsentQuestion is what a consent page asks: may this client do this for
// this user? The page is made anew for every answer, so the question must be
// judged anew too.
type ConsentQuestion struct {
	Client store.Client // of [Kernel.FindClient]
	// User chooses on the page among their accounts for which they may
	// authorize applications. A user without any is refused. A question about
	// one account has a copy of the user with that account alone.
	User *User
	// Scopes are one or more that the application may ask for, as
	// [Kernel.RequestedScopes] says. The user may leave out what the
	// application can do without.
	Scopes []string
	// Resources are the identifiers of those that the client asks for, as
	// [Kernel.RequestedResources] says.
	Resources []string

	Action string // where the form posts to, the path of a [Route]
	// Request is what the form brings back, signed: a query string. It stands
	// in the page, so it has no secret: of what grants access it has the
	// digest.
	Request   string
	AccountID string // the one that is selected; "" to select for the user

	// RedirectURI is where either answer leads; "" where it leads nowhere.
	RedirectURI string
	// Remarks are sentences that the page shows first, such as where the
	// request came from.
	Remarks []*page.Message
}

// Event begins an event about what the question's user has decided. That of a
// denial has the scopes that were asked for. The Error of a denial, and the
// GrantID and SessionID of what was begun, are the caller's to fill in.
func (q *ConsentQuestion) Event(kind oauthapp.EventType, d Decision) oauthapp.Event {
	e := EventOf(kind, q.Client.Application)
	e.Actor.UserID, e.UserID, e.AccountID, e.Scopes = q.User.ID, q.User.ID, d.AccountID, q.Scopes
	if d.Authorized {
		e.Scopes = d.Scopes
	}
	return e
}

// ConsentParams are what the form of a consent page sends: scope once for each
// box that is ticked, the others once. wire.ReadFormUnchecked reads them.
var ConsentParams = []string{"ticket", "request", "decision", "account_id", "scope"}

// A ConsentForm is the form of a consent page as it came back.
type ConsentForm struct {
	Form    wire.Params // of [ConsentParams]
	Request wire.Params // what the page had in [ConsentQuestion.Request]
	User    *User       // nil where nobody is signed in any more: see [Kernel.SignIn]
	// Optional are the scopes that had a box.
	Optional []string

	// Unproven tells why the form is no answer: ticket.ErrInvalid where it was
	// not made for this user, session and request, and ticket.ErrExpired. It is
	// nil for one that is. Decide shows the page once more for a form that is
	// no answer; until then its Request can be anybody's.
	Unproven error
}

// A Decision is a user's answer to a question.
type Decision struct {
	Authorized bool
	AccountID  string   // "" where none was chosen, which an authorization has
	Scopes     []string // that were authorized, of those asked for
}
