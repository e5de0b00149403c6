package flowtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
)

// newAPI is a host's API: what flowtest helps to test.
func newAPI(provider *flow.Provider) http.Handler {
	domains := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		_, _ = io.WriteString(w, "domains of "+authorization.AccountID)
	})
	api := http.NewServeMux()
	api.Handle("GET /domains", provider.Require("read")(domains))
	api.Handle("POST /domains", provider.Require("write")(domains))
	return api
}

// testAPI is called TestAPI in a host's own files, and has a *testing.T.
func testAPI(t testing.TB) {
	provider := flowtest.New(t, flow.Config{Scopes: []flow.Scope{
		{Name: "read", Description: "Read your domains", Default: true},
		{Name: "write", Description: "Change your domains"},
	}})
	server := httptest.NewServer(newAPI(provider.Provider))
	defer server.Close()
	client := provider.ActingAs("user-1", "account-2", "read")

	response, err := client.Get(server.URL + "/domains")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "domains of account-2" {
		t.Errorf("reading: %s %q", response.Status, body)
	}

	response, err = client.Post(server.URL+"/domains", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("writing with the scope read: %s", response.Status)
	}
}

// A host's API, and a test that proves who may call it.
func Example() {
	// An example has no t: it runs the test with one of a benchmark.
	result := testing.Benchmark(func(b *testing.B) { testAPI(b) })
	fmt.Println("passed:", result.N > 0)
	// Output: passed: true
}
