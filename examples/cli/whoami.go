package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/oauth2"
)

// whoami asks the API whose account the token is for, and prints the answer.
func whoami(ctx context.Context, provider string, token *oauth2.Token, stdout io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, provider+"/v2/whoami", nil)
	if err != nil {
		return err
	}
	token.SetAuthHeader(request)
	response, err := httpClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the API answered %s", response.Status)
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
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&body); err != nil {
		return fmt.Errorf("the API's answer could not be read: %w", err)
	}
	fmt.Fprintf(stdout, "Logged in as %s, for account %d (%s).\n", body.Data.User.Email, body.Data.Account.ID, body.Data.Account.Email)
	return nil
}
