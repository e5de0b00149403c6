package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/oauth2"
)

// deviceLogin logs the user in through a browser on any device of theirs (RFC
// 8628), for machines that have none: it shows a code to enter there, and polls
// the provider until the user has decided.
func deviceLogin(ctx context.Context, opts options, stdout io.Writer) (*oauth2.Token, error) {
	config := oauth2.Config{
		ClientID: opts.clientID,
		Endpoint: oauth2.Endpoint{
			DeviceAuthURL: opts.provider + "/oauth/device_authorization",
			TokenURL:      opts.provider + "/oauth/token",
			AuthStyle:     oauth2.AuthStyleInParams, // the client ID; there is no secret
		},
		Scopes: []string{"read"},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, httpClient)
	request, err := config.DeviceAuth(ctx)
	if err != nil {
		return nil, answered("the device authorization endpoint", err)
	}
	fmt.Fprintf(stdout, "On any device, open\n\n%s\n\nand enter the code\n\n%s\n\n", request.VerificationURI, request.UserCode)
	fmt.Fprintf(stdout, "Or open %s, and see whether it shows the same code.\n\n", request.VerificationURIComplete)
	token, err := config.DeviceAccessToken(ctx, request)
	switch failure := new(oauth2.RetrieveError); {
	case errors.As(err, &failure) && failure.ErrorCode == "access_denied":
		return nil, errDenied
	case errors.As(err, &failure) && failure.ErrorCode == "expired_token",
		errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil: // x/oauth2 gives up by itself, too
		return nil, errors.New("nobody entered the code in time")
	}
	return token, answered("the token endpoint", err)
}

// answered tells what an endpoint answered. The error itself repeats the whole
// answer.
func answered(endpoint string, err error) error {
	failure := new(oauth2.RetrieveError)
	if !errors.As(err, &failure) {
		return err
	}
	return fmt.Errorf("%s answered %s %s %s", endpoint, failure.Response.Status, failure.ErrorCode, failure.ErrorDescription)
}
