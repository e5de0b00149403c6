package device_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store/memory"
)

// From the first request of a device to its refresh token.
func TestDeviceAuthorization(t *testing.T) {
	s := begin(t)
	status, answer := s.post(device.AuthorizationPath, "client_id", s.public.ClientID, "scope", "write read")
	require.Equal(t, http.StatusOK, status, answer)
	require.Regexp(t, "^oa_dc_[0-9A-Za-z]{72}$", answer["device_code"])
	require.Regexp(t, "^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", answer["user_code"])
	c := codes{answer["device_code"].(string), answer["user_code"].(string)}
	require.Equal(t, map[string]any{
		"device_code": c.device, "user_code": c.user, "expires_in": 600.0, "interval": 5.0,
		"verification_uri": issuer + "/device", "verification_uri_complete": issuer + "/device?user_code=" + c.user,
	}, answer)

	s.requirePoll(c, "authorization_pending")
	require.Empty(t, s.events.of(oauthapp.RequestRefused), "to wait is no refusal")
	form := consentForm(t, s.enter("ada", c.user))
	s.clock.pass(5 * time.Second)
	s.requirePoll(c, "authorization_pending")
	w := s.postForm(device.Path, "ada", append(form, "decision", "authorize", "account_id", "11")...)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "Your device is connected")

	filter := flowGrants(t, s)
	require.Len(t, filter, 1, "the application is listed before the device polls")
	require.Equal(t, []string{"read", "write"}, filter[0].Scopes)
	created := s.events.of(oauthapp.GrantCreated)
	require.Len(t, created, 1)
	require.Equal(t, []any{"1", "11", filter[0].ID, s.public.ClientID, "192.0.2.1"},
		[]any{created[0].UserID, created[0].AccountID, created[0].GrantID, created[0].ClientID, created[0].Actor.RemoteAddr})

	tokens := s.requirePoll(c, "")
	require.Equal(t, []any{"Bearer", "read write", 3600.0}, []any{tokens["token_type"], tokens["scope"], tokens["expires_in"]})
	require.Equal(t, http.StatusNoContent, s.call(tokens))
	issued := s.events.of(oauthapp.TokenIssued)
	require.Len(t, issued, 1)
	require.Equal(t, created[0].SessionID, issued[0].SessionID)

	s.requirePoll(c, "invalid_grant")
	require.Equal(t, http.StatusNoContent, s.call(tokens), "a poll too many ends nothing")
	status, again := s.post("/oauth/token", "grant_type", "refresh_token", "refresh_token", tokens["refresh_token"].(string), "client_id", s.public.ClientID)
	require.Equal(t, http.StatusOK, status, again)
	require.Equal(t, http.StatusNoContent, s.call(again))
	require.Contains(t, s.enter("ada", c.user).Body.String(), "used already")
}

// A yes gives as much as the user may give for the account that they chose. If
// that is nothing, the device waits for another answer.
func TestConsentFollowsTheUser(t *testing.T) {
	may := map[string][]string{"11": {"read"}}
	var outage error
	s := newService(t, memory.New(), device.Config{}, func(cfg *flow.Config) {
		cfg.MayAct = func(_ context.Context, _, account string) ([]string, error) { return may[account], outage }
	})
	c := s.ask("scope", "read write")
	refused := s.answer("ada", c.user, "authorize", "10")
	require.Equal(t, http.StatusBadRequest, refused.Code)
	require.Contains(t, refused.Body.String(), "the user may not give the application access to the account")
	outage = errors.New("the directory is away")
	require.Equal(t, http.StatusServiceUnavailable, s.answer("ada", c.user, "authorize", "11").Code)
	outage = nil
	s.requirePoll(c, "authorization_pending")
	require.Empty(t, s.events.of(oauthapp.GrantCreated))

	yes := append(consentForm(t, s.enter("ada", c.user)), "decision", "authorize", "account_id", "11")
	for range 2 { // a double click
		require.Contains(t, s.postForm(device.Path, "ada", yes...).Body.String(), "Your device is connected")
	}
	created, grants := s.events.of(oauthapp.GrantCreated), flowGrants(t, s)
	require.Len(t, created, 1)
	require.Equal(t, []string{"read"}, created[0].Scopes)
	require.Len(t, grants, 1)
	require.Equal(t, []string{"read"}, grants[0].Scopes)

	may["11"] = []string{"read", "write"}
	s.clock.pass(5 * time.Second)
	require.Equal(t, "read", s.requirePoll(c, "")["scope"], "they gave no more")
}

