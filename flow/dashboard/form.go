package dashboard

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A form is what a POST sends.
type form struct {
	do    handler // carries it out
	show  handler // shows the page that it stands on
	page  string  // the pattern of that page
	check handler // looks up what the form is about before it is refused; nil if that is known by then
}

const (
	maxBody     = 256 << 10        // each URL of an application twice, escaped
	bodyTimeout = 30 * time.Second // for the whole body of a form
	formTTL     = 24 * time.Hour
	unsentTTL   = 15 * time.Minute // to sign in
	maxDraft    = 4 << 10          // bytes in a URL

	sessionPurpose = "dashboard session"
	actionPurpose  = "dashboard action"
	unsentPurpose  = "dashboard unsent"
)

// The fields of the query of a page that is shown in place of a form.
const (
	unsentAction = "unsent" // where the form was sent
	unsentHalf   = "form"   // the half of its ticket that tells whose it is
	unsentDraft  = "draft"  // what was typed
	unsentSeal   = "seal"
)

// Why a form was not carried out, as the page says that is shown in its place.
var (
	undoneSignedOut = page.Say("undone.signed_out")
	undoneSession   = page.Say("undone.session")
	undoneBrowser   = page.Say("undone.browser")
	undoneTooOld    = page.Say("undone.too_old")
)

// readForm reads the body of a form. Who sends it slowly is cut off.
func readForm(w http.ResponseWriter, r *http.Request) error {
	body := http.NewResponseController(w)
	_ = body.SetReadDeadline(time.Now().Add(bodyTimeout)) // where the server can
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	_, readErr := io.Copy(io.Discard, r.Body) // a body that is no form is unread so far
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || errors.As(readErr, &tooLarge):
		return errLargeForm
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(readErr, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return errSlowForm
	case err != nil || readErr != nil:
		return errMalformedForm
	}
	_ = body.SetReadDeadline(time.Time{}) // the rest is the server's
	return nil
}

// field returns a field of the form; the query is not looked at.
func (req *request) field(name string) string { return req.r.PostForm.Get(name) }

// ticket returns what the form for an action brings back. One half is good for
// the user's session and for the client ID that the form has, if any. The other
// tells that the form was made for this user and this action, also once the
// session has ended.
func (req *request) ticket(action, clientID string) string {
	if !req.hasForm {
		req.session, req.hasForm = req.kernel.FormSession.Begin(req.w, req.r, req.user.Session), true
	}
	expires := req.now.Add(formTTL)
	return req.kernel.Tickets.Sign(expires, sessionPurpose, req.user.ID, req.session, clientID) + "." +
		req.kernel.Tickets.Sign(expires, actionPurpose, req.user.ID, action)
}

// checked carries out a form if this user's session was sent it for this
// action. One that the user was sent in another session, or too long ago, is
// shown again with what was typed.
func (f form) checked(req *request) error {
	inSession, forAction, _ := strings.Cut(req.field("ticket"), ".")
	session := req.kernel.Tickets.Verify(inSession, req.now, sessionPurpose, req.user.ID, req.session, req.field("client_id"))
	action := req.kernel.Tickets.Verify(forAction, req.now, actionPurpose, req.user.ID, req.path)
	switch {
	case session == nil && action == nil:
		return f.do(req)
	case errors.Is(action, ticket.ErrInvalid):
		if f.check != nil {
			if err := f.check(req); err != nil {
				return err
			}
		}
		req.reportForm(req.r, oauthapp.Event{
			Actor: oauthapp.Actor{UserID: req.user.ID}, AccountID: req.account.ID, Reason: "not made for this action of this user in this session",
		})
		return errForeignForm
	case errors.Is(session, ticket.ErrInvalid) && req.user.Session == "":
		req.undone = undoneBrowser
	case errors.Is(session, ticket.ErrInvalid):
		req.undone = undoneSession
	default:
		req.undone = undoneTooOld
	}
	req.status, req.typed = http.StatusForbidden, req.r.PostForm
	return f.show(req)
}

