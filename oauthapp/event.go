package oauthapp

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// EventType names what happened.
type EventType string

// What the Registry reports.
const (
	ApplicationCreated         EventType = "oauth_application.create"
	ApplicationUpdated         EventType = "oauth_application.update"
	ApplicationDeleted         EventType = "oauth_application.delete"
	ClientSecretReset          EventType = "oauth_application.reset_client_secret"
	ClientSecretRevoked        EventType = "oauth_application.revoke_client_secret"
	ApplicationSuspended       EventType = "oauth_application.suspend"
	ApplicationReinstated      EventType = "oauth_application.reinstate"
	ApplicationStandingChanged EventType = "oauth_application.change_standing" // neither suspended nor reinstated
	ApplicationTransferred     EventType = "oauth_application.transfer"        // to another owner
	AccessEnded                EventType = "access.end"                        // all access that a filter selected
	UserErased                 EventType = "user.erase"
	ApplicationTokensRevoked   EventType = "oauth_application.revoke_access_tokens"
	GrantRevoked               EventType = "grant.revoke"
	APITokenCreated            EventType = "api_token.create" // a user made one without an application
	APITokenRevoked            EventType = "api_token.revoke"
)

// What the pages report.
const (
	ApplicationFormRefused EventType = "oauth_application.form_refused" // a form was forged or belongs to another session
	APITokenFormRefused    EventType = "api_token.form_refused"         // likewise

	// An owner offered an application to another account, the owner withdrew
	// the offer, or the other account declined it. An offer that is accepted is
	// an ApplicationTransferred.
	ApplicationTransferOffered   EventType = "oauth_application.transfer_offer"
	ApplicationTransferWithdrawn EventType = "oauth_application.transfer_withdraw"
	ApplicationTransferDeclined  EventType = "oauth_application.transfer_decline"
)

// What the flow reports.
const (
	GrantCreated               EventType = "grant.create"              // a user authorized an application
	GrantDenied                EventType = "grant.deny"                // a user denied an application
	ConsentFormRefused         EventType = "grant.form_refused"        // a consent form was forged or belongs to another session
	TokenIssued                EventType = "token.issue"               // a code was exchanged
	TokenRefreshed             EventType = "token.refresh"             // a refresh token was rotated
	RefreshRepeated            EventType = "token.refresh_repeat"      // a refresh was repeated within the grace period and got the same tokens
	TokenRevoked               EventType = "token.revoke"              // a client revoked a token (RFC 7009)
	CodeReplayed               EventType = "token.code_replay"         // a redeemed code was presented again; its session was ended
	RefreshTokenReused         EventType = "token.refresh_token_reuse" // an old refresh token was presented again; its session was ended
	UserAccessEnded            EventType = "token.user_access_end"     // the user may give nothing any more (flow.Config.MayAct); the session was ended
	ClientAuthenticationFailed EventType = "token.client_authentication_failed"

	// A secret scanner reported a live credential, which was revoked. The owner
	// of a client secret, and the user of anything else, is to be told.
	CredentialLeaked EventType = "credential.leak"

	// A person or a network has entered too many user codes of devices and is
	// told to wait.
	UserCodesLimited EventType = "device.user_codes_limited"

	// A client that nobody registered was refused: by a list of the host, or
	// for its metadata document.
	ClientMetadataRefused EventType = "client_metadata.refuse"

	// The client has failed too often and is told to wait.
	ClientAuthenticationLimited EventType = "token.client_authentication_limited"

	// A request was refused, at any endpoint or by the API, and no other event
	// tells of that refusal.
	RequestRefused EventType = "request.refused"
)

