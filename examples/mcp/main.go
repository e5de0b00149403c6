// Command mcp is an MCP server with its own sign-in: clients that nobody
// registered find out from it how to get a token, and call its tool for whoever
// authorized them.
//
//	go run ./examples/mcp
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/store/memory"
)

func main() {
	const slow = 20 * time.Second // ends who sends or reads no faster
	server := http.Server{Addr: "127.0.0.1:8080", Handler: host("http://127.0.0.1:8080"), ReadTimeout: slow, WriteTimeout: slow}
	fmt.Println("connect an MCP client to http://127.0.0.1:8080/mcp")
	log.Fatal(server.ListenAndServe())
}

// host is the service at a URL: the MCP server, and what signs its users in.
func host(url string) http.Handler {
	provider, err := flow.New(flow.Config{
		Issuer:      url,
		Resource:    url + "/mcp",
		Store:       memory.New(),
		CurrentUser: whoIsSignedIn,
		LoginURL:    func(returnTo string) string { return "/login" }, // never asked for: somebody is signed in
		Scopes:      []flow.Scope{{Name: "tools", Description: "Use the tools", Default: true}},
		Extensions: []flow.Extension{
			clientmetadata.New(clientmetadata.Config{}),
			registration.New(registration.Config{Open: true}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("/mcp", provider.Require("tools")(mcp.NewStreamableHTTPHandler(serverFor, &mcp.StreamableHTTPOptions{Stateless: true})))
	return mux
}

// whoIsSignedIn is a toy: everyone who reaches this machine is Ada. A real host
// looks up the session of its own cookie, and returns nil where there is none.
func whoIsSignedIn(*http.Request) (*flow.User, error) {
	return &flow.User{ID: "ada", Name: "Ada", Accounts: []flow.Account{{ID: "1", Name: "Ada's account"}}}, nil
}

// serverFor is the MCP server for one request, whose token was checked.
func serverFor(r *http.Request) *mcp.Server {
	authorization, _ := flow.AuthorizationFrom(r.Context())
	server := mcp.NewServer(&mcp.Implementation{Name: "example", Version: "1.0.0"}, nil)
	whoami := func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "You are " + authorization.UserID + "."}}}, nil, nil
	}
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Tells whose access you have."}, whoami)
	return server
}
