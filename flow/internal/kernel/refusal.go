package kernel

import "time"

// A Refusal is what requests of an application were refused for. It names
// nobody and quotes nothing.
type Refusal struct {
	At       time.Time `json:"at"`       // the last time, give or take a minute
	Endpoint string    `json:"endpoint"` // see oauthapp.Event, as for the rest
	Error    string    `json:"error"`
	Reason   string    `json:"reason"`
}

// Same reports whether two refusals differ in their time alone.
func (r Refusal) Same(other Refusal) bool {
	r.At = other.At
	return r == other
}
