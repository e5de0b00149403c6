package page

// Applications is the data of applications.html: the two cards of an account,
// or what the user authorized in all of them.
type Applications struct {
	Everywhere bool          // what the user authorized in any account; Account, Accounts and what those have who manage are empty
	Account    string        // its name
	Accounts   []AccountLink // all accounts of the user; empty where there is one
	Pages      []Link        // the other pages that the account has
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

// AccountLink is a link to the pages of an account.
type AccountLink struct {
	URL, Text string
	Current   bool // they are the ones shown
}

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
