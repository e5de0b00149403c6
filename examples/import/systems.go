package main

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An application is a row as it is imported. The ID of its owner there becomes
// the ID of the account here: where yours differ, translate them in read.
type application struct {
	oauthapp.Import
	owner string

	users  bool // it acts for users, by the authorization code flow
	itself bool // it acts for itself, by client credentials
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

var (
	errOtherKind = errors.New("it acts neither for users by the authorization code flow nor for itself, or is revoked")
	errItself    = errors.New("it acts for itself alone; -itself names the scopes that such applications get")
)

func doorkeeper(r row, opts options) (application, error) {
	app := newApplication(r["uid"], r["name"], r.list("redirect_uri", "\n"), !r.isTrue("confidential"), opts)
	app.owner, app.Scopes, app.CreatedAt = r["owner_id"], strings.Fields(r["scopes"]), r.time("created_at")
	form := oauthapp.PlainSecret
	if digest, err := hex.DecodeString(r["secret"]); opts.hashed && err == nil && len(digest) == 32 {
		form = oauthapp.SHA256Secret // a plain one may look the same
	}
	app.setSecret(r["secret"], form)
	app.users, app.itself = len(app.CallbackURLs) > 0, len(app.CallbackURLs) == 0 // it has no column for that
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
	grant := r["authorization_grant_type"]
	app.users, app.itself = grant == "authorization-code", grant == "client-credentials"
	return app, nil
}

func passport(r row, opts options) (application, error) {
	callbacks := append(r.list("redirect_uris", ","), r.list("redirect", ",")...)
	app := newApplication(r["id"], r["name"], callbacks, r["secret"] == "", opts)
	app.owner, app.CreatedAt = r["owner_id"]+r["user_id"], r.time("created_at") // later versions have the first
	app.setSecret(r["secret"], oauthapp.PlainSecret)
	if r.isTrue("revoked") || r.isTrue("personal_access_client") || r.isTrue("password_client") {
		return app, errOtherKind
	}
	if grants := r.list("grant_types", ","); len(grants) > 0 {
		app.setGrants(grants)
	} else {
		app.users, app.itself = len(callbacks) > 0, len(callbacks) == 0
	}
	return app, nil
}

func hydra(r row, opts options) (application, error) {
	app := newApplication(r["id"], r["client_name"], r.list("redirect_uris", "|"), r["token_endpoint_auth_method"] == "none", opts)
	app.owner, app.Scopes, app.CreatedAt = r["owner"], strings.Fields(r["scope"]), r.time("created_at")
	app.HomepageURL = r["client_uri"]
	app.setSecret(r["client_secret"], oauthapp.PBKDF2Secret)
	app.setGrants(r.list("grant_types", "|"))
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

// setGrants sets for whom an application acts, by its grant types.
func (app *application) setGrants(grants []string) {
	app.users, app.itself = slices.Contains(grants, "authorization_code"), slices.Contains(grants, "client_credentials")
}

// unused is the callback URL of an application to which no browser is ever
// sent: nobody can have a host below "invalid" (RFC 6761, section 6.4).
const unused = "https://unused.invalid/"

// actForItself grants an application what it had for itself, of the scopes that
// such applications get: those that it may ask users for, or all where it was
// not restricted to any.
func (app *application) actForItself(scopes []string) error {
	if app.itself && app.Type == oauthapp.Confidential {
		if len(app.Scopes) > 0 {
			scopes, _ = within(scopes, app.Scopes)
		}
		if len(scopes) > 0 {
			app.Extra = map[string]any{clientcredentials.Name: clientcredentials.Settings{Scopes: scopes}}
		}
	}
	switch {
	case app.users:
		return nil
	case !app.itself || app.Type == oauthapp.Public:
		return errOtherKind
	case app.Extra == nil:
		return errItself
	}
	app.CallbackURLs = []string{unused}
	return nil
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
