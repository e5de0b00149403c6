package page

import (
	"crypto/rand"
	"slices"
	"strings"
)

// Consent is the data of consent.html.
type Consent struct {
	Action      string // where the form posts to
	Request     string // hidden field "request": what is asked for, as a query string
	Ticket      string // hidden field "ticket": proves that the request was validated for this user
	UserName    string
	Application string
	Avatar      Avatar // of the application
	Description string
	Homepage    string
	Home        string   // what is shown of Homepage: scheme and host
	Owner       string   // name of the account that registered the application; "" if none did
	ClientHost  string   // host of the client ID of an application that is known by its address; ""
	Badge       *Message // what the service says of it, in a few words; nil
	Verified    bool     // the service knows who is behind it
	Public      bool
	Loopback    bool       // nobody registered it, and it can be sent to the user's own device alone
	Callback    string     // where the user will be sent: scheme and host; "" if nowhere
	Remarks     []*Message // what to know of the request before deciding, each a sentence or more
	Scopes      []AskedScope
	NotAsked    []AskedScope // what else applications can ask for
	Resources   []Resource   // the APIs where it may do that, of several that the service has
	Accounts    []Account    // to choose from; one: nothing to choose
	Notice      *Message     // why the page is shown again; nil the first time

	ServiceAvatar Avatar
	ManageURL     string // where users take access back; "" where there is no such page
}

// maxRadios is how many accounts are radio buttons; more are a list in which
// typing finds one.
const maxRadios = 7

// ManyAccounts reports whether there are too many accounts to show all at once.
func (c Consent) ManyAccounts() bool { return len(c.Accounts) > maxRadios }

// Optional are the scopes that the user may leave out, by their groups.
func (c Consent) Optional() []ScopeGroup { return c.groups(true) }

// Required are the scopes that the user cannot leave out, by their groups.
func (c Consent) Required() []ScopeGroup { return c.groups(false) }

func (c Consent) groups(optional bool) []ScopeGroup {
	var groups []ScopeGroup
	for _, s := range c.Scopes {
		if s.Optional != optional {
			continue
		}
		i := slices.IndexFunc(groups, func(g ScopeGroup) bool { return g.key == s.Group })
		if i < 0 {
			i = len(groups)
			groups = append(groups, ScopeGroup{key: s.Group, Name: s.GroupName})
		}
		groups[i].Scopes = append(groups[i].Scopes, s)
	}
	return groups
}

// ScopeGroup is what the application asks for of one group, in the order of the
// service.
type ScopeGroup struct {
	key    string
	Name   *Message // nil for what has no group
	Scopes []AskedScope
}

// Scope is one thing that the application may do.
type Scope struct {
	Name        string
	Description *Message // nil where it has none
}

// AskedScope is one thing that the application asks for.
type AskedScope struct {
	Name        string
	Description *Message
	Group       string   // those of one group stand together; "" for none
	GroupName   *Message // the heading that they stand under
	Risk        *Message // what it can do at worst
	Optional    bool     // the user may leave it out; it has a box, field "scope"
	Selected    bool     // it was granted before, for the account that is selected
	New         bool     // others were granted before and it was not; an optional one may have been left out then
}

// Resource is an API of the service.
type Resource struct {
	Name       *Message
	Identifier string
}

// Account is one account that can be chosen, in field "account_id".
type Account struct {
	ID, Name string
	Selected bool
	Granted  bool // the application has access to it already
}

// Error is the data of error.html.
type Error struct {
	Status  int
	Title   *Message
	Message *Message // for the user; no internals
	Detail  string   // for the developer: "redirect_uri: ..."; ""
	// Received is what was received that Detail is about, visible ASCII of
	// bounded length, "", and Remedy what to do.
	Received string
	Remedy   *Message
	Time     Moment
	// Reference finds the outage in the log; "" for what is none.
	Reference string
	Back      *Link // where to go on; nil where there is nothing
}

// NewReference returns a reference that people can read out: 8 letters and
// digits.
func NewReference() string { return rand.Text()[:8] }

// Link is a link to a page of this service.
type Link struct {
	URL  string
	Text *Message
}

// AccountLink is a link to the pages of an account.
type AccountLink struct {
	URL, Text string
	Current   bool // they are the ones shown
}

