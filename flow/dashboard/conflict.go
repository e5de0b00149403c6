package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// base is what the form was filled in with when it was opened. It tells what
// somebody else changed since, and what the user did.
func base(typed url.Values) oauthapp.Registration {
	return oauthapp.Registration{
		Name:         typed.Get("was_name"),
		Description:  unixLines(typed.Get("was_description")),
		HomepageURL:  typed.Get("was_homepage_url"),
		CallbackURLs: lines(typed["was_callback_url"]),
	}
}

// version is the version that the form was opened at. Without one it is -1, the
// version of no application, so that such a form overwrites nothing unseen.
func version(typed url.Values) int64 {
	n, err := strconv.ParseInt(typed.Get("version"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// updateBased saves an edit. Where the form was opened before the newest
// version, but nothing that it holds has changed since, the edit is based on
// the newest.
func (req *request) updateBased(reg oauthapp.Registration) error {
	const maxTries = 5 // a crowd that edits one application
	var err error
	for range maxTries {
		reg.Scopes = req.app.Scopes // the form does not have them
		_, err = req.registry.Update(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID, reg)
		conflict, ok := errors.AsType[*oauthapp.ConflictError](err)
		if !ok || len(req.changes(conflict.Application)) > 0 || len(req.furtherChanges(conflict.Application)) > 0 {
			break
		}
		req.app, reg.Version = conflict.Application, conflict.Application.Version
	}
	return err
}

// changes tells in which fields of the form the application differs from what
// it was when the form was opened or, for a form that does not tell, from what
// was typed.
func (req *request) changes(app oauthapp.Application) []oauthapp.Change {
	was := base(req.r.PostForm)
	if !req.r.PostForm.Has("was_name") {
		was = req.registration()
	}
	was.Scopes = app.Scopes
	return app.Changes(was)
}

// refuseUpdate shows the form again where somebody else changed the application
// since it was opened. It tells what changed. A field that the user changed
// keeps what was typed; one that they left alone shows what is saved. To save
// it is then their decision.
func (req *request) refuseUpdate(conflict *oauthapp.ConflictError) error {
	req.app = conflict.Application
	form, was, typed := req.editForm(), base(req.r.PostForm), typedFields(req.r.PostForm)
	fillFrom(&form, req.app)
	if typed.Name != was.Name {
		form.Name = typed.Name
	}
	if unixLines(typed.Description) != was.Description {
		form.Description = typed.Description
	}
	if typed.Homepage != was.HomepageURL {
		form.Homepage = typed.Homepage
	}
	if !slices.Equal(lines([]string{typed.Callbacks}), was.CallbackURLs) {
		form.Callbacks = typed.Callbacks
	}
	typedAgain := slices.Clone(form.Further)
	typedFurther(typedAgain, req.r.PostForm)
	for i, f := range typedAgain {
		if f.Text != f.Was {
			form.Further[i].Text = f.Text
		}
	}
	form.ChangedAt = req.moment(req.app.UpdatedAt)
	for _, c := range req.changes(req.app) {
		form.Changes = append(form.Changes, shownChange(c, form))
	}
	form.Changes = append(form.Changes, req.furtherChanges(req.app)...)
	return req.write(http.StatusConflict, "application_form.html", form)
}

// shownChange is what a form shows of a change. Of callback URLs it shows those
// that differ.
func shownChange(c oauthapp.Change, form page.ApplicationForm) page.Change {
	change := page.Change{Field: c.Field, Label: page.Say("field." + c.Field), Before: []string{c.Old}, Now: []string{c.New}}
	switch c.Field {
	case "name":
		change.Yours = form.Name != form.Was.Name
	case "description":
		change.Yours = form.Description != form.Was.Description
	case "homepage_url":
		change.Yours = form.Homepage != form.Was.Homepage
	case "callback_url":
		change.Yours = form.Callbacks != form.Was.Callbacks
		before, now := strings.Split(c.Old, "\n"), strings.Split(c.New, "\n")
		change.Before, change.Now = without(before, now), without(now, before)
	}
	return change
}

// without returns the texts that are not among others.
func without(texts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return slices.Contains(others, text) })
}

// unixLines is a text as it was before a browser sent it.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
