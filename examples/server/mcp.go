package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/oauthapps/oauthapps/flow"
)

// mcpPath is where the MCP server of the demo is, a resource of its own.
const mcpPath = "/mcp"

// demoResources are the APIs of the demo: the one below /v2/, which tokens are
// for by default, and the MCP server. Their names in other languages are in
// pages/messages.
func demoResources(issuer string) []flow.Resource {
	return []flow.Resource{
		{Identifier: issuer, Name: "Demo API"},
		{Identifier: issuer + mcpPath, Name: "Demo MCP server", Metadata: map[string]any{"resource_name": "Demo MCP server"}},
	}
}

// mcpServer is an MCP server (Streamable HTTP, without sessions) with one tool.
// Its guard, flow.Provider.Guard, has checked the token before.
func mcpServer(people *directory) http.Handler {
	serverFor := func(r *http.Request) *mcp.Server {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		server := mcp.NewServer(&mcp.Implementation{Name: "oauthapps-demo", Version: "1.0.0"}, nil)
		tool := &mcp.Tool{Name: "whoami", Description: "Tells whose access this is, and to which account."}
		mcp.AddTool(server, tool, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: describe(people, authorization)}}}, nil, nil
		})
		return server
	}
	return mcp.NewStreamableHTTPHandler(serverFor, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
}

func describe(people *directory, a flow.Authorization) string {
	if a.IsApplication() {
		return "the application " + a.ClientID + " itself"
	}
	p, isPerson := people.person(a.UserID)
	account, isMember := p.accountByID(a.AccountID)
	if !isPerson || !isMember {
		return "a user who has no access to the account any more"
	}
	return fmt.Sprintf("%s in the account %s", p.email, account.name)
}
