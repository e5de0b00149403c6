package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// show shows an application.
func (v *visit) show() error {
	data, err := v.applicationPage()
	if err != nil {
		return err
	}
	if data.Notice, err = v.notice(); err != nil {
		return err
	}
	data.Problem = v.undone
	return v.write(v.status, "application.html", data)
}

// backToApplication is for whoever asks for the address of a form with GET.
func (v *visit) backToApplication() error { return v.goTo(v.appURL()) }

// newApplication shows the form to register an application.
func (v *visit) newApplication() error {
	form := v.emptyForm(oauthapp.NewClientID())
	v.fillAgain(&form)
	return v.write(v.status, "application_form.html", form)
}

func (v *visit) emptyForm(clientID string) page.ApplicationForm {
	return page.ApplicationForm{
		Account: v.account.Name, New: true, Action: v.listURL(), Cancel: v.listURL(), ClientID: clientID, Ticket: v.ticket(v.listURL(), clientID),
	}
}

// register registers an application and shows it, with its secret, in the
// answer.
func (v *visit) register() error {
	reg := v.registration()
	reg.Type = oauthapp.ClientType(v.field("client_type"))
	reg.ClientID = v.field("client_id")
	app, secret, err := v.registry.Register(v.ctx, v.account.ID, reg)
	if errors.Is(err, oauthapp.ErrExists) {
		repeated, readErr := v.alreadyRegistered(reg)
		if repeated || readErr != nil {
			return readErr
		}
		reg.ClientID = ""
		app, secret, err = v.registry.Register(v.ctx, v.account.ID, reg)
	}
	if err != nil {
		return v.refill(v.emptyForm(v.field("client_id")), err)
	}
	v.app = app
	return v.showSecret(secret, "")
}

