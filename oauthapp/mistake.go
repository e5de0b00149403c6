package oauthapp

import "fmt"

// A mistake is what is wrong with a value, nil for nothing.
type mistake struct {
	code string
	text string // the predicate of a sentence about the value, or a sentence
	args []any  // of the text
}

// wrong returns a mistake. Its text is formatted as by fmt.Sprintf; args are
// texts and whole numbers. The messages of package flow's pages have the same
// texts under the same codes.
func wrong(code, text string, args ...any) *mistake {
	return &mistake{code, fmt.Sprintf(text, args...), args}
}

// about returns the mistake as a predicate about a field that people call
// subject.
func (m *mistake) about(field, subject string) FieldError {
	return FieldError{Field: field, Message: subject + " " + m.text, Code: m.code, Args: m.args}
}

// aboutValue returns the mistake as a predicate about one of the values of a
// field.
func (m *mistake) aboutValue(field, value string) FieldError {
	value = quote(value)
	return FieldError{Field: field, Message: value + " " + m.text, Code: m.code, Value: value, Args: m.args}
}

// of returns the mistake, which is a sentence, as one of a field.
func (m *mistake) of(field string) FieldError {
	return FieldError{Field: field, Message: m.text, Code: m.code, Args: m.args}
}
