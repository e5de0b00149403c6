package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// maxOperatorBody is far more than any request of the operator has.
const maxOperatorBody = 16 << 10

// An operator runs the service. The interface is what a service has of its own
// for the people who do: here JSON, for whoever has the token.
type operator struct {
	token    string
	registry *oauthapp.Registry
	people   *directory
	scopes   []flow.Scope
	logger   *slog.Logger
}

// handler answers everything below /operator/.
func (o *operator) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"DELETE /operator/users/{user}/accounts/{account}": o.leave,
		"PUT /operator/users/{user}/accounts/{account}":    o.join,
		"DELETE /operator/users/{user}/access":             o.endAccessOfUser,
		"DELETE /operator/accounts/{account}/access":       o.endAccessToAccount,
		"GET /operator/applications":                       o.application,
		"PUT /operator/applications/{client_id}/standing":  o.setStanding,
		"PUT /operator/applications/{client_id}/trusted":   o.setProperty("trusted", func(s *oauthapp.Standing) *bool { return &s.Trusted }),
		"PUT /operator/applications/{client_id}/approved":  o.setProperty("approved", func(s *oauthapp.Standing) *bool { return &s.Approved }),
		"PUT /operator/applications/{client_id}/verified":  o.setProperty("verified", func(s *oauthapp.Standing) *bool { return &s.Verified }),
		"PUT /operator/applications/{client_id}/scopes":    o.setScopes,
		"/operator/": o.nothing,
	} {
		mux.HandleFunc(pattern, o.answering(answer))
	}
	return o.authenticated(mux)
}

