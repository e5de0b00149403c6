package page

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
