package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A visit is one request of a user who is signed in, to an account of theirs.
type visit struct {
	*Dashboard
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context // tells the actor
	now     time.Time
	user    *flow.User
	account flow.Account
	app     oauthapp.Application // where the path names one, one of the account's
}

// A handler answers a visit. The error it returns is answered by [Dashboard.fail].
type handler func(*visit) error

const (
	maxBody       = 64 << 10
	maxUserAgent  = 256 // bytes; in events
	ticketTTL     = 24 * time.Hour
	ticketPurpose = "dashboard"
)

// serve lets h see nothing but visits that are in order: from this origin, by a user who is
// signed in, to an account of theirs, and a form only with its ticket.
func (d *Dashboard) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := d.admit(w, r)
		if err == nil && v != nil {
			err = h(v)
		}
		if err != nil {
			d.fail(w, r, err)
		}
	})
}

// admit returns no visit where nobody is signed in: it has answered then.
func (d *Dashboard) admit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	if d.crossOrigin.Check(r) != nil {
		d.reportForm(r, oauthapp.Event{Reason: "sent by a page of another origin"})
		return nil, errForeignForm
	}
	user, err := d.flow.CurrentUser(r)
	if err != nil {
		return nil, err
	}
	if user == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, d.flow.LoginURL(d.returnTo(r)), http.StatusSeeOther)
		return nil, nil
	}
	if user.ID == "" {
		return nil, errors.New("dashboard: CurrentUser returned a user without an ID")
	}
	account, ok := user.Account(r.PathValue("account"))
	if !ok || account.ID == "" || account.ID == oauthapp.AnyOwner {
		return nil, oauthapp.ErrNotFound
	}
	v := &visit{
		Dashboard: d, w: w, r: r, now: d.flow.Now(), user: user, account: account,
		ctx: oauthapp.WithActor(r.Context(), d.actor(r, user.ID)),
	}
	if r.Method == http.MethodPost {
		return v, v.readForm()
	}
	return v, nil
}

// actor is who sent a request, user being "" where that is not known.
func (d *Dashboard) actor(r *http.Request, user string) oauthapp.Actor {
	return oauthapp.Actor{UserID: user, RemoteAddr: d.flow.RemoteAddr(r), UserAgent: userAgent(r)}
}

func userAgent(r *http.Request) string {
	s := r.UserAgent()
	return strings.ToValidUTF8(s[:min(len(s), maxUserAgent)], "?")
}

// returnTo is where a user goes on once signed in: the page asked for or, in place of
// a form, whose fields are lost, the page it is about.
func (d *Dashboard) returnTo(r *http.Request) string {
	if r.Method != http.MethodPost {
		return r.URL.RequestURI()
	}
	list := d.Path(r.PathValue("account"))
	if id, err := uuid.Parse(r.PathValue("id")); err == nil {
		return list + "/" + id.String()
	}
	return list
}

// readForm reads a form and checks that this user's session was sent it.
func (v *visit) readForm() error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxBody)
	if err := v.r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errLargeForm
		}
		return errMalformedForm
	}
	err := v.keys.Verify(v.field("ticket"), v.now, ticketPurpose, v.user.ID, v.user.Session)
	switch {
	case errors.Is(err, ticket.ErrExpired):
		return errExpiredForm
	case err != nil:
		v.reportForm(v.r, oauthapp.Event{
			Actor: oauthapp.Actor{UserID: v.user.ID}, AccountID: v.account.ID, Reason: "not made for this user in this session",
		})
		return errForeignForm
	}
	return nil
}

// reportForm reports a form that was not made here, or not for this. The application is
// the one that it was aimed at: it may belong to somebody else.
func (d *Dashboard) reportForm(r *http.Request, e oauthapp.Event) {
	if d.flow.Events == nil {
		return
	}
	e.Type, e.Time, e.Actor = oauthapp.ApplicationFormRefused, d.flow.Now(), d.actor(r, e.Actor.UserID)
	if id, err := pathID(r, "id"); err == nil {
		e.ApplicationID = id
	}
	d.flow.Events(context.WithoutCancel(r.Context()), e)
}

// field returns a field of the form; the query is not looked at.
func (v *visit) field(name string) string { return v.r.PostForm.Get(name) }

// ticket returns what a form of this session brings back.
func (v *visit) ticket() string {
	return v.keys.Sign(v.now.Add(ticketTTL), ticketPurpose, v.user.ID, v.user.Session)
}

// application wraps a handler that is about the account's application in the path.
func application(h handler) handler {
	return func(v *visit) error {
		id, err := pathID(v.r, "id")
		if err != nil {
			return err
		}
		v.app, err = v.registry.Application(v.ctx, v.account.ID, id)
		if err != nil {
			return err
		}
		return h(v)
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

func (v *visit) listURL() string { return v.Path(v.account.ID) }

// appURL returns the path of a page of the application.
func (v *visit) appURL(below ...string) string {
	return strings.Join(append([]string{v.listURL(), v.app.ID.String()}, below...), "/")
}

func (v *visit) write(status int, name string, data any) error {
	v.pages.Write(v.w, v.r, status, name, data, v.formActions...)
	return nil
}

// redirect answers a form that was carried out: the page at path then says so.
func (v *visit) redirect(path string, n notice) error {
	if n != "" {
		path += "?notice=" + string(n)
	}
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// A notice names what was just done, in the query of the page that says so. The text is
// ours, so that nobody can make a page say anything else.
type notice string

const (
	noticeUpdated           notice = "updated"
	noticeDeleted           notice = "deleted"
	noticeTokensRevoked     notice = "tokens-revoked"
	noticeSecretRevoked     notice = "secret-revoked"
	noticeGrantRevoked      notice = "access-revoked"
	noticeAlreadyRegistered notice = "already-registered"
	noticeAlreadyReset      notice = "already-reset"
)

var notices = map[notice]string{
	noticeUpdated:           "The application is saved.",
	noticeDeleted:           "The application is deleted.",
	noticeTokensRevoked:     "All user tokens are revoked.",
	noticeSecretRevoked:     "The client secret is revoked.",
	noticeGrantRevoked:      "The application has no access any more.",
	noticeAlreadyRegistered: "This application was registered already, so nothing was changed. Its client secret was shown once; reset it if you do not have it.",
	noticeAlreadyReset:      "The client secrets have changed since that form was opened, so nothing was reset.",
}

func (v *visit) notice() string {
	return notices[notice(v.r.URL.Query().Get("notice"))]
}

func (v *visit) moment(t time.Time) page.Moment { return page.Moment{At: t, Now: v.now} }

// scopes puts scopes in the host's words. One that is offered no more has its name alone.
func (v *visit) scopes(names []string) []page.Scope {
	scopes := make([]page.Scope, len(names))
	for i, name := range names {
		scopes[i].Name = name
		for _, offered := range v.flow.Scopes {
			if offered.Name == name {
				scopes[i].Description = offered.Description
			}
		}
	}
	return scopes
}