// authenticated lets requests with the token through. It compares digests: the
// time that takes does not even tell the length of the token.
func (o *operator) authenticated(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(o.token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="operator"`)
			writeProblemDetails(w, &problem{http.StatusUnauthorized, "The request needs the operator's token."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answering writes what a function answers: JSON, nothing, or an error.
func (o *operator) answering(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxOperatorBody)
		actor := oauthapp.Actor{RemoteAddr: remoteAddr(r), UserAgent: r.UserAgent()}
		body, err := answer(r.WithContext(oauthapp.WithActor(r.Context(), actor)))
		switch {
		case err != nil:
			writeProblemDetails(w, o.problemOf(r.Context(), err))
		case body == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeJSON(w, http.StatusOK, body)
		}
	}
}

// nothing answers what the interface does not have.
func (o *operator) nothing(*http.Request) (any, error) {
	return nil, &problem{http.StatusNotFound, "The operator's interface has no such request."}
}

// leave answers DELETE /operator/users/{user}/accounts/{account}.
func (o *operator) leave(r *http.Request) (any, error) { return nil, o.setMember(r, false) }

// join answers PUT /operator/users/{user}/accounts/{account}.
func (o *operator) join(r *http.Request) (any, error) { return nil, o.setMember(r, true) }

func (o *operator) setMember(r *http.Request, isMember bool) error {
	if !o.people.setMember(r.PathValue("user"), r.PathValue("account"), isMember) {
		return &problem{http.StatusNotFound, "The demo has no such user of such an account."}
	}
	return nil
}

// endAccessOfUser answers DELETE /operator/users/{user}/access.
func (o *operator) endAccessOfUser(r *http.Request) (any, error) {
	return o.endAccess(r.Context(), oauthapp.GrantsOfUser(r.PathValue("user")))
}

// endAccessToAccount answers DELETE /operator/accounts/{account}/access.
func (o *operator) endAccessToAccount(r *http.Request) (any, error) {
	return o.endAccess(r.Context(), oauthapp.GrantsForAccount(r.PathValue("account")))
}

// endAccess tells how many grants it ended. All of them are counted, so there
// are never more.
func (o *operator) endAccess(ctx context.Context, filter oauthapp.GrantFilter) (any, error) {
	ended, err := o.registry.EndAccess(ctx, filter, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"grants": ended.Grants, "more": false}, nil
}

// applicationView is an application as the operator sees it.
type applicationView struct {
	ClientID          string     `json:"client_id"`
	Name              string     `json:"name"`
	Owner             string     `json:"owner"` // the account's ID; "" if it registered itself
	Type              string     `json:"client_type"`
	Standing          string     `json:"standing"` // live or suspended
	Reason            string     `json:"reason"`
	Trusted           bool       `json:"trusted"`
	Approved          bool       `json:"approved"`
	Verified          bool       `json:"verified"`
	ClientCredentials []string   `json:"client_credentials"`
	Users             int        `json:"users"` // with a live grant, counted up to a bound
	MoreUsers         bool       `json:"more_users"`
	CreatedAt         time.Time  `json:"created_at"`
	LastUsedAt        *time.Time `json:"last_used_at"` // null if never
}

const (
	live      = "live"
	suspended = "suspended"
)

// application answers GET /operator/applications?client_id=ID.
func (o *operator) application(r *http.Request) (any, error) {
	app, err := o.registry.ApplicationByClientID(r.Context(), oauthapp.AnyOwner, r.URL.Query().Get("client_id"))
	if err != nil {
		return nil, err
	}
	return o.view(r.Context(), app)
}

func (o *operator) view(ctx context.Context, app oauthapp.Application) (any, error) {
	usage, err := o.registry.Usage(ctx, oauthapp.AnyOwner, app.ID)
	if err != nil {
		return nil, err
	}
	settings := clientcredentials.Settings{Scopes: []string{}}
	if _, err := app.ReadExtra(clientcredentials.Name, &settings); err != nil {
		return nil, err
	}
	v := applicationView{
		ClientID: app.ClientID, Name: app.Name, Owner: app.Owner, Type: string(app.Type),
		Standing: live, Reason: app.Standing.Reason, Trusted: app.Standing.Trusted,
		Approved: app.Standing.Approved, Verified: app.Standing.Verified,
		ClientCredentials: settings.Scopes,
		Users:             usage.Users, MoreUsers: usage.More, CreatedAt: app.CreatedAt,
	}
	if app.Standing.Suspended {
		v.Standing = suspended
	}
	if !usage.LastUsedAt.IsZero() {
		v.LastUsedAt = &usage.LastUsedAt
	}
	return v, nil
}

// setStanding answers PUT /operator/applications/{client_id}/standing.
func (o *operator) setStanding(r *http.Request) (any, error) {
	var asked struct{ Standing, Reason string }
	if err := readJSON(r, &asked); err != nil {
		return nil, err
	}
	if asked.Standing != live && asked.Standing != suspended {
		return nil, &problem{http.StatusUnprocessableEntity, `The member standing is "live" or "suspended".`}
	}
	return o.changeStanding(r, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = asked.Standing == suspended, asked.Reason
	})
}

// setProperty returns what answers PUT /operator/applications/{client_id}/ and
// the name of a property of a standing, with {"NAME":true} or {"NAME":false}.
func (o *operator) setProperty(name string, of func(*oauthapp.Standing) *bool) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var asked map[string]*bool
		if err := readJSON(r, &asked); err != nil {
			return nil, err
		}
		if asked[name] == nil || len(asked) > 1 {
			return nil, &problem{http.StatusUnprocessableEntity, "The member " + name + ", and no other, is true or false."}
		}
		return o.changeStanding(r, func(s *oauthapp.Standing) { *of(s) = *asked[name] })
	}
}

func (o *operator) changeStanding(r *http.Request, change func(*oauthapp.Standing)) (any, error) {
	app, err := o.registry.ApplicationByClientID(r.Context(), oauthapp.AnyOwner, r.PathValue("client_id"))
	if err != nil {
		return nil, err
	}
	app, err = o.registry.ChangeStanding(r.Context(), oauthapp.AnyOwner, app.ID, change)
	if err != nil {
		return nil, err
	}
	return o.view(r.Context(), app)
}

// setScopes answers PUT /operator/applications/{client_id}/scopes.
func (o *operator) setScopes(r *http.Request) (any, error) {
	var asked struct {
		ClientCredentials *[]string `json:"client_credentials"`
	}
	if err := readJSON(r, &asked); err != nil {
		return nil, err
	}
	if asked.ClientCredentials == nil || slices.ContainsFunc(*asked.ClientCredentials, o.lacks) {
		return nil, &problem{http.StatusUnprocessableEntity, "The member client_credentials lists scopes of the demo."}
	}
	slices.Sort(*asked.ClientCredentials)
	settings := clientcredentials.Settings{Scopes: slices.Compact(*asked.ClientCredentials)}
	app, err := o.registry.ApplicationByClientID(r.Context(), oauthapp.AnyOwner, r.PathValue("client_id"))
	if err != nil {
		return nil, err
	}
	if app.Type == oauthapp.Public {
		return nil, &problem{http.StatusUnprocessableEntity, "A public application cannot act for itself."}
	}
	app, err = o.registry.SetExtra(r.Context(), oauthapp.AnyOwner, app.ID, clientcredentials.Name, settings)
	if err != nil {
		return nil, err
	}
	return o.view(r.Context(), app)
}

// lacks reports whether a scope is none of the demo's.
func (o *operator) lacks(scope string) bool {
	return !slices.ContainsFunc(o.scopes, func(s flow.Scope) bool { return s.Name == scope })
}

// readJSON reads the body of a request, which is one JSON object with no other
// members than into has.
func readJSON(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && decoder.Decode(new(any)) != io.EOF {
		err = errors.New("there is more after the JSON")
	}
	if err != nil {
		return &problem{http.StatusBadRequest, fmt.Sprintf("The body is not the JSON that is expected here: %v.", err)}
	}
	return nil
}

// A problem is an error for the operator to read (RFC 9457).
type problem struct {
	status int
	detail string
}

func (p *problem) Error() string { return p.detail }

// problemOf tells the operator of an error. What is not the request's fault is
// the store's, and is for the log.
func (o *operator) problemOf(ctx context.Context, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
		var messages []string
		for _, field := range invalid.Fields {
			messages = append(messages, field.Message)
		}
		return &problem{http.StatusUnprocessableEntity, strings.Join(messages, " ")}
	}
	if errors.Is(err, oauthapp.ErrNotFound) {
		return &problem{http.StatusNotFound, "There is no application of that client ID."}
	}
	o.logger.ErrorContext(ctx, "request of the operator failed", "error", err)
	return &problem{http.StatusServiceUnavailable, "The service cannot do that now. Its log tells why."}
}

func writeProblemDetails(w http.ResponseWriter, p *problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.status)
	json.NewEncoder(w).Encode(map[string]any{ // an error means that the caller has gone
		"type": "about:blank", "title": http.StatusText(p.status), "status": p.status, "detail": p.detail,
	})
}
