// Package clientauth finds out which client sent a request, and whether it is
// that client (RFC 6749, section 2.3), by a table of methods.
package clientauth

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// MaxClientID bounds, in bytes, what a store is asked for. Registered client
// IDs are far shorter.
const MaxClientID = 255

// MaxForeignClientID is that bound for a client that nobody registered here.
const MaxForeignClientID = 1 << 10

// alwaysRead are the parameters of client authentication that are read whatever
// the methods: a secret or an assertion that no method takes must not be
// ignored.
var alwaysRead = []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"}

// A Method is a way in which confidential clients authenticate.
type Method struct {
	Name string // as in token_endpoint_auth_methods_supported
	// Params are the parameters of the body that the method reads, beside
	// client_id. A request in which two methods find theirs is refused.
	Params []string
	// Scheme is the scheme of the Authorization header that the method reads,
	// "" for none. No two methods share one, and none has Bearer.
	Scheme string
	// Challenge are further parameters of the challenge of the scheme, which
	// answers a client that failed. Optional.
	Challenge string

	// Present returns what of a request is the method's own, if anything. Of
	// the parameters it may rely on its own and client_id. The request has at
	// most one Authorization header, of any scheme. A refusal is for what is
	// malformed; the client ID is returned with it, where it is known. A
	// request without a client ID is refused in any case.
	Present func(r *http.Request, params wire.Params) (p Presented, found bool, refusal *wire.Error)

	// Verify finds out whether the client is the one that it says it is. An
	// unknown client is the zero Client, and must cost what a known one does. A
	// public client is not verified, whatever it presents. An error is an
	// outage, or a [*Limited].
	Verify func(r *http.Request, client store.Client, p Presented, now time.Time) (Verdict, error)
}

// A Verdict is what [Method.Verify] found out.
type Verdict struct {
	// Reason is why the client is not the one that it says it is: a fixed
	// phrase for the host, never for the client. It is "" where it is.
	Reason string
	// Secret is the client secret that the client authenticated with, zero
	// where it authenticated in another way.
	Secret oauthapp.Secret
}

// Presented is what a request presents by one method.
type Presented struct {
	ClientID string
	Proof    any // the method's own
}

// An Authenticator is safe for concurrent use.
type Authenticator struct {
	Store   store.Store
	Methods []Method
	Now     func() time.Time
	// ConfidentialOnly refuses public clients.
	ConfidentialOnly bool

	// Failed counts and reports a failure, and returns its answer: the refusal
	// given, or that of one too many. The client ID is "" where it may not be
	// named.
	Failed func(r *http.Request, f Failure, refusal *wire.Error) *wire.Error

	// IsForeign reports whether a client ID has the form of a capability's, and
	// Resolve returns the client as the capability knows it. client is as the
	// store has it, if it is kept there. Both are nil where every client is
	// registered.
	IsForeign func(clientID string) bool
	Resolve   func(r *http.Request, clientID string, client store.Client, kept bool) (resolved store.Client, found bool, refusal *wire.Error)
}

// Admits reports whether a client ID is short enough to look for.
func (a *Authenticator) Admits(clientID string) bool {
	if a.IsForeign != nil && len(clientID) <= MaxForeignClientID && a.IsForeign(clientID) {
		return true
	}
	return len(clientID) <= MaxClientID
}

// A Failure is a client authentication that failed.
type Failure struct {
	ClientID    string               // as presented, at most MaxClientID bytes; it may be a secret
	Nameable    string               // the client ID if it can be nothing but one, or ""
	Application oauthapp.Application // zero where there is none
	Reason      string
	// RetryAfter is set where there were too many attempts already, and this
	// one was not judged.
	RetryAfter time.Duration
}

// Authenticate returns the client of a request, if it is that client, and in
// the same read the session named, which is zero where the request names none.
// It also returns the client secret that the client authenticated with, zero
// where it authenticated in another way. A public client is known by its client
// ID alone.
//
// An unknown client and a wrong secret get the same answer for the same work. A
// secret that was imported as a slow hash takes longer, and tells by that that
// there is such a client.
func (a *Authenticator) Authenticate(r *http.Request, params wire.Params, session uuid.UUID) (store.Client, oauthapp.Secret, *wire.Error) {
	method, presented, refusal := a.present(r, params)
	if refusal != nil {
		if refusal.Code == wire.InvalidClient {
			refusal = a.failed(r, presented.ClientID, oauthapp.Application{}, "malformed or missing client credentials", refusal)
		}
		return store.Client{}, oauthapp.Secret{}, refusal
	}
	now := a.Now()
	client, err := a.Store.Client(r.Context(), presented.ClientID, session, now)
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		return store.Client{}, oauthapp.Secret{}, wire.Outage(err)
	}
	if a.IsForeign != nil && a.IsForeign(presented.ClientID) {
		resolved, found, refusal := a.Resolve(r, presented.ClientID, client, !unknown)
		if refusal != nil {
			return store.Client{}, oauthapp.Secret{}, refusal
		}
		client, unknown = resolved, !found
	}
	public := client.Application.Type == oauthapp.Public
	if !unknown && public && !a.ConfidentialOnly {
		// It has no secret, so whatever it sent as one proves nothing and is
		// ignored.
		return client, oauthapp.Secret{}, nil
	}
	verdict, err := method.Verify(r, client, presented, now)
	if limited, ok := errors.AsType[*Limited](err); ok {
		f := Failure{ClientID: presented.ClientID, Nameable: client.Application.ClientID, Application: client.Application, RetryAfter: limited.Wait}
		return store.Client{}, oauthapp.Secret{}, a.Failed(r, f, refuseClient())
	}
	if err != nil {
		return store.Client{}, oauthapp.Secret{}, wire.Outage(err)
	}
	switch {
	case unknown:
		verdict.Reason = "unknown client"
	case public:
		verdict.Reason = "public client"
	}
	if verdict.Reason != "" {
		return store.Client{}, oauthapp.Secret{}, a.failed(r, presented.ClientID, client.Application, verdict.Reason, refuseClient())
	}
	return client, verdict.Secret, nil
}