// signIn sends somebody to sign in, and from there to the page that they asked
// for or, in place of a form, to the page that it stands on, which says that
// nothing was done.
func (d *Dashboard) signIn(w http.ResponseWriter, r *http.Request, f *form) error {
	returnTo := r.URL.RequestURI()
	if f != nil {
		returnTo = expand(f.page, r)
		if query := d.unsent(r, returnTo); query != nil {
			returnTo += "?" + query.Encode()
		}
	}
	login := d.kernel.LoginURL(returnTo)
	if login == "" {
		return errors.New("dashboard: LoginURL returned no URL")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, login, http.StatusSeeOther)
	return nil
}

// unsent returns the query that makes the page at path say that a form was not
// carried out, and fills in what was typed. It is nil for what has no ticket.
func (d *Dashboard) unsent(r *http.Request, path string) url.Values {
	_, half, ok := strings.Cut(r.PostForm.Get("ticket"), ".")
	if !ok {
		return nil
	}
	action, draft := expand(r.Pattern, r), pack(r.PostForm)
	seal := d.kernel.Tickets.Sign(d.kernel.Now().Add(unsentTTL), unsentPurpose, path, action, half, draft)
	query := url.Values{unsentAction: {action}, unsentHalf: {half}, unsentSeal: {seal}}
	if draft != "" {
		query.Set(unsentDraft, draft)
	}
	return query
}

// resume finds out whether the page is shown in place of a form that this user
// sent while signed out. Nobody else can make it say so: that takes half of the
// ticket.
func (req *request) resume() {
	query := req.r.URL.Query()
	action, half, draft := query.Get(unsentAction), query.Get(unsentHalf), query.Get(unsentDraft)
	if req.kernel.Tickets.Verify(query.Get(unsentSeal), req.now, unsentPurpose, req.path, action, half, draft) != nil ||
		errors.Is(req.kernel.Tickets.Verify(half, req.now, actionPurpose, req.user.ID, action), ticket.ErrInvalid) {
		return
	}
	req.undone, req.typed = undoneSignedOut, unpack(draft)
}

// pack returns the fields of a form for a URL, without its ticket and the code
// of an offer, "" if they are too long.
func pack(fields url.Values) string {
	kept := url.Values{}
	for name, values := range fields {
		if name != "ticket" && name != "code" {
			kept[name] = values
		}
	}
	var b bytes.Buffer
	compressed, _ := flate.NewWriter(&b, flate.BestCompression) // the level is one
	_, _ = io.WriteString(compressed, kept.Encode())            // a buffer takes everything
	_ = compressed.Close()
	draft := base64.RawURLEncoding.EncodeToString(b.Bytes())
	if len(draft) > maxDraft {
		return ""
	}
	return draft
}

// unpack returns what pack was given, nil where there is none.
func unpack(draft string) url.Values {
	compressed, err := base64.RawURLEncoding.DecodeString(draft)
	if draft == "" || err != nil {
		return nil
	}
	encoded, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(compressed)), maxBody))
	if err != nil {
		return nil
	}
	fields, err := url.ParseQuery(string(encoded))
	if err != nil {
		return nil
	}
	return fields
}

// expand returns the path that a pattern stands for in a request, in its one
// spelling.
func expand(pattern string, r *http.Request) string {
	_, path, found := strings.Cut(pattern, " ") // after a method
	if !found {
		path = pattern
	}
	for _, name := range []string{"account", "id", "s", "grant"} {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(r.PathValue(name)))
	}
	return path
}

// reportForm reports a form that was not made here, or not for this. The
// application is the one that it was aimed at: it may belong to somebody else.
func (d *Dashboard) reportForm(r *http.Request, e oauthapp.Event) {
	e.Type = oauthapp.ApplicationFormRefused
	if id, err := pathID(r, "id"); err == nil {
		e.ApplicationID = id
	}
	d.kernel.Emit(r, e)
}
