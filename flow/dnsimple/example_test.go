package dnsimple_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dnsimple"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client that was written for DNSimple's API exchanges its code at the path
// that it knows, and learns the number of the account.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer: "http://localhost",
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions: []flow.Extension{dnsimple.New(dnsimple.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	ctx, registry := context.Background(), provider.Registry()
	app, secret, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	// The service trusts this one, so that this example needs no consent page.
	if _, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { s.Trusted = true }); err != nil {
		log.Fatal(err)
	}

	client := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: secret.Reveal(), RedirectURL: "https://zonewatch.example/callback",
		Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + dnsimple.Path, AuthStyle: oauth2.AuthStyleInParams},
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(client.AuthCodeURL("af0ifjsldkj"))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	callback, err := answer.Location()
	if err != nil {
		log.Fatal(err)
	}
	token, err := client.Exchange(ctx, callback.Query().Get("code"), oauth2.SetAuthURLParam("state", "af0ifjsldkj"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("account", token.Extra("account_id"), "refresh token:", token.RefreshToken != "")
	// Output: account 7 refresh token: false
}
