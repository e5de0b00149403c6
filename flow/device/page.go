package device

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

const (
	entryPage = "device.html"
	donePage  = "device_done.html"
)

// An entry is the data of device.html: the form for the code of a device.
type entry struct {
	Action   string        // where the form posts to
	UserCode string        // as it is shown, or as it was typed; ""
	Asks     bool          // it came with a link: is it the one on the device?
	Problem  *page.Message // what is wrong with it
	UserName string
}

// A done is the data of device_done.html: what became of a request.
type done struct {
	Title, Message *page.Message
	ManageURL      string // where users take access back; "" where it was not given, or there is no such page
}

// showEntry serves the form for a user code (RFC 8628, section 3.3). A link
// that has one changes nothing: the form asks whether it is the right one, and
// nothing is looked up before that is answered.
func (e *endpoints) showEntry(w http.ResponseWriter, r *http.Request) {
	linked, _ := parseUserCode(r.URL.Query().Get("user_code"))
	user, ok := e.signedIn(w, r, linked)
	if !ok {
		return
	}
	e.writeEntry(w, r, http.StatusOK, entry{UserCode: linked.String(), Asks: linked != "", UserName: user.Name})
}

// signedIn returns the user, or sends them to sign in and from there back to
// the form, with the code that they have.
func (e *endpoints) signedIn(w http.ResponseWriter, r *http.Request, code userCode) (*kernel.User, bool) {
	user, err := e.k.User(r)
	switch {
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	case user == nil:
		e.signIn(w, r, code)
	}
	return user, err == nil && user != nil
}

func (e *endpoints) signIn(w http.ResponseWriter, r *http.Request, code userCode) {
	returnTo := e.path()
	if code != "" {
		returnTo += "?user_code=" + code.String()
	}
	e.k.SignIn(w, r, returnTo)
}

func (e *endpoints) path() string { return e.k.BasePath + Path }

func (e *endpoints) writeEntry(w http.ResponseWriter, r *http.Request, status int, shown entry) {
	shown.Action = e.path()
	e.k.WritePage(w, r, status, entryPage, shown)
}

// readForm serves both forms: that of the code, and that of the consent page,
// which has a ticket.
func (e *endpoints) readForm(w http.ResponseWriter, r *http.Request) {
	// Several boxes of the consent page can be ticked, so scope may come twice.
	params, refusal := wire.ReadFormUnchecked(w, r, slices.Concat([]string{"user_code"}, kernel.ConsentParams))
	switch {
	case refusal != nil:
		e.k.WritePageError(w, r, refusal)
	case params.Has("ticket"):
		e.readDecision(w, r, params)
	default:
		e.readUserCode(w, r, params)
	}
}

// readUserCode answers the form of the code with the consent page.
func (e *endpoints) readUserCode(w http.ResponseWriter, r *http.Request, params wire.Params) {
	if err := e.k.CheckOrigin(r); err != nil {
		e.k.WritePageError(w, r, &wire.Error{
			Code: wire.AccessDenied, Description: "the form is not valid", Status: http.StatusForbidden,
		})
		return
	}
	typed := params.Get("user_code") // the first of several
	code, wellFormed := parseUserCode(typed)
	user, ok := e.signedIn(w, r, code)
	if !ok {
		return
	}
	if !wellFormed {
		e.refuseCode(w, r, user, typed, "device.malformed")
		return
	}
	kept, ok := e.findEntered(w, r, user, code)
	if !ok {
		return
	}
	if q, ok := e.question(w, r, user, code, kept); ok {
		e.k.AskConsent(w, r, q)
	}
}

