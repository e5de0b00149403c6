package kernel

import (
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An ApplicationField is a field of the form in which the owner of an
// application registers and edits it. What is kept of it is the capability's
// entry in Extra of the application.
type ApplicationField struct {
	// Name is that of the field in the form and in a
	// [*oauthapp.ValidationError]: none that oauthapp.FieldError lists, nor
	// ticket or version, nor one that begins with "was_".
	Name  string
	Label *page.Message // a few words
	Hint  *page.Message // what to fill in, in full sentences
	// Flag makes it a box to tick, whose text is "true" or "". Scopes makes it
	// one box for each of these scopes of an application, and the text is those
	// that are ticked, with a space between two. Otherwise it is a text of
	// several lines.
	Flag   bool
	Scopes func(app oauthapp.Application) []string

	// Text is what the form shows of an application, which is the zero
	// Application when it is registered, and whether such applications have the
	// field at all.
	Text func(app oauthapp.Application) (text string, has bool)
	// Entry returns what is kept, for JSON, once the owner has changed the text
	// for an application, or nil for nothing. It is the whole entry of the
	// capability: what that keeps beside it is lost. The application is as it
	// is saved; of one that is registered there is the Type alone. The text has
	// no white space around it, and is "" where it was emptied. A problem is a
	// full sentence for the owner that says what to fill in instead.
	Entry func(app oauthapp.Application, text string) (entry any, problem *page.Message)

	// Capability is the name of the capability. Add sets it.
	Capability string
}

// ApplicationFields are the fields that capabilities add to the form of an
// application, in the order in which the host lists them.
func (all *Contributions) ApplicationFields() []ApplicationField {
	return slices.Clone(all.applicationFields)
}

// OwnScopes are the scopes that an application may have for itself, without a
// user, as capabilities let it.
func (all *Contributions) OwnScopes(app oauthapp.Application) (scopes []string) {
	for _, own := range all.ownScopes {
		scopes = append(scopes, own(app)...)
	}
	return scopes
}

// Problems are what is wrong with an input, as pages show it: one message for
// each field.
func Problems(invalid *oauthapp.ValidationError) []page.Problem {
	var problems []page.Problem
	for _, f := range invalid.Fields {
		i := slices.IndexFunc(problems, func(p page.Problem) bool { return p.Field == f.Field })
		if i < 0 {
			i = len(problems)
			problems = append(problems, page.Problem{Field: f.Field, Message: &page.Message{}})
		}
		problems[i].Message.Args = append(problems[i].Message.Args, problem(f))
	}
	return problems
}

// problem is what a page says of an error: its code has a message, whose first
// argument is what the error is about.
func problem(f oauthapp.FieldError) *page.Message {
	if f.Code == "" {
		return page.Plain(f.Message)
	}
	subject := page.Plain(f.Value)
	if f.Value == "" {
		subject = page.Say("field." + f.Field)
	}
	return page.Say("problem."+f.Code, append([]any{subject}, f.Args...)...)
}
