package clientmetadata_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client that nobody registered comes with the URL of its metadata document.
// The service fetches that, and asks the user.
func Example() {
	// The developer of the client publishes a document.
	var client map[string]any
	website := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(client)
	}))
	defer website.Close()
	client = map[string]any{
		"client_id":                  website.URL + "/client.json",
		"client_name":                "Notes",
		"redirect_uris":              []string{"http://127.0.0.1/callback"},
		"token_endpoint_auth_method": "none",
	}

	// Nothing is set up for that client at the service. Roots is for the
	// certificate of this example's website.
	provider, err := flow.New(flow.Config{
		Issuer: "http://localhost",
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions: []flow.Extension{clientmetadata.New(clientmetadata.Config{Roots: []*x509.Certificate{website.Certificate()}})},
	})
	if err != nil {
		log.Fatal(err)
	}

	request := url.Values{
		"response_type": {"code"}, "client_id": {website.URL + "/client.json"}, "redirect_uri": {"http://127.0.0.1:49152/callback"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"},
	}
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth/authorize?"+request.Encode(), nil))
	page := w.Body.String()
	fmt.Println(w.Code, strings.Contains(page, "Authorize Notes"), strings.Contains(page, strings.TrimPrefix(website.URL, "https://")))
	// Output: 200 true true
}
