package device_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A command line asks for authorization with golang.org/x/oauth2.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String()
	provider, err := flow.New(flow.Config{
		Issuer:      issuer,
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(returnTo string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
		Extensions:  []flow.Extension{device.New(device.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	app, _, err := provider.Registry().Register(context.Background(), "account-1", oauthapp.Registration{
		Name: "Command line", HomepageURL: "https://cli.example", CallbackURLs: []string{"http://127.0.0.1/callback"}, Type: oauthapp.Public,
	})
	if err != nil {
		log.Fatal(err)
	}
	server.Config.Handler = provider
	server.Start()
	defer server.Close()

	client := oauth2.Config{
		ClientID: app.ClientID,
		Endpoint: oauth2.Endpoint{DeviceAuthURL: issuer + device.AuthorizationPath, TokenURL: issuer + "/oauth/token"},
	}
	answer, err := client.DeviceAuth(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Open", answer.VerificationURI[len(issuer):], "and enter", regexp.MustCompile(`[A-Z]`).ReplaceAllString(answer.UserCode, "X"))
	fmt.Println("Then client.DeviceAccessToken polls every", answer.Interval, "seconds.")
	// Output:
	// Open /device and enter XXXX-XXXX
	// Then client.DeviceAccessToken polls every 5 seconds.
}
