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
	ApplicationCreated       EventType = "oauth_application.create"
	ApplicationUpdated       EventType = "oauth_application.update"
	ApplicationDeleted       EventType = "oauth_application.delete"
	ClientSecretReset        EventType = "oauth_application.reset_client_secret"
	ClientSecretRevoked      EventType = "oauth_application.revoke_client_secret"
	ApplicationTokensRevoked EventType = "oauth_application.revoke_access_tokens"
	GrantRevoked             EventType = "grant.revoke"
)

// What the pages report.
const ApplicationFormRefused EventType = "oauth_application.form_refused" // a form was forged, or is of another session

// What the flow reports.
const (
	GrantCreated               EventType = "grant.create"              // a user said yes
	GrantDenied                EventType = "grant.deny"                // a user said no
	ConsentFormRefused         EventType = "grant.form_refused"        // a form that says yes or no was forged, or is of another session
	TokenIssued                EventType = "token.issue"               // a code was exchanged
	TokenRefreshed             EventType = "token.refresh"             // a refresh token was rotated
	RefreshRepeated            EventType = "token.refresh_repeat"      // a refresh came again within the grace, and got the same tokens
	TokenRevoked               EventType = "token.revoke"              // RFC 7009
	CodeReplayed               EventType = "token.code_replay"         // a used code came again; its session was ended
	RefreshTokenReused         EventType = "token.refresh_token_reuse" // an old refresh token came again; its session was ended
	ClientAuthenticationFailed EventType = "token.client_authentication_failed"

	// A client failed again that had failed too often, and is told to wait.
	ClientAuthenticationLimited EventType = "token.client_authentication_limited"
)

// An Event tells who did what to which, when and from where. It is delivered
// after the change is durable. It never holds a secret, code or token.
type Event struct {
	Type EventType
	Time time.Time

	Actor Actor // who did it, and from where

	// What it was done to; what does not apply is zero.
	ApplicationID   uuid.UUID
	ApplicationName string
	ClientID        string
	Owner           string // of the application
	GrantID         uuid.UUID
	SessionID       uuid.UUID
	SecretID        uuid.UUID
	UserID          string // who authorized
	AccountID       string // the account reached
	Scopes          []string
	Users           int    // ApplicationTokensRevoked: how many users it cut off, counting up to 1000
	Reason          string // a fixed phrase for failures, "" otherwise
}

// An Actor is who caused an event, and from where.
type Actor struct {
	UserID     string // the host's user; "" where an application acted for itself
	RemoteAddr string // the address of the caller as the host knows it
	UserAgent  string
}

type actorKey struct{}

// WithActor returns a context that tells the Registry and the flow who acts, for
// the events that follow from calls made with it.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorFrom returns the actor that [WithActor] put into the context, or none.
func ActorFrom(ctx context.Context) Actor {
	actor, _ := ctx.Value(actorKey{}).(Actor)
	return actor
}

// LogValue groups the fields that are set.
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
	text("user_id", e.UserID)
	text("account_id", e.AccountID)
	if len(e.Scopes) > 0 {
		attrs = append(attrs, slog.Any("scopes", e.Scopes))
	}
	if e.Type == ApplicationTokensRevoked {
		attrs = append(attrs, slog.Int("users", e.Users))
	}
	text("reason", e.Reason)
	return slog.GroupValue(attrs...)
}
