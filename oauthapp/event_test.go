package oauthapp_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

func TestActorOfNobody(t *testing.T) {
	require.Equal(t, oauthapp.Actor{}, oauthapp.ActorFrom(t.Context()))
}

// An event logs what it has and nothing else.
func TestEventLogValue(t *testing.T) {
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		event oauthapp.Event
		want  string
	}{
		{
			oauthapp.Event{Type: oauthapp.GrantDenied, Time: at},
			`{"msg":"","event":{"type":"grant.deny","time":"2026-11-23T12:00:00Z"}}`,
		},
		{
			oauthapp.Event{Type: oauthapp.ApplicationTokensRevoked, Time: at},
			`{"msg":"","event":{"type":"oauth_application.revoke_access_tokens","time":"2026-11-23T12:00:00Z","users":0}}`,
		},
		{
			oauthapp.Event{
				Type: oauthapp.TokenIssued, Time: at, Actor: oauthapp.Actor{UserID: "u", RemoteAddr: "192.0.2.1", UserAgent: "agent\n"},
				ApplicationID: id(1), ApplicationName: "Example", ClientID: "c", Owner: "o", GrantID: id(2), SessionID: id(3), SecretID: id(4),
				UserID: "v", AccountID: "a", Scopes: []string{"read"}, Reason: "because",
				Endpoint: "/oauth/token", Error: "invalid_grant",
			},
			`{"msg":"","event":{"type":"token.issue","time":"2026-11-23T12:00:00Z","actor_user_id":"u","remote_addr":"192.0.2.1",` +
				`"user_agent":"agent\n","application_id":"00000000-0000-0000-0000-000000000001","application_name":"Example","client_id":"c","owner":"o",` +
				`"grant_id":"00000000-0000-0000-0000-000000000002","session_id":"00000000-0000-0000-0000-000000000003",` +
				`"secret_id":"00000000-0000-0000-0000-000000000004","user_id":"v","account_id":"a","scopes":["read"],"endpoint":"/oauth/token","error":"invalid_grant","reason":"because"}}`,
		},
	} {
		var b bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return a
		}}))
		log.Info("", "event", tc.event)
		require.Equal(t, tc.want+"\n", b.String())
	}
}