// An Event tells who did what to which application, grant, session, secret or
// API token, when and from where. It is delivered after the change is durable.
// It never holds a secret, code or token. As JSON it has the fields that are
// set, by the names that they have in a log. The actor is an object of its own.
type Event struct {
	Type EventType `json:"type"`
	Time time.Time `json:"time"`

	Actor Actor `json:"actor,omitzero"` // who did it, and from where

	// The fields below tell what it was done to. A field that does not apply is
	// zero.
	ApplicationID   uuid.UUID `json:"application_id,omitzero"`
	ApplicationName string    `json:"application_name,omitzero"`
	ClientID        string    `json:"client_id,omitzero"`
	Owner           string    `json:"owner,omitzero"` // of the application
	GrantID         uuid.UUID `json:"grant_id,omitzero"`
	SessionID       uuid.UUID `json:"session_id,omitzero"`
	SecretID        uuid.UUID `json:"secret_id,omitzero"`
	APITokenID      uuid.UUID `json:"api_token_id,omitzero"`
	APITokenName    string    `json:"api_token_name,omitzero"`
	UserID          string    `json:"user_id,omitzero"`    // who authorized
	AccountID       string    `json:"account_id,omitzero"` // the account reached
	Scopes          []string  `json:"scopes,omitzero"`
	Users           int       `json:"users,omitzero"`        // of ApplicationTokensRevoked: how many users were cut off, counted up to 1000
	FormerOwner     string    `json:"former_owner,omitzero"` // of ApplicationTransferred
	Grants          int       `json:"grants,omitzero"`       // of AccessEnded and UserErased: as Ended tells
	Applications    int       `json:"applications,omitzero"` // of AccessEnded: as Ended tells
	APITokens       int       `json:"api_tokens,omitzero"`   // of AccessEnded and UserErased: as Ended tells
	// Reason tells why. For what failed it is a fixed phrase, never what
	// somebody sent. For a change of standing it is Standing.Reason, and for
	// APITokenRevoked what the caller of RevokeAPIToken gave. Otherwise it is
	// "".
	Reason string `json:"reason,omitzero"`

	// Of a credential that was leaked: Credential is its kind, as package
	// credential has it, Reporter the host's name of the secret scanner, and
	// FoundAt the URL that it was found at, as the scanner says, or "".
	Credential string `json:"credential,omitzero"`
	Reporter   string `json:"reporter,omitzero"`
	FoundAt    string `json:"found_at,omitzero"`

	// Of a request that was refused: Endpoint is the path of the endpoint below
	// the issuer's, such as "/oauth/token", or "resource" for the API that
	// flow.Provider.Require guards. Error is the error code of the answer, such
	// as "invalid_grant". The client is the one that authenticated, or that the
	// request or its token names: anybody can send a request with the name of a
	// client.
	Endpoint string `json:"endpoint,omitzero"`
	Error    string `json:"error,omitzero"`
}

// An Actor is who caused an event, and from where.
type Actor struct {
	UserID     string `json:"user_id,omitzero"`     // the host's user; "" if an application acted for itself
	RemoteAddr string `json:"remote_addr,omitzero"` // the address of the caller as the host knows it
	UserAgent  string `json:"user_agent,omitzero"`
}

type actorKey struct{}

// WithActor returns a context that carries the actor. The events of calls that
// are made with it, of the Registry and of the flow, name that actor.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorFrom returns the actor that [WithActor] put into the context, or the
// zero Actor if there is none.
func ActorFrom(ctx context.Context) Actor {
	actor, _ := ctx.Value(actorKey{}).(Actor)
	return actor
}

// LogValue returns a group of the fields that are set.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("type", string(e.Type)), slog.Time("time", e.Time)}
	text := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	id := func(key string, value uuid.UUID) {
		if value != uuid.Nil {
			attrs = append(attrs, slog.String(key, value.String()))
		}
	}
	text("actor_user_id", e.Actor.UserID)
	text("remote_addr", e.Actor.RemoteAddr)
	text("user_agent", e.Actor.UserAgent)
	id("application_id", e.ApplicationID)
	text("application_name", e.ApplicationName)
	text("client_id", e.ClientID)
	text("owner", e.Owner)
	id("grant_id", e.GrantID)
	id("session_id", e.SessionID)
	id("secret_id", e.SecretID)
	id("api_token_id", e.APITokenID)
	text("api_token_name", e.APITokenName)
	text("user_id", e.UserID)
	text("account_id", e.AccountID)
	if len(e.Scopes) > 0 {
		attrs = append(attrs, slog.Any("scopes", e.Scopes))
	}
	if e.Type == ApplicationTokensRevoked {
		attrs = append(attrs, slog.Int("users", e.Users))
	}
	if e.Type == AccessEnded || e.Type == UserErased {
		attrs = append(attrs, slog.Int("grants", e.Grants), slog.Int("applications", e.Applications), slog.Int("api_tokens", e.APITokens))
	}
	text("former_owner", e.FormerOwner)
	text("credential", e.Credential)
	text("reporter", e.Reporter)
	text("found_at", e.FoundAt)
	text("endpoint", e.Endpoint)
	text("error", e.Error)
	text("reason", e.Reason)
	return slog.GroupValue(attrs...)
}
