package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A request is one of a user who is signed in, to an account of theirs or to
// what they authorized in all of them.
type request struct {
	*Dashboard
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context // tells the actor
	now     time.Time
	moment  func(time.Time) page.Moment // as the user sees a time
	user    *kernel.User
	session string               // what forms are bound to beside the user
	hasForm bool                 // the answer is a page with a form
	account kernel.Account       // zero for what is about all of them
	app     oauthapp.Application // where the path names one, one of the account's
	secret  oauthapp.Secret      // where the path names one, one of the application's
	path    string               // the request's, in its one spelling

	status int           // of the page that is shown
	undone *page.Message // why a form was not carried out, on the page that is shown in its place
	typed  url.Values    // what that form was filled in with; nil without one
}

// A handler answers a request. The error it returns is answered by
// [Dashboard.fail].
type handler func(*request) error

// serve lets only those requests through to h that come from this origin, from a
// user who is signed in, and are about an account of theirs. f is the form that
// is sent, nil for a page.
func (d *Dashboard) serve(h handler, f *form) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := d.admit(w, r, f)
		if err == nil && req != nil {
			err = h(req)
		}
		if err != nil {
			d.fail(w, r, err)
		}
	})
}

// admit returns no request where nobody is signed in: it has answered then.
func (d *Dashboard) admit(w http.ResponseWriter, r *http.Request, f *form) (*request, error) {
	if d.kernel.CheckOrigin(r) != nil {
		d.reportForm(r, oauthapp.Event{Reason: "sent by a page of another origin"})
		return nil, errForeignForm
	}
	if f != nil {
		if err := readForm(w, r); err != nil {
			return nil, err
		}
	}
	user, err := d.kernel.User(r)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, d.signIn(w, r, f)
	}
	account, ok := user.Account(r.PathValue("account"))
	if !ok && strings.Contains(r.Pattern, "{account}") {
		return nil, oauthapp.ErrNotFound
	}
	req := &request{
		Dashboard: d, w: w, r: r, now: d.kernel.Now(), moment: d.kernel.Moments(r), user: user, account: account,
		session: d.kernel.FormSession.Of(r, user.Session),
		ctx:     oauthapp.WithActor(r.Context(), d.kernel.Actor(r, user.ID)),
		path:    expand(r.Pattern, r), status: http.StatusOK,
	}
	if f == nil {
		req.resume()
	}
	return req, nil
}

// managing wraps a handler that is for those who may manage the account's
// applications.
func managing(h handler) handler {
	return func(req *request) error {
		if req.account.Manages {
			return h(req)
		}
		if req.r.Method == http.MethodPost {
			req.reportForm(req.r, oauthapp.Event{
				Actor: oauthapp.Actor{UserID: req.user.ID}, AccountID: req.account.ID, Reason: "the user may not manage the applications of the account",
			})
		}
		return errNotManager
	}
}

// ofApplication wraps a handler that is about the account's application in the
// path.
func ofApplication(h handler) handler {
	return func(req *request) error {
		id, err := pathID(req.r, "id")
		if err != nil {
			return err
		}
		req.app, err = req.registry.Application(req.ctx, oauthapp.OwnedBy(req.account.ID), id)
		if err != nil {
			return err
		}
		return h(req)
	}
}

// pathID returns an ID in the path, which has one spelling.
func pathID(r *http.Request, name string) (uuid.UUID, error) {
	value := r.PathValue(name)
	id, err := uuid.Parse(value)
	if err != nil || id.String() != value {
		return uuid.Nil, oauthapp.ErrNotFound
	}
	return id, nil
}

func (req *request) listURL() string { return req.Path(req.account.ID) }

// appURL returns the path of a page of the application.
func (req *request) appURL(below ...string) string {
	return strings.Join(append([]string{req.listURL(), req.app.ID.String()}, below...), "/")
}

func (req *request) write(status int, name string, data any) error {
	req.kernel.WritePage(req.w, req.r, status, name, data, req.formActions...)
	return nil
}

// scopes puts scopes in the host's words. One that is offered no more has its
// name alone.
func (req *request) scopes(names []string) []page.Scope {
	scopes := make([]page.Scope, len(names))
	for i, name := range names {
		scopes[i] = page.Scope{Name: name, Description: req.kernel.Scopes[name]}
	}
	return scopes
}
