package flow

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// ApplicationSettings are the settings of one application for this package.
// They are kept in its oauthapp.Application.Extra under "flow":
//
//	settings := flow.ApplicationSettings{OptionalScopes: []string{"write"}}
//	app, err := registry.SetExtra(ctx, owner, id, "flow", settings)
type ApplicationSettings struct {
	// OptionalScopes are scopes that the application can do without. If it asks
	// for one, the consent page has a box for it, which is ticked only if the
	// user granted the scope before. Other scopes have no box: the user grants
	// all of them or denies the request. The member scope of the token response
	// tells what was granted (RFC 6749, section 3.3). The application can ask
	// for the rest when it needs that: a request for more than was granted asks
	// the user again. Defaults to none.
	//
	// If Config.Scopes has several, owners choose the optional ones on the form
	// of the application in package dashboard.
	//
	// A consent page of the host's own has to show the boxes, as package
	// dashboard says: without them nobody can grant these scopes.
	OptionalScopes []string `json:"optional_scopes,omitempty"`
}

const settingsName = "flow"

// optionalScopesField is the field with which an owner sets the optional scopes
// of an application, nil where there is nothing to leave out.
func (p *Provider) optionalScopesField() *kernel.ApplicationField {
	if len(p.cfg.Scopes) < 2 {
		return nil
	}
	return &kernel.ApplicationField{
		Name:  "optional_scopes",
		Label: page.Say("optional_scopes.label"),
		Hint:  page.Say("optional_scopes.hint", strings.Join(p.scopeNames(), ", ")),
		Text: func(app oauthapp.Application) (string, bool) {
			var settings ApplicationSettings
			if _, err := app.ReadExtra(settingsName, &settings); err != nil {
				return "", true
			}
			return strings.Join(settings.OptionalScopes, "\n"), true
		},
		Entry: p.optionalScopesEntry,
	}
}

func (p *Provider) optionalScopesEntry(_ oauthapp.Application, text string) (any, *page.Message) {
	asked := strings.Fields(text)
	for _, name := range asked {
		if _, offered := p.scopes[name]; !offered {
			return nil, page.Say("optional_scopes.unknown", strconv.Quote(name), strings.Join(p.scopeNames(), ", "))
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	return ApplicationSettings{OptionalScopes: intersect(p.scopeNames(), asked)}, nil
}

// optionalScopes returns the scopes of a question that the user may leave out.
func optionalScopes(q *kernel.ConsentQuestion) ([]string, *wire.Error) {
	var settings ApplicationSettings
	if _, err := q.Client.Application.ReadExtra(settingsName, &settings); err != nil {
		return nil, wire.Internal(err)
	}
	return intersect(q.Scopes, settings.OptionalScopes), nil
}

// chosenScopes returns the scopes that the user grants: all that have no box,
// and those whose box is ticked.
func chosenScopes(form wire.Params, q *kernel.ConsentQuestion, optional []string) []string {
	return slices.DeleteFunc(slices.Clone(q.Scopes), func(name string) bool {
		ticked := slices.Contains(form, wire.Param{Name: "scope", Value: name})
		return slices.Contains(optional, name) && !ticked
	})
}

// optionalParam is what the form of a consent page brings back, with the
// request, of the scopes that have a box. An empty box is an answer only where
// there was one.
const optionalParam = "optional_scopes"

func withOptional(request string, optional []string) string {
	if len(optional) == 0 {
		return request
	}
	return request + "&" + url.Values{optionalParam: {strings.Join(optional, " ")}}.Encode()
}

func optionalOf(form wire.Params) []string {
	request, _ := wire.ParseForm(form.Get("request"), []string{optionalParam}) // it is signed
	return strings.Fields(request.Get(optionalParam))
}