// Applications is the data of applications.html: the two cards of an account,
// or what the user authorized in all of them.
type Applications struct {
	Everywhere bool          // what the user authorized in any account; Account, Accounts and what those have who manage are empty
	Account    string        // its name
	Accounts   []AccountLink // all accounts of the user; empty where there is one
	Notice     *Message      // what was just done
	Problem    *Message      // what could not be done

	OfOthers          bool         // Authorized are those of every user; else the user's own
	Authorized        []Authorized // those with access to the account
	AuthorizedListing Listing
	EverywhereURL     string // the page of what the user authorized in any account

	Manages          bool // the user may manage what the account registered; else what follows is empty
	NewURL           string
	ReceiveURL       string   // where an application is received that another account offers
	Developer        []Listed // those that the account registered
	DeveloperListing Listing
}

// Listing tells how a list is looked at, and which part of it is shown.
type Listing struct {
	Field       string // prefix of the fields q and sort
	All         int    // how many there are
	More        bool   // there are older ones beside
	Found       int    // how many of them have what is searched for
	First, Last int    // which of those are shown, the first is 1
	Search      string // field "q", as filled in
	Sorts       []Option
	Kept        []Pair // hidden fields that keep how another list is looked at

	Previous, Next string // pages of what was found; "" for none
	Older, Newest  string // more than what was searched; "" for none
}

// Tools reports whether there is enough to search and sort.
func (l Listing) Tools() bool { return l.All > 5 || l.Search != "" || l.Older != "" || l.Newest != "" }

// Pair is a hidden field of a form.
type Pair struct{ Name, Value string }

// Pages links the pages of a list; a link that is "" leads nowhere.
type Pages struct{ First, Next string }

// Authorized is one application with access to the account.
type Authorized struct {
	Name, Homepage string
	Avatar         Avatar
	Account        string // its name
	By             string // name of the user who authorized it; "" if it is not known
	UserID         string // of that user
	You            bool   // it is the user who looks at the page
	Standing       Standing
	Scopes         []Scope
	AuthorizedAt   Moment
	LastUsedAt     Moment
	RevokeURL      string // posted to; "" where the user may not revoke it
	Ticket         string // for that
}

// Standing is what the service decided about an application.
type Standing struct {
	Suspended bool
	Reason    string // why, where it is suspended; ""
	Awaiting  bool   // strangers cannot authorize it until the service approves it
	Verified  bool   // the service knows who is behind it
}

// Listed is one application that the account registered.
type Listed struct {
	Name, URL  string
	Avatar     Avatar
	ClientID   string
	Public     bool
	Standing   Standing
	CreatedAt  Moment
	LastUsedAt Moment
}

// Application is the data of application.html.
type Application struct {
	Account     string
	ListURL     string
	Name        string
	Description string
	Homepage    string
	Callbacks   []string
	ClientID    string
	Public      bool
	Standing    Standing
	Scopes      []Scope // empty: every scope that the service offers
	CreatedAt   Moment
	LastUsedAt  Moment

	ClientSecret string   // only in answer to the form that made it, never again
	Created      bool     // the application was just registered
	Others       *Message // what becomes of its other secrets
	Notice       *Message // what was just done
	Problem      *Message // what could not be done

	Itself    *Itself  // what it does without a user; nil for nothing
	Secrets   []Secret // newest first; none for a public application
	Newest    string   // hidden field "newest": the newest secret
	Overlaps  []Option // field "overlap": how long the present secrets go on; empty if there are none
	Refusals  []Refusal
	Ticket    string
	EditURL   string
	ResetURL  string // posted to
	RevokeURL string
	DeleteURL string

	AuthorizeURL, TokenURL string // of the service

	TransferURL  string
	OfferedUntil Moment   // to another account; zero: it is not offered
	OfferedBy    *Message // the user who did that; nil for the one who looks at the page
}

// Itself is what an application does for itself, without a user.
type Itself struct {
	Scopes               []Scope // empty: it may do nothing any more
	Tokens               int     // how many it got
	IssuedAt, LastUsedAt Moment  // of the last one; of any
}

// Refusal is what requests of the application were refused for lately.
type Refusal struct {
	At            Moment // the last time
	Endpoint      string // its path; "" for the API
	Error, Reason string
	Remedy        *Message // what to do about it, in one sentence
}

// Secret is what is shown of a client secret.
type Secret struct {
	Hint       string // its last characters
	CreatedAt  Moment
	LastUsedAt Moment
	ExpiresAt  Moment // zero: it does not expire
	RevokeURL  string
}

