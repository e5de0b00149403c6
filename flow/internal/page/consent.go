package page

import "slices"

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
	Awaiting    bool     // the service has not approved it: it is open to the users of its owner's account alone
	Public      bool
	Loopback    bool       // nobody registered it, and it can be sent to the user's own device alone
	Callback    string     // where the user will be sent: scheme and host; "" if nowhere
	Remarks     []*Message // what to know of the request before deciding, each a sentence or more
	Scopes      []AskedScope
	NotAsked    []AskedScope // what else applications can ask for
	Resources   []Resource   // the APIs where it may do that, of several that the service has
	Accounts    []Account    // to choose from; one: nothing to choose
	Notice      *Message     // why the page is shown again; nil the first time

	Service       string // its host
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