// alreadyRegistered answers a form that comes a second time, as by a reload of
// the page that it led to: with the application that the first one made. A form
// that was filled in anew since asks for another application.
func (v *visit) alreadyRegistered(reg oauthapp.Registration) (bool, error) {
	client, err := v.kernel.Store.Client(v.ctx, reg.ClientID, uuid.Nil, v.now)
	app := client.Application
	if errors.Is(err, oauthapp.ErrNotFound) || err == nil && (app.Owner != v.account.ID || !registeredAs(app, reg)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	v.app = app
	return true, v.redirect(v.appURL(), noticeAlreadyRegistered)
}

// registration is what the form says, apart from the client type.
func (v *visit) registration() oauthapp.Registration {
	return oauthapp.Registration{
		Name:         v.field("name"),
		Description:  v.field("description"),
		HomepageURL:  v.field("homepage_url"),
		CallbackURLs: lines(v.r.PostForm["callback_url"]),
	}
}

// lines returns the lines that are not blank, without the white space around
// them.
func lines(texts []string) []string {
	var kept []string
	for line := range strings.Lines(strings.ReplaceAll(strings.Join(texts, "\n"), "\r", "\n")) {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

func registeredAs(app oauthapp.Application, reg oauthapp.Registration) bool {
	return len(app.Changes(reg)) == 0 && (app.Type == reg.Type || reg.Type == "" && app.Type == oauthapp.Confidential)
}

// edit shows the form to edit an application.
func (v *visit) edit() error {
	form := v.editForm()
	fillFrom(&form, v.app)
	v.fillAgain(&form)
	return v.write(v.status, "application_form.html", form)
}

// fillFrom fills in a form with what is saved.
func fillFrom(form *page.ApplicationForm, app oauthapp.Application) {
	form.Version = app.Version
	form.Fields = page.Fields{
		Name: app.Name, Description: app.Description, Homepage: app.HomepageURL, Callbacks: strings.Join(app.CallbackURLs, "\n"),
	}
	form.Was = form.Fields
}

// fillAgain fills in a form that was not carried out, and says why.
func (v *visit) fillAgain(form *page.ApplicationForm) {
	form.Notice = v.undone
	switch {
	case v.typed != nil:
		fill(form, v.typed)
	case v.undone != "":
		form.Notice += undoneTooLong
	}
}

// fill fills in a form with what was typed.
func fill(form *page.ApplicationForm, typed url.Values) {
	form.Fields = typedFields(typed)
	if form.New {
		form.Public = typed.Get("client_type") == string(oauthapp.Public)
		return
	}
	was := base(typed)
	form.Version = version(typed)
	form.Was = page.Fields{
		Name: was.Name, Description: was.Description, Homepage: was.HomepageURL, Callbacks: strings.Join(was.CallbackURLs, "\n"),
	}
}

func typedFields(typed url.Values) page.Fields {
	return page.Fields{
		Name:        typed.Get("name"),
		Description: typed.Get("description"),
		Homepage:    typed.Get("homepage_url"),
		Callbacks:   strings.Join(typed["callback_url"], "\n"),
	}
}

func (v *visit) editForm() page.ApplicationForm {
	return page.ApplicationForm{
		Account: v.account.Name, Title: v.app.Name, Action: v.appURL(), Cancel: v.appURL(), Ticket: v.ticket(v.appURL(), ""),
		Public: v.app.Type == oauthapp.Public,
	}
}

// update saves an edited application. A client_type, which the form does not
// have, is refused if it is another than the application's.
func (v *visit) update() error {
	reg := v.registration()
	reg.Type = oauthapp.ClientType(v.field("client_type"))
	reg.Version = version(v.r.PostForm)
	err := v.updateBased(reg)
	var conflict *oauthapp.ConflictError
	switch {
	case errors.As(err, &conflict):
		return v.refuseUpdate(conflict)
	case err != nil:
		return v.refill(v.editForm(), err)
	}
	return v.redirect(v.appURL(), noticeUpdated)
}

// refill shows a form again with everything that was filled in and what is
// wrong with it.
func (v *visit) refill(form page.ApplicationForm, err error) error {
	var invalid *oauthapp.ValidationError
	switch {
	case errors.As(err, &invalid):
		form.Problems = problems(invalid, form.New)
	case errors.Is(err, oauthapp.ErrLimit):
		form.Problems = []page.Problem{{Message: fmt.Sprintf(
			"This account has %d applications, which is as many as it may have. Delete one that is not needed any more.",
			v.kernel.MaxApplications)}}
	default:
		return err
	}
	fill(&form, v.r.PostForm)
	return v.write(http.StatusUnprocessableEntity, "application_form.html", form)
}

// problems gives every field that is wrong one message. One that the form does
// not have, as that to edit has no client type, is left without its field.
func problems(invalid *oauthapp.ValidationError, registering bool) []page.Problem {
	inForm := []string{"name", "description", "homepage_url", "callback_url"}
	if registering {
		inForm = append(inForm, "client_type")
	}
	var list []page.Problem
	var done []string
	for _, f := range invalid.Fields {
		if slices.Contains(done, f.Field) {
			continue
		}
		done = append(done, f.Field)
		p := page.Problem{Field: f.Field, Message: invalid.Message(f.Field)}
		if !slices.Contains(inForm, f.Field) {
			p.Field = ""
		}
		list = append(list, p)
	}
	return list
}

// showSecret shows the application with the secret it was just given. It is the
// answer to the form itself: a redirect would have to carry the secret in a
// URL, a cookie or a store. others is what becomes of the secrets it had, ""
// for one that was just registered.
func (v *visit) showSecret(secret credential.Plaintext, others string) error {
	data, err := v.applicationPage()
	if err != nil {
		// The secret exists and is not to be lost because the rest cannot be
		// read.
		v.kernel.Logger.ErrorContext(v.ctx, "dashboard shows a new secret alone", "application_id", v.app.ID, "error", err)
	}
	data.ClientSecret = secret.Reveal()
	data.Created = others == ""
	data.Others = others
	return v.write(http.StatusOK, "application.html", data)
}

// applicationPage returns the page of the application. Where its secrets cannot
// be read it has none, and there is an error.
func (v *visit) applicationPage() (page.Application, error) {
	data := page.Application{
		Account:     v.account.Name,
		ListURL:     v.listURL(),
		Name:        v.app.Name,
		Description: v.app.Description,
		Homepage:    v.app.HomepageURL,
		Callbacks:   v.app.CallbackURLs,
		ClientID:    v.app.ClientID,
		Public:      v.app.Type == oauthapp.Public,
		Scopes:      v.scopes(v.app.Scopes),
		CreatedAt:   v.moment(v.app.CreatedAt),
		LastUsedAt:  v.moment(v.app.LastUsedAt),
		Ticket:      v.ticket(v.appURL("secrets"), ""),
		EditURL:     v.appURL("edit"),
		ResetURL:    v.appURL("secrets"),
		RevokeURL:   v.appURL("revoke"),
		DeleteURL:   v.appURL("delete"),
	}
	if data.Public {
		return data, nil
	}
	secrets, err := v.registry.Secrets(v.ctx, v.account.ID, v.app.ID)
	if err != nil {
		return data, err
	}
	for _, s := range secrets {
		data.Secrets = append(data.Secrets, v.shownSecret(s))
	}
	data.Newest = newestSecret(secrets)
	if len(secrets) > 0 {
		data.Overlaps = v.overlapOptions(secrets)
	}
	return data, nil
}
