package page

import "time"

// Consent is the data of consent.html.
type Consent struct {
	Action      string // where the form posts to
	Request     string // hidden field "request": the authorization request, as a query string
	Ticket      string // hidden field "ticket": proves that the request was validated for this user
	UserName    string
	Application string
	Description string
	Homepage    string
	Owner       string // name of the account that registered the application
	Public      bool
	Callback    string // where the user will be sent: scheme and host
	Scopes      []Scope
	Accounts    []Account // to choose from; one: nothing to choose
	Notice      string    // why the page is shown again; "" the first time
}

// Scope is one thing that the application asks for.
type Scope struct{ Name, Description string }

// Account is one account that can be chosen, in field "account_id".
type Account struct {
	ID, Name string
	Selected bool
	Granted  bool // the application has access to it already
}

// Error is the data of error.html.
type Error struct {
	Status  int
	Title   string
	Message string // for the user; no internals
	Detail  string // for the developer: "redirect_uri: ..."; ""
	Time    time.Time
}