// Option is one choice of a form.
type Option struct {
	Value      string
	Text, Hint *Message
	Selected   bool
}

// ApplicationForm is the data of application_form.html, as filled in.
type ApplicationForm struct {
	Account  string
	New      bool   // to register; else to edit
	Title    string // the name of the application that is edited
	Action   string // where the form posts to
	Cancel   string
	Ticket   string
	ClientID string // hidden field "client_id", when registering: of the application to be
	Version  int64  // hidden field "version", when editing: of the application
	Was      Fields // hidden fields "was_name" and so on, when editing: as the form was opened

	Fields
	Public           bool
	ConfidentialOnly bool    // there is no choice of a type
	Further          []Field // of capabilities

	Changes   []Change // what somebody else changed since the form was opened
	ChangedAt Moment
	Notice    *Message // why it was not carried out and is shown again
	Problems  []Problem
}

// Fields is what a developer types of an application.
type Fields struct {
	Name, Description, Homepage string
	Callbacks                   string // one a line
}

// Field is one that a capability adds to the form.
type Field struct {
	Name        string
	Label, Hint *Message
	Scopes      []Scope // a box for each, ticked where Has; the text is those that are, with spaces between
	Flag        bool    // a box to tick, ticked where Text is not ""; else a text of several lines
	Text        string  // as filled in
	Was         string  // hidden field "was_" and the name, when editing: as the form was opened
}

// Has reports whether the box of a scope is ticked.
func (f Field) Has(scope string) bool { return slices.Contains(strings.Fields(f.Text), scope) }

// Change is what somebody else changed in a field.
type Change struct {
	Field       string
	Label       *Message
	Before, Now []string // of callback URLs, those that are removed and added; of further fields nothing
	Yours       bool     // the form holds what the user typed, else what is saved
}

// Problem tells what is wrong with a field; Field is "" where it is none of
// them.
type Problem struct {
	Field   string
	Message *Message
}

// Problem returns what is wrong with a field, nil if it is fine.
func (f ApplicationForm) Problem(field string) *Message { return problemOf(f.Problems, field) }

func problemOf(problems []Problem, field string) *Message {
	for _, p := range problems {
		if p.Field == field {
			return p.Message
		}
	}
	return nil
}

// Warning is the data of revoke_tokens.html, revoke_secret.html and
// delete_application.html.
type Warning struct {
	Account string
	ListURL string
	Name    string // of the application
	Public  bool
	Action  string // where the form posts to
	Cancel  string // the page of the application
	Ticket  string
	Notice  *Message // why it was not carried out and is shown again

	Usage    Usage     // whom it cuts off
	Itself   bool      // the application may act for itself, too
	Secret   Secret    // revoke_secret.html: which
	Problems []Problem // delete_application.html: field "confirm_name"
}

// Problem returns what is wrong with a field, nil if it is fine.
func (w Warning) Problem(field string) *Message { return problemOf(w.Problems, field) }

// Transfer is the data of transfer_application.html.
type Transfer struct {
	Warning
	Said *Message // what was just done
	Code string   // of the offer, only in answer to the form that made it; ""

	ExpiresAt      Moment   // of the offer that is open; zero: there is none
	By             *Message // the user who made it; nil for the one who looks at the page
	WithdrawURL    string   // posted to
	WithdrawTicket string   // for that
}

// Receive is the data of receive_application.html.
type Receive struct {
	Account, ListURL string
	Action           string // where the form posts to
	Ticket           string
	Notice           *Message // why it was not carried out and is shown again
	Code             string   // field "code", as filled in
	Problem          *Message // what is wrong with it
	Offer            *Offer   // what the code offers; nil: it is asked for
}

// Offer is an application that another account offers.
type Offer struct {
	Name, Description, Homepage string
	From                        string // name of the account
	Public                      bool
	Standing                    Standing
	ExpiresAt                   Moment
	Usage                       Usage
}

// Usage tells who uses an application.
type Usage struct {
	Users      int
	More       bool // there are more users than that
	LastUsedAt Moment
}

// Consequence says in words what taking away all access does.
func (u Usage) Consequence() *Message {
	users := Say("usage.users", u.Users)
	switch {
	case u.More:
		users = Say("usage.more", u.Users)
	case u.Users == 0:
		users = Say("usage.nobody")
	}
	if u.LastUsedAt.IsZero() {
		return Say("usage.unused", users)
	}
	return Say("usage.used", users, Ago(u.LastUsedAt))
}
