package oauthapp

import (
	"fmt"
	"slices"
	"strings"
)

// A ConflictError is returned for an edit that is based on an older version of
// the application than the newest. Nothing has been changed. To edit all the
// same, send the edit again with the Version of Application.
type ConflictError struct {
	Application Application // the newest version; [Application.Changes] tells what changed
}

// Error names the newest version.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("oauthapp: the application was updated meanwhile, to version %d; edit that version", e.Application.Version)
}

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// A Change is a field of an application that differs between two versions.
type Change struct {
	// Field is the name of the form field: name, description, homepage_url,
	// callback_url, scopes.
	Field string
	// Old and New are the values of the field, "" for none. Callback URLs and
	// scopes are one per line; no scope means every scope of the service.
	Old, New string
}

// Changes returns the fields in which base differs from the application. If
// base is what an edit began from, as a form keeps it in hidden fields, these
// are the fields that others have changed. If base is the edit itself, these
// are the fields that the edit would change. White space that a [Registration]
// drops makes no difference.
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

// fields returns the fields that can be edited, always in the same order.
func (reg Registration) fields() []field {
	return []field{
		{"name", reg.Name},
		{"description", reg.Description},
		{"homepage_url", reg.HomepageURL},
		{"callback_url", strings.Join(reg.CallbackURLs, "\n")},
		{"scopes", strings.Join(slices.Sorted(slices.Values(reg.Scopes)), "\n")},
	}
}
