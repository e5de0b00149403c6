package flow

import (
	"context"
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// The error codes of an [Error]. Each is its name in lower case with
// underscores: InvalidGrant is "invalid_grant". This package sends no others;
// packages such as dpop have codes of their own.
const (
	// RFC 6749, sections 4.1.2.1 and 5.2.
	InvalidRequest          = wire.InvalidRequest
	InvalidClient           = wire.InvalidClient
	InvalidGrant            = wire.InvalidGrant
	InvalidScope            = wire.InvalidScope
	UnauthorizedClient      = wire.UnauthorizedClient
	UnsupportedGrantType    = wire.UnsupportedGrantType
	UnsupportedResponseType = wire.UnsupportedResponseType
	AccessDenied            = wire.AccessDenied
	ServerError             = wire.ServerError
	TemporarilyUnavailable  = wire.TemporarilyUnavailable

	// RFC 8707, section 2.
	InvalidTarget = wire.InvalidTarget

	// OpenID Connect Core 1.0, section 3.1.2.6.
	LoginRequired            = wire.LoginRequired
	ConsentRequired          = wire.ConsentRequired
	AccountSelectionRequired = wire.AccountSelectionRequired
	InteractionRequired      = wire.InteractionRequired
	RequestNotSupported      = wire.RequestNotSupported
	RequestURINotSupported   = wire.RequestURINotSupported

	// RFC 6750, section 3.1.
	InvalidToken      = wire.InvalidToken
	InsufficientScope = wire.InsufficientScope
)

// An Error is the refusal of a request by [Provider.Authenticate]. Code,
// Description and Status are for whoever sent the request and hold no
// internals. The cause of an outage is for the operator: errors.Is and
// errors.As find it.
type Error struct {
	// Code is one of the constants above, or of a capability. It is empty only
	// where RFC 6750 asks for none: a request that carries no access token.
	Code string
	// Description is a phrase for the developer of the client, in the
	// characters of RFC 6749, section 5.2.
	Description string
	// Status is the HTTP status of the answer.
	Status int
	// Header has the header fields that the answer needs beside
	// WWW-Authenticate, such as the DPoP-Nonce of package dpop; nil for none.
	Header http.Header

	wire *wire.Error
}

func publicError(e *wire.Error) *Error {
	return &Error{Code: e.Code, Description: e.Description, Status: e.Status, Header: e.Header, wire: e}
}

// Error returns the code, the description and the cause.
func (e *Error) Error() string { return e.wire.Error() }

// Unwrap returns the cause of an outage or an internal error, nil for every
// other refusal.
func (e *Error) Unwrap() error { return e.wire.Unwrap() }

// writeError answers a protocol endpoint's client as RFC 6749, section 5.2,
// says.
func (p *Provider) writeError(w http.ResponseWriter, r *http.Request, e *wire.Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header()["Www-Authenticate"] = p.clients.Challenges(p.cfg.Issuer)
	}
	p.writeErrorBody(w, r, e)
}

// writeErrorBody writes an error without a challenge, and tells the operator of
// an outage or an internal error.
func (p *Provider) writeErrorBody(w http.ResponseWriter, r *http.Request, e *wire.Error) {
	noteRefusal(r, e)
	if e.Status >= http.StatusInternalServerError {
		p.logFailure(r, "request failed", e)
	}
	wire.WriteError(w, e)
}

// logFailure tells the operator what failed behind a request. A client that
// went away is no failure: what it cancelled fails by that alone.
func (p *Provider) logFailure(r *http.Request, message string, err error, more ...any) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return
	}
	// The path alone: a query may hold a code.
	p.cfg.Logger.ErrorContext(r.Context(), message, append([]any{"error", err, "method", r.Method, "path", r.URL.Path}, more...)...)
}

// writeJSON answers a request that is granted.
func (p *Provider) writeJSON(w http.ResponseWriter, r *http.Request, answer any) {
	if err := wire.WriteJSON(w, http.StatusOK, answer); err != nil {
		p.writeErrorBody(w, r, wire.Internal(err))
	}
}