func flowGrants(t *testing.T, s *service) []oauthapp.Grant {
	t.Helper()
	grants, err := s.Registry().Grants(t.Context(), oauthapp.GrantsForAccount("11"), oauthapp.Page{})
	require.NoError(t, err)
	return grants.Items
}

// Confidential clients authenticate, and a device code is that of its client.
func TestClients(t *testing.T) {
	s := begin(t)
	for name, test := range map[string]struct {
		pairs  []string
		status int
		code   any
	}{
		"confidential":        {[]string{"client_id", s.app.ClientID, "client_secret", s.secret}, http.StatusOK, nil},
		"public":              {[]string{"client_id", s.public.ClientID}, http.StatusOK, nil},
		"no secret":           {[]string{"client_id", s.app.ClientID}, http.StatusUnauthorized, "invalid_client"},
		"wrong secret":        {[]string{"client_id", s.app.ClientID, "client_secret", "x"}, http.StatusUnauthorized, "invalid_client"},
		"unknown":             {[]string{"client_id", "0123456789abcdef0123"}, http.StatusUnauthorized, "invalid_client"},
		"none":                {nil, http.StatusUnauthorized, "invalid_client"},
		"unknown scope":       {[]string{"client_id", s.public.ClientID, "scope", "read secrets"}, http.StatusBadRequest, "invalid_scope"},
		"scope of others":     {[]string{"client_id", s.public.ClientID, "scope", "admin"}, http.StatusBadRequest, "invalid_scope"},
		"scope twice":         {[]string{"client_id", s.public.ClientID, "scope", "read", "scope", "write"}, http.StatusBadRequest, "invalid_request"},
		"another API":         {[]string{"client_id", s.public.ClientID, "resource", "https://other.example"}, http.StatusBadRequest, "invalid_target"},
		"this API":            {[]string{"client_id", s.public.ClientID, "resource", issuer}, http.StatusOK, nil},
		"what nobody acts on": {[]string{"client_id", s.public.ClientID, "state", "x", "audience", "y"}, http.StatusOK, nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := s.post(device.AuthorizationPath, test.pairs...)
			require.Equal(t, []any{test.status, test.code}, []any{status, answer["error"]}, answer)
		})
	}

	c := s.ask()
	s.authorize(c)
	poll := func(pairs ...string) any {
		_, answer := s.post("/oauth/token", append([]string{"grant_type", device.GrantType}, pairs...)...)
		return answer["error"]
	}
	require.Equal(t, "invalid_grant", poll("device_code", c.device, "client_id", s.app.ClientID, "client_secret", s.secret))
	require.Equal(t, "invalid_request", poll("client_id", s.public.ClientID))
	require.Equal(t, "invalid_grant", poll("client_id", s.public.ClientID, "device_code", "x"))
	require.Equal(t, "invalid_grant", poll("client_id", s.public.ClientID, "device_code", c.user))
	_, answer := s.post("/oauth/token", "grant_type", "authorization_code", "code", c.device, "client_id", s.public.ClientID)
	require.Equal(t, "invalid_grant", answer["error"], "a device code is no authorization code")
	require.Nil(t, poll("client_id", s.public.ClientID, "device_code", c.device))
}

