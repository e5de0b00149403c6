package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// errRefused is returned when the provider accepts neither the access token
// nor, to get another, the refresh token: only a new login helps.
var errRefused = errors.New("refused")

// An answer is what the API said, and of the access token that it was asked
// with when it expires.
type answer struct {
	Email        string
	AccountEmail string
	AccountID    int64
	TokenExpires time.Time
}

// whoami asks the API whose account this is. The token source refreshes an
// access token that is about to expire.
func (a *app) whoami(ctx context.Context, tokens oauth2.TokenSource) (*answer, error) {
	token, err := tokens.Token()
	if err != nil {
		if failure := new(oauth2.RetrieveError); errors.As(err, &failure) && failure.ErrorCode == "invalid_grant" {
			return nil, fmt.Errorf("%w: the token endpoint answered invalid_grant", errRefused)
		}
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.provider+"/v2/whoami", nil)
	if err != nil {
		return nil, err
	}
	token.SetAuthHeader(request)
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: GET /v2/whoami answered %s", errRefused, response.Status)
	default:
		return nil, fmt.Errorf("GET /v2/whoami answered %s", response.Status)
	}
	var body struct {
		Data struct {
			User    struct{ Email string }
			Account struct {
				ID    int64
				Email string
			}
		}
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<20)).Decode(&body); err != nil {
		return nil, fmt.Errorf("the API's answer could not be read: %w", err)
	}
	return &answer{
		Email:        body.Data.User.Email,
		AccountEmail: body.Data.Account.Email,
		AccountID:    body.Data.Account.ID,
		TokenExpires: token.Expiry,
	}, nil
}

// detail is what may be shown of an error. That of package oauth2 repeats the
// whole answer of the token endpoint, so only its error code is.
func detail(err error) string {
	if failure := new(oauth2.RetrieveError); errors.As(err, &failure) {
		return fmt.Sprintf("the token endpoint answered %s %s %s",
			failure.Response.Status, failure.ErrorCode, failure.ErrorDescription)
	}
	return err.Error()
}
