package dashboard

import (
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

var (
	errForeignForm   = errors.New("dashboard: form of another origin, user or session")
	errNotManager    = errors.New("dashboard: the user may not manage the applications of the account")
	errMalformedForm = errors.New("dashboard: form cannot be read")
	errLargeForm     = errors.New("dashboard: form is too large")
	errSlowForm      = errors.New("dashboard: form took too long to arrive")
)

// retryAfter is the number of seconds after which it is worth trying again.
const retryAfter = "10"

// failures are the pages for what a request is refused for.
var failures = []struct {
	err         error
	status      int
	title, text string
}{
	{oauthapp.ErrNotFound, http.StatusNotFound, "fail.not_found", "fail.not_found_text"},
	{errForeignForm, http.StatusForbidden, "fail.unchanged", "fail.foreign_form"},
	{errNotManager, http.StatusForbidden, "fail.not_allowed", "fail.not_allowed_text"},
	{errMalformedForm, http.StatusBadRequest, "fail.unchanged", "fail.malformed_form"},
	{errLargeForm, http.StatusRequestEntityTooLarge, "fail.unchanged", "fail.large_form"},
	{errSlowForm, http.StatusRequestTimeout, "fail.unchanged", "fail.slow_form"},
}

// fail answers with the page for an error. What it does not know is an outage:
// the operator learns the cause, the user that it is not their fault.
func (d *Dashboard) fail(w http.ResponseWriter, r *http.Request, err error) {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			d.writeError(w, r, f.status, f.title, f.text)
			return
		}
	}
	d.unavailable(w, r, err)
}

func (d *Dashboard) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	reference := page.NewReference()
	if r.Context().Err() == nil { // else the user went away, and nothing is broken
		d.kernel.Logger.ErrorContext(r.Context(), "dashboard unavailable", "method", r.Method, "path", r.URL.Path, "reference", reference, "error", err)
	}
	w.Header().Set("Retry-After", retryAfter)
	view := d.errorPage(r, http.StatusServiceUnavailable, "fail.try_again", "fail.try_again_text")
	view.Reference = reference
	d.kernel.WritePage(w, r, view.Status, "error.html", view, d.formActions...)
}

func (d *Dashboard) writeError(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	d.kernel.WritePage(w, r, status, "error.html", d.errorPage(r, status, title, message), d.formActions...)
}

func (d *Dashboard) errorPage(r *http.Request, status int, title, message string) page.Error {
	return page.Error{
		Status: status, Title: page.Say(title), Message: page.Say(message), Time: d.kernel.Moments(r)(d.kernel.Now()), Back: d.wayOn(r, status),
	}
}

// wayOn links the list of the account in the path or, where that is none of the
// user's, of their first. It is nil where the answer is that the service cannot
// tell.
func (d *Dashboard) wayOn(r *http.Request, status int) *page.Link {
	if status >= http.StatusInternalServerError {
		return nil
	}
	user, err := d.kernel.User(r)
	if err != nil || user == nil || len(user.Accounts) == 0 {
		return nil
	}
	account, ok := user.Account(r.PathValue("account"))
	if !ok {
		account = user.Accounts[0]
	}
	return &page.Link{URL: d.Path(account.ID), Text: page.Say("list.title", account.Name)}
}

// unrouted answers a request that no pattern matches. It answers as the mux does
// with h, but with a page.
func (d *Dashboard) unrouted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	answer := headerOnly{header: http.Header{}}
	h.ServeHTTP(&answer, r)
	switch answer.status {
	case http.StatusMethodNotAllowed:
		w.Header()["Allow"] = answer.header["Allow"]
		d.writeError(w, r, answer.status, "fail.unchanged", "fail.wrong_method")
	default:
		d.fail(w, r, oauthapp.ErrNotFound)
	}
}

// headerOnly takes an answer without its body.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header { return h.header }

func (h *headerOnly) WriteHeader(status int) { h.status = status }

func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
