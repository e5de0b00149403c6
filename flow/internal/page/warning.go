package page

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
