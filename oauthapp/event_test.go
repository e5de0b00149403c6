package oauthapp_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
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

// An audit log may hold events as JSON, under the names that the log of the
// process has.
func TestEventJSON(t *testing.T) {
	event := oauthapp.Event{Type: oauthapp.GrantDenied, Time: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	sparse, err := json.Marshal(event)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"grant.deny","time":"2026-11-23T12:00:00Z"}`, string(sparse))

	event.Actor = oauthapp.Actor{UserID: "u", RemoteAddr: "192.0.2.1", UserAgent: "agent"}
	fields := reflect.ValueOf(&event).Elem()
	for i := range fields.NumField() {
		switch field := fields.Field(i).Addr().Interface().(type) {
		case *string:
			*field = "text"
		case *uuid.UUID:
			*field = uuid.UUID{15: 1}
		case *[]string:
			*field = []string{"read"}
		case *int:
			*field = 7
		}
		require.False(t, fields.Field(i).IsZero(), fields.Type().Field(i).Name)
	}
	full, err := json.Marshal(event)
	require.NoError(t, err)
	var read oauthapp.Event
	require.NoError(t, json.Unmarshal(full, &read))
	require.Equal(t, event, read)

	var names map[string]any
	require.NoError(t, json.Unmarshal(full, &names))
	require.Len(t, names, fields.NumField())
	for name := range names["actor"].(map[string]any) {
		names[strings.Replace(name, "user_id", "actor_user_id", 1)] = nil
	}
	for _, event.Type = range []oauthapp.EventType{oauthapp.ApplicationTokensRevoked, oauthapp.UserErased} { // which have counts
		for _, attr := range event.LogValue().Group() {
			require.Contains(t, names, attr.Key)
		}
	}
}
