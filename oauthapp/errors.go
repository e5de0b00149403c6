package oauthapp

import (
	"errors"
	"strings"
)

var (
	// ErrNotFound is returned for what does not exist, is deleted, or belongs
	// to another owner.
	ErrNotFound = errors.New("oauthapp: not found")

	// ErrExists is returned when the caller chose an ID or client ID that is or
	// was in use.
	ErrExists = errors.New("oauthapp: already exists")

	// ErrConflict is returned by a Store for an update that is not based on the
	// newest version. A Registry returns a [*ConflictError], which wraps it.
	ErrConflict = errors.New("oauthapp: updated by somebody else meanwhile")

	// ErrLimit is returned when an owner has as many applications as allowed,
	// or an application as many live secrets.
	ErrLimit = errors.New("oauthapp: limit reached")
)

// A FieldError tells what is wrong with one field, and what would be accepted.
type FieldError struct {
	// Field is the name of the form field: name, description, homepage_url,
	// callback_url, client_id, client_type, client_secret, scopes, after,
	// confirm_name, overlap, reason, trusted, extra; of an API token name,
	// scope, expires_in.
	Field string
	// Message is a sentence for the person who filled in the field, in English.
	Message string

	// Code names what is wrong, for programs and for messages in other
	// languages, such as "too_long"; "" where Message is all that there is. Of
	// a field with several values, Value is the one that it is about, in quotes
	// and shortened, or "" where it is about all of them. Args are the texts
	// and whole numbers that Message has besides, in their order there.
	Code  string
	Value string
	Args  []any
}

// A ValidationError reports every bad field of one input at once.
type ValidationError struct {
	Fields []FieldError
}

// Error names every field.
func (e *ValidationError) Error() string {
	var b strings.Builder
	b.WriteString("oauthapp: invalid input")
	sep := ": "
	for _, f := range e.Fields {
		b.WriteString(sep + f.Field + ": " + f.Message)
		sep = "; "
	}
	return b.String()
}

// Message returns the messages for a field, joined by a space. It returns "" if
// nothing is wrong with the field.
func (e *ValidationError) Message(field string) string {
	var messages []string
	for _, f := range e.Fields {
		if f.Field == field {
			messages = append(messages, f.Message)
		}
	}
	return strings.Join(messages, " ")
}
