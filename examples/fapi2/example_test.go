package fapi2

import (
	"fmt"
	"log"
	"net/http"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service says that it meets FAPI 2.0, and lists the three capabilities that
// this needs. Without one of them New fails, and names it.
func Example() {
	cfg := flow.Config{
		Issuer:  "https://bank.example",
		Store:   memory.New(),
		Profile: flow.FAPI2,
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return nil, nil // whoever the service's own session says
		},
		LoginURL:   func(returnTo string) string { return "/login?return_to=" + returnTo },
		Scopes:     []flow.Scope{{Name: "accounts", Description: "Read your accounts", Default: true}},
		Extensions: []flow.Extension{clientkeys.New(clientkeys.Config{}), dpop.New(dpop.Config{})},
	}
	_, err := flow.New(cfg)
	fmt.Println(err)

	cfg.Extensions = append(cfg.Extensions, par.New(par.Config{}))
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("missing:", len(provider.CheckProfile(flow.FAPI2)))
	// Output:
	// flow: Config.Profile: FAPI 2.0 Security Profile, section 5.3.2.2, item 2: Clients cannot push authorization requests. Add package par to Extensions.
	// missing: 0
}