// findEntered looks up the undecided request of a code that somebody has
// entered. It reports false where it has answered: there is no such code, it is
// used, or they have entered too many.
func (e *endpoints) findEntered(w http.ResponseWriter, r *http.Request, user *kernel.User, code userCode) (keptRequest, bool) {
	if wait := e.limits.enter(r, user.ID); wait > 0 {
		e.k.Emit(r, oauthapp.Event{
			Type: oauthapp.UserCodesLimited, Actor: oauthapp.Actor{UserID: user.ID}, Reason: "too many user codes were entered",
		})
		seconds := int((wait + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		e.writeEntry(w, r, http.StatusTooManyRequests, entry{
			UserCode: code.String(), UserName: user.Name,
			Problem: page.Say("device.too_many", seconds),
		})
		return keptRequest{}, false
	}
	kept, ok := e.find(w, r, user, code)
	if ok && kept.Decision != undecided {
		e.refuseUsed(w, r, user)
		return keptRequest{}, false
	}
	return kept, ok
}

// find looks up the request of a code. It reports false where it has answered.
func (e *endpoints) find(w http.ResponseWriter, r *http.Request, user *kernel.User, code userCode) (keptRequest, bool) {
	kept, err := e.requests.byUserCode(r.Context(), code, e.k.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		e.refuseCode(w, r, user, code.String(), "device.no_such_code")
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	default:
		return kept, true
	}
	return keptRequest{}, false
}

func (e *endpoints) refuseUsed(w http.ResponseWriter, r *http.Request, user *kernel.User) {
	e.refuseCode(w, r, user, "", "device.used")
}

// refuseCode shows the form again; problem is the key of a message.
func (e *endpoints) refuseCode(w http.ResponseWriter, r *http.Request, user *kernel.User, typed, problem string) {
	const maxShown = 40 // bytes; nobody types more
	if len(typed) > maxShown {
		typed = ""
	}
	e.writeEntry(w, r, http.StatusBadRequest, entry{UserCode: typed, UserName: user.Name, Problem: page.Say(problem)})
}

// question is what the consent page asks of a request. It is judged anew each
// time, as the application and the user may have changed. It reports false
// where it has answered.
func (e *endpoints) question(w http.ResponseWriter, r *http.Request, user *kernel.User, code userCode, kept keptRequest) (kernel.ConsentQuestion, bool) {
	client, refusal := e.k.FindClient(r, kept.ClientID, true)
	var scopes []string
	resources := kept.Resources
	if refusal == nil && resources == nil {
		resources, refusal = e.k.RequestedResources(nil)
	}
	if refusal == nil {
		scopes, refusal = e.k.RequestedScopes(client.Application, strings.Join(kept.Scopes, " "), resources)
	}
	if refusal == nil {
		refusal = e.askCapabilities(r, client, scopes, resources)
	}
	if refusal == nil && len(user.Accounts) == 0 {
		refusal = wire.Refuse(wire.AccessDenied, "the user has no account")
	}
	if refusal != nil {
		e.k.WritePageError(w, r, refusal)
		return kernel.ConsentQuestion{}, false
	}
	return kernel.ConsentQuestion{
		Client:    client,
		User:      user,
		Scopes:    scopes,
		Resources: resources,
		Action:    Path,
		Request:   url.Values{"user_code": {code.String()}, "client_id": {kept.ClientID}, "session": {kept.SessionID.String()}}.Encode(),
		Remarks:   e.remarks(r, code, kept),
	}, true
}

// remarks tell what speaks for and against the request being the user's own
// (RFC 8628, section 5.4).
func (e *endpoints) remarks(r *http.Request, code userCode, kept keptRequest) []*page.Message {
	from := "device.other_network"
	if bucket.Network(kept.Address) == e.limits.network(r) {
		from = "device.your_network"
	}
	asked := page.Ago(e.k.Moments(r)(kept.At))
	return []*page.Message{deviceRemark(from, code.String(), asked, kept.Address)}
}

// deviceRemark tells where a request came from; from is the key of a message.
func deviceRemark(from, code string, asked page.Ago, address string) *page.Message {
	return page.Say(from, page.Mark("code.whole", code), asked, page.Mark("code", address))
}

// readDecision answers the form of the consent page.
func (e *endpoints) readDecision(w http.ResponseWriter, r *http.Request, params wire.Params) {
	form, ok := e.k.ReadConsent(w, r, Path, params.Only(kernel.ConsentParams), []string{"user_code", "client_id", "session"})
	if !ok {
		return
	}
	code, wellFormed := parseUserCode(form.Request.Get("user_code"))
	if form.User == nil {
		e.signIn(w, r, code)
		return
	}
	if !wellFormed {
		e.refuseCode(w, r, form.User, "", "device.enter")
		return
	}
	look := e.find
	if form.Unproven != nil { // it counts as the code alone
		look = e.findEntered
	}
	kept, ok := look(w, r, form.User, code)
	if !ok {
		return
	}
	if form.Unproven == nil && form.Request.Get("session") != kept.SessionID.String() {
		e.refuseCode(w, r, form.User, "", "device.reused")
		return
	}
	q, ok := e.question(w, r, form.User, code, kept)
	if !ok {
		return
	}
	if answered, ok := e.k.Decide(w, r, form, q); ok {
		e.settle(w, r, kept, q, answered)
	}
}
