package flowtest_test

import (
	"fmt"
	"testing"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
)

// testConsent is called TestConsent in a host's own files, and has a
// *testing.T.
func testConsent(t testing.TB) {
	provider := flowtest.New(t, flow.Config{})
	client := oauth2.Config{
		ClientID: provider.Application.ClientID,
		Endpoint: oauth2.Endpoint{AuthURL: flowtest.Issuer + "/oauth/authorize"},
	}
	ann := flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}

	back := provider.Authorize(ann, client.AuthCodeURL("af0ifjsldkj"), flowtest.Answer{})
	if back.Query().Get("code") == "" || back.Query().Get("state") != "af0ifjsldkj" {
		t.Errorf("Ann said yes: %s", back)
	}
	back = provider.Authorize(ann, client.AuthCodeURL("af0ifjsldkj", oauth2.SetAuthURLParam("prompt", "consent")), flowtest.Answer{Deny: true})
	if back.Query().Get("error") != flow.AccessDenied {
		t.Errorf("Ann said no: %s", back)
	}
}

// A user goes through the consent page in a test, and says yes or no.
func ExampleProvider_Authorize() {
	// An example has no t: it runs the test with one of a benchmark.
	result := testing.Benchmark(func(b *testing.B) { testConsent(b) })
	fmt.Println("passed:", result.N > 0)
	// Output: passed: true
}
