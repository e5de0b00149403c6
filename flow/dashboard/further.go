package dashboard

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// furtherFields are the fields that capabilities add to the form of an
// application, as they are saved. The application is zero while it is
// registered.
func (req *request) furtherFields(app oauthapp.Application) []page.Field {
	var fields []page.Field
	for _, f := range req.kernel.ApplicationFields() {
		if text, has := f.Text(app); has {
			fields = append(fields, page.Field{Name: f.Name, Label: f.Label, Hint: f.Hint, Flag: f.Flag, Text: text, Was: text, Scopes: req.boxes(f, app)})
		}
	}
	return fields
}

// boxes are the scopes of a field that has one box for each.
func (req *request) boxes(f kernel.ApplicationField, app oauthapp.Application) (boxes []page.Scope) {
	if f.Scopes != nil {
		boxes = req.scopes(f.Scopes(app))
	}
	return boxes
}

// typedFurther fills in the fields with what was typed. A field that the form
// does not have stays as it was.
func typedFurther(fields []page.Field, typed url.Values) {
	for i := range fields {
		f := &fields[i]
		if typed.Has("was_" + f.Name) {
			f.Was = typedText(typed.Get("was_" + f.Name))
			f.Text = f.Was
		}
		// A box that is not ticked is not sent.
		boxes := f.Flag || len(f.Scopes) > 0
		if typed.Has(f.Name) || boxes && typed.Has("was_"+f.Name) {
			f.Text = typedText(typed.Get(f.Name))
			if len(f.Scopes) > 0 {
				f.Text = strings.Join(typed[f.Name], " ")
			}
		}
	}
}

func typedText(text string) string { return strings.TrimSpace(unixLines(text)) }

// further returns what the capabilities keep of a form, for those fields that
// the user changed, and what is wrong with them. The application is as saved,
// or zero while it is registered.
func (req *request) further(app oauthapp.Application, clientType oauthapp.ClientType) (map[string]any, []page.Problem) {
	saved := req.furtherFields(app)
	typed := slices.Clone(saved)
	typedFurther(typed, req.r.PostForm)
	app.Type = clientType
	extra := map[string]any{}
	var problems []page.Problem
	for _, f := range typed {
		if f.Text == f.Was {
			continue
		}
		field := req.applicationField(f.Name)
		entry, problem := field.Entry(app, f.Text)
		if problem != nil {
			problems = append(problems, page.Problem{Field: f.Name, Message: problem})
		}
		extra[field.Capability] = entry
	}
	return extra, problems
}

func (req *request) applicationField(name string) (field kernel.ApplicationField) {
	for _, f := range req.kernel.ApplicationFields() {
		if f.Name == name {
			field = f
		}
	}
	return field
}

// keeps reports whether an application keeps what capabilities would keep of a
// form.
func keeps(app oauthapp.Application, extra map[string]any) bool {
	for name, entry := range extra {
		var kept json.RawMessage
		found, err := app.ReadExtra(name, &kept)
		wanted, _ := json.Marshal(entry)
		if err != nil || found != (entry != nil) || found && !bytes.Equal(kept, wanted) {
			return false
		}
	}
	return true
}

// furtherChanges are the changes of those fields since the form was opened. A
// field for which the form does not tell counts as unchanged.
func (req *request) furtherChanges(app oauthapp.Application) []page.Change {
	var changes []page.Change
	typed := req.furtherFields(app)
	typedFurther(typed, req.r.PostForm)
	for i, saved := range req.furtherFields(app) {
		if typed[i].Was != saved.Text {
			changes = append(changes, page.Change{Field: saved.Name, Label: saved.Label, Yours: typed[i].Text != typed[i].Was})
		}
	}
	return changes
}
