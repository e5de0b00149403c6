package page

import (
	"slices"
	"strings"
)

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

// Problem returns what is wrong with a field, nil if it is fine.
func (f ApplicationForm) Problem(field string) *Message { return problemOf(f.Problems, field) }

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

// Option is one choice of a form.
type Option struct {
	Value      string
	Text, Hint *Message
	Selected   bool
}

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

func problemOf(problems []Problem, field string) *Message {
	for _, p := range problems {
		if p.Field == field {
			return p.Message
		}
	}
	return nil
}

// FurtherOpen reports whether the form opens with the further fields in sight:
// one of them is set, or something is to be said of it.
func (f ApplicationForm) FurtherOpen() bool {
	return slices.ContainsFunc(f.Further, func(field Field) bool {
		changed := slices.ContainsFunc(f.Changes, func(c Change) bool { return c.Field == field.Name })
		return field.Text != "" || changed || f.Problem(field.Name) != nil
	})
}