// Who knows the session but not the code gets nothing: neither of a device, nor
// of an authorization code, whose verifier and redirect URI would be passed by.
func TestDeviceCodesAreNotGuessed(t *testing.T) {
	s := begin(t)
	c := s.ask()
	s.authorize(c)
	parsed, err := credential.Format{}.Parse(credential.DeviceCode, c.device)
	require.NoError(t, err)
	k := s.Kernel()
	code, err := k.Issue.Code(t.Context(), kernel.Consent{
		ApplicationID: s.public.ID, UserID: "1", AccountID: "10", Scopes: []string{"read"}, At: k.Now(),
	}, kernel.CodeRequest{CodeChallenge: "x"})
	require.NoError(t, err)
	same := "oa_dc_" + code.Value[len("oa_ac_"):]
	for _, forged := range []string{
		credential.Format{}.NewDeviceCode(parsed.Session).Reveal(), credential.Format{}.NewDeviceCode(code.SessionID).Reveal(), code.Value, same,
	} {
		s.requirePoll(codes{device: forged}, "invalid_grant")
	}
	s.requirePoll(codes{device: credential.Format{}.NewDeviceCode(uuid.New()).Reveal()}, "expired_token")
	s.requirePoll(c, "")
}

func TestSlowDownRecovers(t *testing.T) {
	s := begin(t)
	c, other := s.ask(), s.ask()
	s.requirePoll(c, "authorization_pending")
	s.requirePoll(c, "slow_down")
	s.requirePoll(other, "authorization_pending")
	s.clock.pass(time.Second)
	s.requirePoll(c, "slow_down")
	s.clock.pass(10 * time.Second)
	s.requirePoll(c, "authorization_pending")
	for range 3 {
		s.clock.pass(5*time.Second - 200*time.Millisecond) // networks are not exact
		s.requirePoll(c, "authorization_pending")
	}
	s.authorize(c)
	require.NotEmpty(t, s.requirePoll(c, "")["access_token"], "nobody waits for what is there")
}

func TestDenial(t *testing.T) {
	s := begin(t)
	c := s.ask()
	w := s.answer("ada", c.user, "deny", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "Access denied")
	require.Len(t, s.events.of(oauthapp.GrantDenied), 1)
	require.Empty(t, flowGrants(t, s))
	for range 2 {
		s.requirePoll(c, "access_denied")
	}
	require.Contains(t, s.enter("bob", c.user).Body.String(), "used already")
}

func TestExpiry(t *testing.T) {
	s := begin(t)
	waiting, allowed, last := s.ask(), s.ask(), s.ask()
	s.authorize(allowed)
	s.authorize(last)
	form := consentForm(t, s.enter("ada", waiting.user))
	s.clock.pass(10*time.Minute - time.Microsecond)
	s.requirePoll(waiting, "authorization_pending")
	s.requirePoll(last, "")
	s.clock.pass(time.Microsecond)
	s.requirePoll(waiting, "expired_token")
	s.requirePoll(allowed, "expired_token")
	require.Contains(t, s.enter("ada", waiting.user).Body.String(), "it has expired")
	w := s.postForm(device.Path, "ada", append(form, "decision", "authorize", "account_id", "11")...)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "it has expired")
	_, _, err := s.store.CleanUp(t.Context(), s.clock.now(), "", 1000)
	require.NoError(t, err)
	s.requirePoll(waiting, "expired_token")
	s.requirePoll(allowed, "expired_token")
}

