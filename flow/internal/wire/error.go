// Package wire is how the endpoints of the protocol read and write: parameters,
// bodies, answers in JSON, refusals, and scripts of other origins.
package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The error codes: all that the endpoints ever send.
const (
	// RFC 6749, sections 4.1.2.1 and 5.2.
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	AccessDenied            = "access_denied"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"

	// RFC 7591, section 3.2.2.
	InvalidRedirectURI    = "invalid_redirect_uri"
	InvalidClientMetadata = "invalid_client_metadata"

	InvalidSoftwareStatement    = "invalid_software_statement"
	UnapprovedSoftwareStatement = "unapproved_software_statement"

	// RFC 8707, section 2.
	InvalidTarget = "invalid_target"

	// OpenID Connect Core 1.0, section 3.1.2.6.
	LoginRequired            = "login_required"
	ConsentRequired          = "consent_required"
	AccountSelectionRequired = "account_selection_required"
	InteractionRequired      = "interaction_required"
	RequestNotSupported      = "request_not_supported"
	RequestURINotSupported   = "request_uri_not_supported"

	// RFC 6750, section 3.1.
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)

// An Error is a refusal in the words of the protocol. Code, Description and
// Status are for whoever sent the request and hold no internals; what the
// operator needs to know is the cause, which errors.Is and errors.As find
// through Unwrap.
type Error struct {
	Code        string // "" only where RFC 6750 asks for none
	Description string // in the characters of RFC 6749, section 5.2
	Status      int
	RetryAfter  time.Duration // when it is worth trying again; 0 for a refusal that stands
	Received    string        // what was received instead of what had to be, for pages alone; ""
	// Reason is why, for the host and the developer of the client alone: a
	// fixed phrase. "" where Description is all there is to say. It must be
	// there where Description quotes what was sent, which can be anything.
	Reason string
	// Routine marks what a client that makes no mistake is told as things go
	// on, such as to ask again. No event tells of it.
	Routine bool
	// Suspended tells that the application is, and Suspension why, in the words
	// of the host, for pages alone.
	Suspended  bool
	Suspension string

	// Over tells that the request is of no use any more, and that the
	// application need not have made a mistake, for pages alone.
	Over bool

	// Unapproved tells that the application is not open to the user yet.
	Unapproved bool

	// Scheme is the scheme of Require whose challenge alone answers, "" for
	// those of all. Challenge are further parameters of the challenge, "" for
	// none (RFC 9110, section 11.6.1).
	Scheme, Challenge string

	// Header is what the answer has in its header beside, such as DPoP-Nonce.
	Header http.Header

	cause error
}

// Error returns the code, the description and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("flow: " + strconv.Itoa(e.Status))
	for _, part := range []string{e.Code, e.Description} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns what made an outage or an internal error, nil for a refusal.
func (e *Error) Unwrap() error { return e.cause }

// Refuse makes the answer to a request that is at fault itself.
func Refuse(code, description string) *Error {
	status := http.StatusBadRequest
	switch code {
	case InvalidClient, InvalidToken:
		status = http.StatusUnauthorized
	case InsufficientScope:
		status = http.StatusForbidden
	}
	return &Error{Code: code, Description: PlainText(description), Status: status}
}

// outageRetryAfter is how long a client should wait when it is answered 503.
const outageRetryAfter = 5 * time.Second

// Outage makes the answer to a request that could not be judged because the
// store, or the host, failed: neither yes nor no.
func Outage(cause error) *Error {
	return &Error{
		Code:        TemporarilyUnavailable,
		Description: "the service is temporarily unavailable",
		Status:      http.StatusServiceUnavailable,
		RetryAfter:  outageRetryAfter,
		cause:       cause,
	}
}

// TooMany makes the answer to a request that was one too many, in a fixed
// phrase (RFC 6585, section 4).
func TooMany(description string, wait time.Duration) *Error {
	return &Error{
		Code:        TemporarilyUnavailable,
		Description: description,
		Status:      http.StatusTooManyRequests,
		RetryAfter:  wait,
	}
}

// Internal makes the answer to a request that met a fault of ours.
func Internal(cause error) *Error {
	return &Error{
		Code:        ServerError,
		Description: "the service met an internal error",
		Status:      http.StatusInternalServerError,
		cause:       cause,
	}
}

// MaxDescription is the length of the longest description, in bytes.
const MaxDescription = 200

// PlainText replaces what RFC 6749, section 5.2, does not allow in an
// error_description, so that a phrase may quote what a client sent.
func PlainText(s string) string {
	if len(s) > MaxDescription {
		s = s[:MaxDescription]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
}
