package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// show shows an application.
func (req *request) show() error {
	data, err := req.applicationPage()
	if err != nil {
		return err
	}
	if data.Notice, err = req.notice(); err != nil {
		return err
	}
	data.Problem = req.undone
	return req.write(req.status, "application.html", data)
}

// backToApplication is for whoever asks for the address of a form with GET.
func (req *request) backToApplication() error { return req.goTo(req.appURL()) }

// newApplication shows the form to register an application.
func (req *request) newApplication() error {
	form := req.emptyForm(oauthapp.NewClientID())
	req.fillAgain(&form)
	return req.write(req.status, "application_form.html", form)
}

func (req *request) emptyForm(clientID string) page.ApplicationForm {
	return page.ApplicationForm{
		Account: req.account.Name, New: true, Action: req.listURL(), Cancel: req.listURL(), ClientID: clientID, Ticket: req.ticket(req.listURL(), clientID),
		ConfidentialOnly: !req.kernel.HasClientAuthentication("none"), Further: req.furtherFields(oauthapp.Application{}),
	}
}

// register registers an application and shows it, with its secret, in the
// answer.
func (req *request) register() error {
	reg := req.registration()
	reg.Type = oauthapp.ClientType(req.field("client_type"))
	reg.ClientID = req.field("client_id")
	var problems []page.Problem
	if reg.Extra, problems = req.further(oauthapp.Application{}, reg.Type); problems != nil {
		return req.fillIn(req.emptyForm(reg.ClientID), problems)
	}
	app, secret, err := req.registry.Register(req.ctx, req.account.ID, reg)
	if errors.Is(err, oauthapp.ErrExists) {
		repeated, readErr := req.alreadyRegistered(reg)
		if repeated || readErr != nil {
			return readErr
		}
		reg.ClientID = ""
		app, secret, err = req.registry.Register(req.ctx, req.account.ID, reg)
	}
	if err != nil {
		return req.refill(req.emptyForm(req.field("client_id")), err)
	}
	req.app = app
	return req.showSecret(secret, nil)
}

// alreadyRegistered answers a form that comes a second time, as by a reload of
// the page that it led to: with the application that the first one made. A form
// that was filled in anew since asks for another application.
func (req *request) alreadyRegistered(reg oauthapp.Registration) (bool, error) {
	client, err := req.kernel.Store.Client(req.ctx, reg.ClientID, uuid.Nil, req.now)
	app := client.Application
	if errors.Is(err, oauthapp.ErrNotFound) || err == nil && (app.Owner != req.account.ID || !(registeredAs(app, reg) && keeps(app, reg.Extra))) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	req.app = app
	return true, req.redirect(req.appURL(), noticeAlreadyRegistered)
}

