package kernel

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A TokenRequest is a request for tokens whose client was authenticated. It
// belongs to one goroutine.
type TokenRequest struct {
	HTTP      *http.Request
	Now       time.Time
	Params    wire.Params
	Client    store.Client      // with the session of what is presented, or nil
	Secret    oauthapp.Secret   // the client secret that the client authenticated with; zero for none
	Presented credential.Parsed // what [Grant.Present] returned
	Terms     Terms

	// Extra is what the session keeps from this request on: what it kept
	// before, as [Contribution.JudgeTokenRequest] changed it.
	Extra Extra
	// Repeat tells that the request is a repeat of one that was granted, and
	// gets the same tokens. Extra is then what the session keeps already: a
	// request that would change it is refused.
	Repeat bool

	// Again tells that the request is judged once more, by the session as
	// another request left it. What is good once was claimed already.
	Again bool

	// Resources are those that the session may reach, and Audience those of
	// them that the access token is for. Granted is empty where that is the
	// default resource alone.
	Resources Resources
	Audience  Audience

	dropOlder bool
	limit     []string // what the access token may reach, if it is not nil
}

// Keep has the session keep a value for JSON under a capability's name, or
// nothing where the value is nil.
func (t *TokenRequest) Keep(name string, value any) error {
	if value == nil {
		delete(t.Extra, name)
		return nil
	}
	entry, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if t.Extra == nil {
		t.Extra = Extra{}
	}
	t.Extra[name] = entry
	return nil
}

// Reread has the request judged once more, by the session as it is now.
func (t *TokenRequest) Reread(s *store.Session) {
	t.Client.Session, t.Again, t.dropOlder = s, true, false
}

// DropOlder has the access tokens of the session end that are neither the
// newest one nor the one before. A capability that keeps something with each
// access token calls it where what it keeps with those two differs, so that
// what it keeps with the one before is that of all older ones.
func (t *TokenRequest) DropOlder() { t.dropOlder = true }

// KeepResources has the session keep which resources its access tokens are for,
// the one that the request comes to among them. It is called once capabilities
// have judged the request.
func (t *TokenRequest) KeepResources() error {
	if len(t.Resources.Granted) == 0 {
		return nil
	}
	return t.Keep(ResourcesEntry, t.Resources.Next(t.Client.Session, t.Audience, t.Now, t.dropOlder))
}

// Limit narrows what the access token may reach to some of these scopes. What
// the user granted stays with the session.
func (t *TokenRequest) Limit(scopes []string) {
	t.limit = append([]string{}, t.Limited(scopes)...)
}

// Limited returns which of some scopes the access token may reach.
func (t *TokenRequest) Limited(scopes []string) []string {
	if t.limit == nil {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(t.limit, scope) })
}

// Public reports whether the client is public.
func (t *TokenRequest) Public() bool { return t.Client.Application.Type == oauthapp.Public }

// Event begins an event about the client and the session of a token request.
func (t *TokenRequest) Event(kind oauthapp.EventType) oauthapp.Event {
	return t.event(kind, t.Client.Session)
}

func (t *TokenRequest) event(kind oauthapp.EventType, s *store.Session) oauthapp.Event {
	e := EventOfSession(kind, t.Client.Application, s)
	e.Time = t.Now
	return e
}

// Issued begins an event about the tokens that a token request came to.
func (t *TokenRequest) Issued(kind oauthapp.EventType, issued *Tokens) oauthapp.Event {
	e := t.event(kind, issued.Session)
	e.Scopes = issued.Scopes
	return e
}

// EventOf begins an event about an application.
func EventOf(kind oauthapp.EventType, app oauthapp.Application) oauthapp.Event {
	return oauthapp.Event{
		Type:            kind,
		ApplicationID:   app.ID,
		ApplicationName: app.Name,
		ClientID:        app.ClientID,
		Owner:           app.Owner,
	}
}

// EventOfSession begins an event about an application and one of its sessions,
// nil for none.
func EventOfSession(kind oauthapp.EventType, app oauthapp.Application, s *store.Session) oauthapp.Event {
	e := EventOf(kind, app)
	if s != nil {
		e.SessionID, e.GrantID, e.UserID, e.AccountID, e.Scopes = s.ID, s.GrantID, s.UserID, s.AccountID, s.Scopes
	}
	return e
}

// Terms are the terms on which an endpoint issues tokens. The zero Terms are
// those of the token endpoint.
type Terms struct {
	// LongLived issues no refresh token, but an access token of this lifetime.
	LongLived time.Duration
	// CompareState refuses a state that differs from the authorization
	// request's, where both requests have one.
	CompareState bool
	// Mismatch is the error code for a redirect_uri or state that differs.
	// Defaults to invalid_grant.
	Mismatch string
}

// A Grant is a grant type of the token endpoint (RFC 6749, section 4).
type Grant struct {
	Type string // the grant_type, which is also in the metadata
	// Params are the parameters that it acts on, scope among them if it does,
	// beside grant_type, resource and those of client authentication. Others
	// are not read.
	Params []string

	// Present takes apart what a request presents, before the client is
	// authenticated. Where it names a session, that is read together with the
	// client. What this service cannot have made is left zero; what is missing
	// is refused. Optional.
	Present func(params wire.Params) (credential.Parsed, *wire.Error)

	// Repeats reports whether a request is a repeat of one that was granted. It
	// is asked once the client is authenticated. Optional.
	Repeats func(t *TokenRequest) bool

	// Exchange judges the request of an authenticated client, issues with
	// [Kernel.Issue] and emits [TokenRequest.Issued]. The scopes are its own to
	// judge, as with [Kernel.RequestedScopes]; resource was judged, and what
	// capabilities say of the request. It judges them last: invalid_scope says
	// that what was presented is the session's own, and ends the session where
	// the user may give nothing any more.
	Exchange func(t *TokenRequest) (Tokens, *wire.Error)
}
