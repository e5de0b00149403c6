package main

import (
	"net/url"
	"slices"
	"strings"
)

// authorizePath is where the library serves authorization requests.
const authorizePath = "/oauth/authorize"

// An authorization is an authorization request that a person signs in for, empty where
// it is something else. The client's wishes about the login are in it (OpenID
// Connect Core, section 3.1.2.1).
type authorization struct{ url.Values }

// authorizationIn returns the authorization request that the login goes on to.
func authorizationIn(returnTo string) authorization {
	u, err := url.Parse(returnTo)
	if err != nil || u.Path != authorizePath {
		return authorization{}
	}
	return authorization{u.Query()}
}

// email is whom the client expects: what the person would type, or something else that
// the client knows them by, which they then correct.
func (a authorization) email() string { return a.Get("login_hint") }

// again reports whether somebody who is signed in may have to sign in once more. The
// library decides that; the login page does not send back whom it sent here.
func (a authorization) again() bool {
	prompts := strings.Fields(a.Get("prompt"))
	return a.Has("max_age") || slices.Contains(prompts, "login") || slices.Contains(prompts, "select_account")
}