// registration is what the form says, apart from the client type.
func (req *request) registration() oauthapp.Registration {
	return oauthapp.Registration{
		Name:         req.field("name"),
		Description:  req.field("description"),
		HomepageURL:  req.field("homepage_url"),
		CallbackURLs: lines(req.r.PostForm["callback_url"]),
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
func (req *request) edit() error {
	form := req.editForm()
	fillFrom(&form, req.app)
	req.fillAgain(&form)
	return req.write(req.status, "application_form.html", form)
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
func (req *request) fillAgain(form *page.ApplicationForm) {
	form.Notice = req.undone
	switch {
	case req.typed != nil:
		fill(form, req.typed)
	case req.undone != nil:
		form.Notice = page.Say("undone.too_long", req.undone)
	}
}

// fill fills in a form with what was typed.
func fill(form *page.ApplicationForm, typed url.Values) {
	form.Fields = typedFields(typed)
	typedFurther(form.Further, typed)
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

func (req *request) editForm() page.ApplicationForm {
	return page.ApplicationForm{
		Account: req.account.Name, Title: req.app.Name, Action: req.appURL(), Cancel: req.appURL(), Ticket: req.ticket(req.appURL(), ""),
		Public: req.app.Type == oauthapp.Public, Further: req.furtherFields(req.app),
	}
}

// update saves an edited application. A client_type, which the form does not
// have, is refused if it is another than the application's.
func (req *request) update() error {
	reg := req.registration()
	reg.Type = oauthapp.ClientType(req.field("client_type"))
	reg.Version = version(req.r.PostForm)
	var problems []page.Problem
	if reg.Extra, problems = req.further(req.app, req.app.Type); problems != nil {
		return req.fillIn(req.editForm(), problems)
	}
	err := req.updateBased(reg)
	var conflict *oauthapp.ConflictError
	switch {
	case errors.As(err, &conflict):
		return req.refuseUpdate(conflict)
	case err != nil:
		return req.refill(req.editForm(), err)
	}
	return req.redirect(req.appURL(), noticeUpdated)
}

// refill shows a form again with everything that was filled in and what is
// wrong with it.
func (req *request) refill(form page.ApplicationForm, err error) error {
	var invalid *oauthapp.ValidationError
	switch {
	case errors.As(err, &invalid):
		return req.fillIn(form, kernel.Problems(invalid))
	case errors.Is(err, oauthapp.ErrLimit):
		return req.fillIn(form, []page.Problem{{Message: page.Say("form.limit", req.kernel.MaxApplications)}})
	}
	return err
}

// fillIn shows a form again with everything that was filled in, and problems.
// One of a field that the form does not have, as that to edit has no client
// type, is left without its field.
func (req *request) fillIn(form page.ApplicationForm, problems []page.Problem) error {
	inForm := []string{"name", "description", "homepage_url", "callback_url"}
	if form.New {
		inForm = append(inForm, "client_type")
	}
	for _, f := range form.Further {
		inForm = append(inForm, f.Name)
	}
	for i := range problems {
		if !slices.Contains(inForm, problems[i].Field) {
			problems[i].Field = ""
		}
	}
	form.Problems = problems
	fill(&form, req.r.PostForm)
	return req.write(http.StatusUnprocessableEntity, "application_form.html", form)
}

// showSecret shows the application with the secret it was just given. It is the
// answer to the form itself: a redirect would have to carry the secret in a
// URL, a cookie or a store. others is what becomes of the secrets it had, nil
// for one that was just registered.
func (req *request) showSecret(secret credential.Plaintext, others *page.Message) error {
	data, err := req.applicationPage()
	if err != nil {
		// The secret exists and is not to be lost because the rest cannot be
		// read.
		req.kernel.Logger.ErrorContext(req.ctx, "dashboard shows a new secret alone", "application_id", req.app.ID, "error", err)
	}
	data.ClientSecret = secret.Reveal()
	data.Created = others == nil
	data.Others = others
	return req.write(http.StatusOK, "application.html", data)
}

// applicationPage returns the page of the application. Where its offer,
// refusals or secrets cannot be read it has none, and there is an error.
func (req *request) applicationPage() (page.Application, error) {
	data := page.Application{
		Account:     req.account.Name,
		ListURL:     req.listURL(),
		Name:        req.app.Name,
		Description: req.app.Description,
		Homepage:    req.app.HomepageURL,
		Callbacks:   req.app.CallbackURLs,
		ClientID:    req.app.ClientID,
		Public:      req.app.Type == oauthapp.Public,
		Standing:    req.standing(req.app),
		Scopes:      req.scopes(req.app.Scopes),
		CreatedAt:   req.moment(req.app.CreatedAt),
		LastUsedAt:  req.moment(req.app.LastUsedAt),

		AuthorizeURL: req.kernel.Issuer + kernel.AuthorizePath,
		TokenURL:     req.kernel.Issuer + kernel.TokenPath,
		Ticket:       req.ticket(req.appURL("secrets"), ""),
		EditURL:      req.appURL("edit"),
		ResetURL:     req.appURL("secrets"),
		RevokeURL:    req.appURL("revoke"),
		TransferURL:  req.appURL("transfer"),
		DeleteURL:    req.appURL("delete"),
	}
	var err error
	if data.OfferedUntil, data.OfferedBy, err = req.offered(); err != nil {
		return data, err
	}
	if data.Refusals, err = req.refusals(); err != nil || data.Public {
		return data, err
	}
	if data.Itself, err = req.itself(); err != nil {
		return data, err
	}
	secrets, err := req.registry.Secrets(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID)
	if err != nil {
		return data, err
	}
	for _, s := range secrets {
		data.Secrets = append(data.Secrets, req.shownSecret(s))
	}
	data.Newest = newestSecret(secrets)
	if len(secrets) > 0 {
		data.Overlaps = req.overlapOptions(secrets)
	}
	return data, nil
}