// present finds the one method that a request uses, and what it presents. The
// client ID is returned with a refusal too, where it is known.
func (a *Authenticator) present(r *http.Request, params wire.Params) (method Method, presented Presented, refusal *wire.Error) {
	id := params.Get("client_id")
	method, presented = none, Presented{ClientID: id}
	if refusal := a.checkHeader(r); refusal != nil {
		return method, presented, refusal
	}
	used := 0
	for _, m := range a.Methods {
		p, found, refused := m.Present(r, params)
		if found || refused != nil {
			presented = p
		}
		if refused != nil {
			return m, presented, refused
		}
		if found {
			method = m
			used++
		}
	}
	switch {
	case !a.takes("client_assertion") && (params.Has("client_assertion") || params.Has("client_assertion_type")):
		refusal = wire.Refuse(wire.InvalidClient, "client assertions are not supported")
	case used > 0 && id != "" && id != presented.ClientID:
		refusal = wire.Refuse(wire.InvalidClient, "client_id is not the client that authenticates")
	case used > 1:
		refusal = wire.Refuse(wire.InvalidRequest, "more than one client authentication method")
	case presented.ClientID == "":
		refusal = wire.Refuse(wire.InvalidClient, "client authentication is missing")
	case !a.Admits(presented.ClientID):
		refusal = refuseClient()
	}
	return method, presented, refusal
}

// checkHeader refuses an Authorization header that no method reads. A Bearer
// token is no client authentication: published clients send one that means
// nothing.
func (a *Authenticator) checkHeader(r *http.Request) *wire.Error {
	headers := r.Header["Authorization"]
	if len(headers) > 1 {
		return wire.Refuse(wire.InvalidRequest, "more than one Authorization header")
	}
	if len(headers) == 0 || headers[0] == "" || HasScheme(r, "Bearer") {
		return nil
	}
	for _, m := range a.Methods {
		if m.Scheme != "" && HasScheme(r, m.Scheme) {
			return nil
		}
	}
	return wire.Refuse(wire.InvalidClient, "unsupported client authentication scheme")
}

// HasScheme reports whether the Authorization header of a request is of a
// scheme (RFC 9110, section 11.1).
func HasScheme(r *http.Request, scheme string) bool {
	sent, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(sent, scheme)
}

// takes reports whether a method reads a parameter.
func (a *Authenticator) takes(param string) bool {
	return slices.ContainsFunc(a.Methods, func(m Method) bool { return slices.Contains(m.Params, param) })
}

// Params are the parameters of client authentication that an endpoint reads:
// those of all methods, and those that are refused where no method takes them.
func (a *Authenticator) Params() []string {
	names := slices.Clone(alwaysRead)
	for _, m := range a.Methods {
		names = append(names, m.Params...)
	}
	slices.Sort(names)
	return slices.Clip(slices.Compact(names))
}

// Challenges answer a client that failed to authenticate, one for each scheme
// (RFC 6749, section 5.2; RFC 9110, section 11.6.1).
func (a *Authenticator) Challenges(realm string) []string {
	var challenges []string
	for _, m := range a.Methods {
		if m.Scheme == "" {
			continue
		}
		challenge := m.Scheme + ` realm="` + realm + `"`
		if m.Challenge != "" {
			challenge += ", " + m.Challenge
		}
		challenges = append(challenges, challenge)
	}
	return challenges
}

// none is for public clients, which prove nothing.
var none = Method{
	Name: "none",
	Verify: func(_ *http.Request, client store.Client, _ Presented, now time.Time) (Verdict, error) {
		matchSecret(client.Secrets, noSecret, now) // as long as with a secret
		return Verdict{Reason: "no client secret"}, nil
	},
}

// Names are the methods as metadata lists them. "none" is the last, where
// public clients are taken, if it may be there.
func (a *Authenticator) Names(public bool) []string {
	var names []string
	for _, m := range a.Methods {
		names = append(names, m.Name)
	}
	if public && !a.ConfidentialOnly {
		names = append(names, none.Name)
	}
	return slices.Clip(names)
}

// refuseClient is the answer to a client that is not itself, or does not exist.
func refuseClient() *wire.Error {
	return wire.Refuse(wire.InvalidClient, "client authentication failed")
}

// clientIDForm is what the registry makes.
var clientIDForm = regexp.MustCompile(`^[0-9a-f]{20}$`)

// HasForm reports whether a text has the very form of the client IDs that the
// registry makes, so that it may stand in an event.
func HasForm(clientID string) bool { return clientIDForm.MatchString(clientID) }

// failed reports a failure. What was presented as a client ID, and was not
// found in a store, could be anything that a client sent by mistake, a part of
// a secret too: it is named only if it has the very form of client IDs.
func (a *Authenticator) failed(r *http.Request, id string, app oauthapp.Application, reason string, refusal *wire.Error) *wire.Error {
	if len(id) > MaxClientID {
		id = ""
	}
	f := Failure{ClientID: id, Nameable: app.ClientID, Application: app, Reason: reason}
	if f.Nameable == "" && HasForm(id) {
		f.Nameable = id
	}
	return a.Failed(r, f, refusal)
}

// Refuse is for a client that is itself, where only others are admitted.
func (a *Authenticator) Refuse(r *http.Request, client store.Client, reason string) *wire.Error {
	return a.failed(r, client.Application.ClientID, client.Application, reason, refuseClient())
}