// What the user takes back, or the developer, between the yes and the poll is
// refused.
func TestWithdrawalBeforeThePoll(t *testing.T) {
	for name, test := range map[string]struct {
		withdraw func(s *service) error
		want     string
	}{
		"grant": {func(s *service) error {
			_, err := s.Registry().RevokeGrant(s.t.Context(), oauthapp.GrantsForAccount("11"), flowGrants(s.t, s)[0].ID)
			return err
		}, "access_denied"},
		"all tokens": {func(s *service) error {
			_, err := s.Registry().RevokeTokens(s.t.Context(), oauthapp.OwnedBy("owner"), s.public.ID)
			return err
		}, "access_denied"},
		"scopes": {func(s *service) error {
			_, err := s.Registry().Update(s.t.Context(), oauthapp.OwnedBy("owner"), s.public.ID, oauthapp.Registration{
				Name: s.public.Name, HomepageURL: s.public.HomepageURL, CallbackURLs: s.public.CallbackURLs, Type: oauthapp.Public, Scopes: []string{"write"},
			})
			return err
		}, "invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			c := s.ask()
			s.authorize(c)
			require.NoError(t, test.withdraw(s))
			s.requirePoll(c, test.want)
			require.Contains(t, s.enter("ada", c.user).Body.String(), "used already")
		})
	}
}

// The user leaves out what the application can do without.
func TestPartialConsent(t *testing.T) {
	s := begin(t)
	_, err := s.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, s.public.ID, "flow", flow.ApplicationSettings{OptionalScopes: []string{"read", "write"}})
	require.NoError(t, err)
	for want, boxes := range map[string][]string{
		"read": {"scope", "read"}, "read write": {"scope", "write", "scope", "read"}, "write": {"scope", "write", "scope", "admin"},
	} {
		c := s.ask("scope", "read write")
		form := consentForm(t, s.enter("ada", c.user))
		w := s.postForm(device.Path, "ada", slices.Concat(form, boxes, []string{"decision", "authorize", "account_id", "10"})...)
		require.Contains(t, w.Body.String(), "Your device is connected")
		require.Equal(t, want, s.requirePoll(c, "")["scope"])
	}
}

// A device of an application that awaits approval is for users of its owner's
// account alone.
func TestApproval(t *testing.T) {
	s := newService(t, memory.New(), device.Config{}, func(cfg *flow.Config) {
		cfg.Applications.NeedsApproval = func(oauthapp.Application) bool { return true }
	})
	c := s.ask()
	w := s.enter("ada", c.user)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), "not open to you yet")
	s.requirePoll(c, "authorization_pending")
	_, err := s.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, s.public.ID, func(s *oauthapp.Standing) { s.Approved = true })
	require.NoError(t, err)
	s.authorize(c)
}

// A capability is what refuses authorization requests.
type capability func(*kernel.AuthorizationRequest) *wire.Error

func (capability) Name() string               { return "example" }
func (capability) Findings() []kernel.Finding { return nil }
func (judge capability) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{JudgeAuthorization: judge}, nil
}

// What another capability says of an authorization request holds for that of a
// device too, both when the device asks and when its user enters the code.
func TestOtherCapabilities(t *testing.T) {
	var refusal *wire.Error
	var asked kernel.AuthorizationRequest
	s := newService(t, memory.New(), device.Config{}, func(cfg *flow.Config) {
		cfg.Extensions = append(cfg.Extensions, capability(func(a *kernel.AuthorizationRequest) *wire.Error {
			asked = *a
			return refusal
		}))
	})
	c := s.ask("scope", "write")
	require.Equal(t, s.public.ID, asked.Client.Application.ID)
	require.Equal(t, []string{"write"}, asked.Scopes)
	require.Equal(t, []string{"write", issuer}, []string{asked.Params.Get("scope"), asked.Params.Get("resource")})
	require.Equal(t, []bool{true, false}, []bool{asked.Pushed, asked.Pushing})

	refusal = wire.Refuse(wire.UnauthorizedClient, "the client has ended")
	_, answer := s.post(device.AuthorizationPath, "client_id", s.public.ClientID)
	require.Equal(t, wire.UnauthorizedClient, answer["error"])
	w := s.enter("ada", c.user)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "the client has ended")
	refusal = nil
	s.authorize(c)
}

