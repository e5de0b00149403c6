package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// httpClient calls the provider.
var httpClient = &http.Client{Timeout: 10 * time.Second}

// login logs the user in through their browser: it listens on a free port of
// 127.0.0.1, sends the browser to the provider and waits for it to come back
// with the code, which it exchanges for a token.
func login(ctx context.Context, opts options, stdout io.Writer) (*oauth2.Token, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	config := oauth2.Config{
		ClientID: opts.clientID,
		Endpoint: oauth2.Endpoint{
			AuthURL:   opts.provider + "/oauth/authorize",
			TokenURL:  opts.provider + "/oauth/token",
			AuthStyle: oauth2.AuthStyleInParams, // the client ID; there is no secret
		},
		RedirectURL: "http://" + listener.Addr().String() + "/callback",
		Scopes:      []string{"read"},
	}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	authorizeURL := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
	if opts.noBrowser || openBrowser(authorizeURL) != nil {
		fmt.Fprintf(stdout, "Open this URL in your browser:\n\n%s\n\n", authorizeURL)
	} else { // which may fail later than it can be told here
		fmt.Fprintf(stdout, "Continue in your browser. If it does not open, go to\n\n%s\n\n", authorizeURL)
	}

	code, err := awaitCode(ctx, listener, state, opts.provider)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, httpClient)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	return token, answered("the token endpoint", err)
}
