package page

import "crypto/rand"

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