// A suspended application gets nothing, and goes on once it is reinstated.
func TestSuspension(t *testing.T) {
	s := begin(t)
	c, waiting := s.ask(), s.ask()
	s.authorize(c)
	suspend := func(suspended bool) {
		standing := oauthapp.Standing{Suspended: suspended}
		if suspended {
			standing.Reason = "It sends spam."
		}
		_, err := s.Registry().ChangeStanding(t.Context(), oauthapp.OwnedBy("owner"), s.public.ID, func(s *oauthapp.Standing) { *s = standing })
		require.NoError(t, err)
	}
	suspend(true)
	_, answer := s.post(device.AuthorizationPath, "client_id", s.public.ClientID)
	require.Equal(t, "unauthorized_client", answer["error"])
	s.requirePoll(c, "unauthorized_client")
	w := s.enter("ada", waiting.user)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "It sends spam.")
	suspend(false)
	s.requirePoll(c, "")
	s.authorize(waiting)
}

// Without the capability there is nothing of it; with it, metadata say so.
func TestIsOffUnlessAskedFor(t *testing.T) {
	off := flowtest.New(t, flow.Config{Issuer: issuer})
	s := begin(t)
	on := &service{Provider: off.Provider, t: t, network: "192.0.2.1"}
	for _, path := range []string{device.AuthorizationPath, device.Path} {
		require.Equal(t, http.StatusNotFound, on.postForm(path, "").Code)
	}
	_, answer := on.post("/oauth/token", "grant_type", device.GrantType)
	require.Equal(t, "unsupported_grant_type", answer["error"])

	metadata := func(s *service) (m map[string]any) {
		w := s.do(mustRequest(t, "https://id.example/.well-known/oauth-authorization-server/tenant"))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &m))
		return m
	}
	require.NotContains(t, metadata(on), "device_authorization_endpoint")
	m := metadata(s)
	require.Equal(t, issuer+"/oauth/device_authorization", m["device_authorization_endpoint"])
	require.Contains(t, m["grant_types_supported"], device.GrantType)
}

func mustRequest(t *testing.T, url string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	return r
}

func TestConfig(t *testing.T) {
	for field, cfg := range map[string]device.Config{
		"Lifetime must be 1m to 30m": {Lifetime: 59 * time.Second}, "Lifetime": {Lifetime: 31 * time.Minute}, "Lifetime must": {Lifetime: time.Hour / 7},
		"Interval must be 1s to 1m": {Interval: time.Millisecond}, "Interval": {Interval: -5}, "Interval must": {Interval: 61 * time.Second},
	} {
		_, err := flow.New(flow.Config{
			Issuer: issuer, Store: begin(t).store, Keys: [][]byte{key}, Scopes: []flow.Scope{{Name: "read", Default: true}},
			CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil }, LoginURL: func(string) string { return "/login" },
			Extensions: []flow.Extension{device.New(cfg)},
		})
		require.ErrorContains(t, err, "device: Config."+field)
	}
	s := newService(t, begin(t).store, device.Config{Lifetime: 2 * time.Minute, Interval: 7 * time.Second})
	_, answer := s.post(device.AuthorizationPath, "client_id", s.public.ClientID)
	require.Equal(t, []any{120.0, 7.0}, []any{answer["expires_in"], answer["interval"]})
}

// A device asks for one resource of several, which its user sees, and its
// tokens are for that alone.
func TestResources(t *testing.T) {
	const mcp = issuer + "/mcp"
	s := newService(t, memory.New(), device.Config{}, func(cfg *flow.Config) {
		cfg.Resources = []flow.Resource{{Identifier: mcp, Name: "Example MCP"}}
	})
	c := s.ask("resource", mcp)
	require.Contains(t, s.enter("ada", c.user).Body.String(), "Example MCP")
	s.authorize(c)
	token := s.requirePoll(c, "")["access_token"].(string)
	for resource, status := range map[string]int{issuer: http.StatusUnauthorized, mcp: http.StatusNotFound} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.Guard(flow.Guard{Resource: resource})(http.NotFoundHandler()).ServeHTTP(w, r)
		require.Equal(t, status, w.Code, resource)
	}
}
