package flow

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A watcher is a capability that observes requests.
type watcher struct {
	name string
	saw  *[]string
}

func (w watcher) Name() string               { return w.name }
func (w watcher) Findings() []kernel.Finding { return nil }
func (w watcher) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{Observe: w.observe}, nil
}

type watcherKey struct{}

func (w watcher) observe(ctx context.Context, _ *http.Request, endpoint string) (context.Context, func(*kernel.Outcome)) {
	before, _ := ctx.Value(watcherKey{}).(string)
	ctx = context.WithValue(ctx, watcherKey{}, before+w.name)
	return ctx, func(o *kernel.Outcome) {
		result := "granted"
		if o.Refusal != nil {
			result = o.Refusal.Code
		}
		*w.saw = append(*w.saw, before+w.name+" "+endpoint+" "+o.GrantType+" "+o.About.ClientID+" "+result)
	}
}

// All that observe are told of each request, once, and their contexts stand in
// each other.
func TestWhatObserversAreTold(t *testing.T) {
	var saw []string
	p := mustExtend(t, memory.New(), watcher{"a", &saw}, watcher{"b", &saw})
	told := func() []string {
		now := saw
		saw = nil
		return now
	}
	client := url.Values{"client_id": {p.app.ClientID}, "client_secret": {p.secret}, "token": {"x"}}
	id := p.app.ClientID

	p.post("/oauth/introspect", client)
	require.Equal(t, []string{"a /oauth/introspect  " + id + " granted", "ab /oauth/introspect  " + id + " granted"}, told())
	p.post("/oauth/token", url.Values{"client_id": {id}, "client_secret": {"wrong"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}})
	require.Equal(t, []string{"a /oauth/token refresh_token " + id + " invalid_client", "ab /oauth/token refresh_token " + id + " invalid_client"}, told())
	p.get("/oauth/authorize?client_id=" + id + "&redirect_uri=x")
	require.Equal(t, []string{"a /oauth/authorize  " + id + " invalid_request", "ab /oauth/authorize  " + id + " invalid_request"}, told())
	require.Equal(t, http.StatusUnauthorized, p.call().Code)
	require.Equal(t, []string{"a resource   ", "ab resource   "}, told())
	require.Equal(t, http.StatusUnauthorized, p.call("Authorization", "Bearer x").Code)
	require.Equal(t, []string{"a resource   invalid_token", "ab resource   invalid_token"}, told())
	p.get("/oauth/nothing")
	p.get("/.well-known/oauth-authorization-server")
	require.Empty(t, told(), "no endpoint of a client")
}
