package page

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

// Scope is one thing that the application may do.
type Scope struct {
	Name        string
	Description *Message // nil where it has none
}

// Standing is what the service decided about an application.
type Standing struct {
	Suspended bool
	Reason    string // why, where it is suspended; ""
	Awaiting  bool   // strangers cannot authorize it until the service approves it
	Verified  bool   // the service knows who is behind it
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
