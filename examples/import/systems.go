package main

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// An application is a row as it is imported. The ID of its owner there becomes
// the ID of the account here: where yours differ, translate them in read.
type application struct {
	oauthapp.Import
	owner string
}

// A system keeps applications in a table.
type system struct {
	table string
	read  func(row, options) (application, error)
}

var systems = map[string]system{
	"doorkeeper":           {"oauth_applications", doorkeeper},
	"django-oauth-toolkit": {"oauth2_provider_application", django},
	"passport":             {"oauth_clients", passport},
	"hydra":                {"hydra_client", hydra},
}

var errNoUsers = errors.New("it does not act for users by the authorization code flow, or is revoked")

func doorkeeper(r row, opts options) (application, error) {
	app := newApplication(r["uid"], r["name"], r.list("redirect_uri", "\n"), !r.isTrue("confidential"), opts)
	app.owner, app.Scopes, app.CreatedAt = r["owner_id"], strings.Fields(r["scopes"]), r.time("created_at")
	form := oauthapp.PlainSecret
	if digest, err := hex.DecodeString(r["secret"]); opts.hashed && err == nil && len(digest) == 32 {
		form = oauthapp.SHA256Secret // a plain one may look the same
	}
	app.setSecret(r["secret"], form)
	return app, nil
}

func django(r row, opts options) (application, error) {
	app := newApplication(r["client_id"], r["name"], r.list("redirect_uris", "\n"), r["client_type"] == "public", opts)
	app.owner, app.CreatedAt = r["user_id"], r.time("created")
	form := oauthapp.PlainSecret
	if r.isTrue("hash_client_secret") {
		form = oauthapp.PBKDF2Secret
	}
	app.setSecret(r["client_secret"], form)
	if r["authorization_grant_type"] != "authorization-code" {
		return app, errNoUsers
	}
	return app, nil
}

func passport(r row, opts options) (application, error) {
	callbacks := append(r.list("redirect_uris", ","), r.list("redirect", ",")...)
	app := newApplication(r["id"], r["name"], callbacks, r["secret"] == "", opts)
	app.owner, app.CreatedAt = r["owner_id"]+r["user_id"], r.time("created_at") // later versions have the first
	app.setSecret(r["secret"], oauthapp.PlainSecret)
	grants := r.list("grant_types", ",")
	if r.isTrue("revoked") || r.isTrue("personal_access_client") || r.isTrue("password_client") ||
		len(grants) > 0 && !slices.Contains(grants, "authorization_code") {
		return app, errNoUsers
	}
	return app, nil
}

func hydra(r row, opts options) (application, error) {
	app := newApplication(r["id"], r["client_name"], r.list("redirect_uris", "|"), r["token_endpoint_auth_method"] == "none", opts)
	app.owner, app.Scopes, app.CreatedAt = r["owner"], strings.Fields(r["scope"]), r.time("created_at")
	app.HomepageURL = r["client_uri"]
	app.setSecret(r["client_secret"], oauthapp.PBKDF2Secret)
	if !slices.Contains(r.list("grant_types", "|"), "authorization_code") {
		return app, errNoUsers
	}
	return app, nil
}

func newApplication(clientID, name string, callbacks []string, public bool, opts options) application {
	app := application{Import: oauthapp.Import{SecretIsRandom: opts.random}}
	app.ClientID, app.Name, app.CallbackURLs, app.Type = clientID, name, callbacks, oauthapp.Confidential
	if public {
		app.Type = oauthapp.Public
	}
	return app
}

// setSecret sets the secret of a confidential application. Slow hashes tell
// their form by how they begin. What else has a dollar is a hash of a form that
// the library does not read, which is no secret: it has no form, so that Import
// refuses it. Anything else has the form given.
func (app *application) setSecret(secret string, form oauthapp.SecretForm) {
	if app.Type == oauthapp.Public {
		return // Doorkeeper makes a secret all the same
	}
	app.Secret, app.SecretForm = secret, form
	begins := func(prefix string) bool { return strings.HasPrefix(secret, prefix) }
	switch {
	case begins("$2a$"), begins("$2b$"), begins("$2y$"):
		app.SecretForm = oauthapp.BcryptSecret
	case begins("pbkdf2_sha256$"), begins("$pbkdf2-sha256$"):
		app.SecretForm = oauthapp.PBKDF2Secret
	case begins("$argon2id$"), begins("argon2$argon2id$"):
		app.SecretForm = oauthapp.Argon2Secret
	case strings.Contains(secret, "$"):
		app.SecretForm = ""
	}
}
