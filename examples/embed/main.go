// Command embed is the smallest host application: a whole provider that keeps
// everything in a file, with the pages, the endpoints and a guarded API.
//
//	go run ./examples/embed
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

func main() {
	database := must(sqlite.Open(context.Background(), "embed.db"))
	provider := must(flow.New(flow.Config{
		Issuer:      "http://127.0.0.1:8080",
		Store:       database,
		CurrentUser: whoIsSignedIn,
		LoginURL:    loginURL,
		Scopes:      []flow.Scope{{Name: "read", Description: "Read what you have", Default: true}},
	}))
	cleaner := store.Cleaner{Store: database}
	go cleaner.Run(context.Background())

	provider.Mount(http.DefaultServeMux)
	http.Handle("/accounts/", must(dashboard.New(dashboard.Config{Provider: provider})))
	http.Handle("/hello", provider.Require("read")(http.HandlerFunc(hello)))
	fmt.Println("open http://127.0.0.1:8080/accounts/1/oauth_applications")
	const slow = 20 * time.Second // ends who sends or reads no faster
	server := http.Server{Addr: "127.0.0.1:8080", ReadTimeout: slow, WriteTimeout: slow}
	log.Fatal(server.ListenAndServe())
}

// whoIsSignedIn is a toy: everyone who reaches this machine is Ada. A real host
// looks up the session of its own cookie, and returns nil where there is none.
func whoIsSignedIn(*http.Request) (*flow.User, error) {
	account := flow.Account{ID: "1", Name: "Ada's account", Role: flow.Administrator}
	return &flow.User{ID: "1", Name: "Ada", Accounts: []flow.Account{account}}, nil
}

// loginURL is never asked for, as somebody is always signed in.
func loginURL(returnTo string) string { return "/login" }

// hello is the API, behind its guard.
func hello(w http.ResponseWriter, r *http.Request) {
	authorization, _ := flow.AuthorizationFrom(r.Context())
	fmt.Fprintf(w, "hello to user %s from %s\n", authorization.UserID, authorization.ClientID)
}

// must ends the program where it cannot start.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
