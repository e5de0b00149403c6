package oauthapp

import (
	"fmt"
	"slices"
	"strings"
)

// A ConflictError is returned for an edit of an application that has been updated since
// the version that the edit is based on. Nothing has been changed. Whoever still
// wants the edit sends it again, based on Application.Version.
type ConflictError struct {
	Application Application // as it is now; [Application.Changes] tells what changed
}

// Error tells the newest version.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("oauthapp: the application was updated meanwhile, to version %d", e.Application.Version)
}

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// A Change is a field of an application that differs between two versions.
type Change struct {
	// Field is the name of the form field: name, description, homepage_url,
	// callback_url, scopes.
	Field string
	// Old and New are its values, "" for none. Callback URLs and scopes have a line
	// each; no scope stands for every scope of the service.
	Old, New string
}

// Changes tells in which fields the application differs now from what it was: base is
// what an edit began from, as a form keeps it in hidden fields. Given the edit itself,
// it tells in which fields that differs from the application. White space that is
// dropped from a [Registration] makes no difference.
func (a Application) Changes(base Registration) []Change {
	then, now := base.tidy().fields(), a.Registration().fields()
	var changes []Change
	for i := range now {
		if then[i].value != now[i].value {
			changes = append(changes, Change{now[i].name, then[i].value, now[i].value})
		}
	}
	return changes
}

type field struct{ name, value string }

// fields returns what can be edited, always in the same order.
func (reg Registration) fields() []field {
	return []field{
		{"name", reg.Name},
		{"description", reg.Description},
		{"homepage_url", reg.HomepageURL},
		{"callback_url", strings.Join(reg.CallbackURLs, "\n")},
		{"scopes", strings.Join(slices.Sorted(slices.Values(reg.Scopes)), "\n")},
	}
}
