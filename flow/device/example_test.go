package device_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A command line asks for authorization with golang.org/x/oauth2, shows its user
// a code and polls. Its user enters the code in a browser, and says yes.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String()
	provider, err := flow.New(flow.Config{
		Issuer: issuer,
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Session: "s-1", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(returnTo string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
		Extensions: []flow.Extension{device.New(device.Config{Interval: time.Second})},
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
	ctx := context.Background()
	codes, err := client.DeviceAuth(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Open", codes.VerificationURI[len(issuer):], "and enter", regexp.MustCompile(`[A-Z]`).ReplaceAllString(codes.UserCode, "X"))
	enter(codes.VerificationURI, codes.UserCode)
	token, err := client.DeviceAccessToken(ctx, codes)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("The command line has a", token.TokenType, "token for", token.Extra("scope"))
	// Output:
	// Open /device and enter XXXX-XXXX
	// The command line has a Bearer token for read
}

// enter does what the user and their browser do: it sends the code, and then
// the form of the consent page.
func enter(verificationURI, userCode string) {
	page, err := http.PostForm(verificationURI, url.Values{"user_code": {userCode}})
	if err != nil {
		log.Fatal(err)
	}
	defer page.Body.Close()
	body, err := io.ReadAll(page.Body)
	if err != nil {
		log.Fatal(err)
	}
	form := url.Values{"decision": {"authorize"}, "account_id": {"7"}}
	for _, field := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(string(body), -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	answer, err := http.PostForm(verificationURI, form)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
}
