package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/oauthapps/oauthapps/flow"
	itself "github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/postgres"
)

// secret is what every application of the tests has, as its system makes it.
const secret = "S3qd7ZsQh2Vn0tJkBxLw9mYcRfGaUePo4iT1yX8K"

func bcrypted(t *testing.T, prefix string) string {
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	require.NoError(t, err)
	return strings.Replace(string(hash), "$2a$", prefix, 1)
}

func derived(t *testing.T, salt []byte, encode func([]byte) string) string {
	key, err := pbkdf2.Key(sha256.New, secret, salt, 1000, 32)
	require.NoError(t, err)
	return encode(key)
}

func ofDjango(t *testing.T) string {
	return "pbkdf2_sha256$1000$saltOfDjango$" + derived(t, []byte("saltOfDjango"), base64.StdEncoding.EncodeToString)
}

func ofHydra(t *testing.T) string {
	salt := []byte("salt of Ory Hydra")
	return "$pbkdf2-sha256$i=1000,l=32$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + derived(t, salt, base64.RawStdEncoding.EncodeToString)
}

// ofLaravel is what Laravel makes with the hasher argon2id.
func ofLaravel() string {
	salt := []byte("salt of Laravel!")
	encode := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=65536,t=4,p=1$" + encode(salt) + "$" + encode(argon2.IDKey([]byte(secret), salt, 4, 65536, 1, 32))
}

func sha256Hex() string {
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}

// A database is one of PostgreSQL, with the tables of another system in its
// schema "public", and those of the library in "oauth".
type database struct {
	dsn  string
	conn *pgx.Conn
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	server := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if server == "" {
		const how = "a PostgreSQL server is missing: OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database, with the right to make databases"
		if os.Getenv("OAUTHAPPS_TEST_FULL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	connect := func(dsn string) *pgx.Conn {
		conn, err := pgx.Connect(context.Background(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	outside, name := connect(server), "oauthapps_test_"+strings.ToLower(rand.Text())
	_, err := outside.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := outside.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	db := &database{u.String(), connect(u.String())}
	db.exec(t, "CREATE SCHEMA oauth")
	return db
}

func (db *database) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := db.conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (db *database) library() string {
	separator := "?"
	if strings.Contains(db.dsn, "?") {
		separator = "&"
	}
	return db.dsn + separator + "search_path=oauth"
}

// imports runs the program and returns what it says.
func (db *database) imports(t *testing.T, opts options) (told string, err error) {
	t.Helper()
	opts.driver, opts.from, opts.scopes, opts.account = "pgx", db.dsn, []string{"read", "write"}, "nobody's"
	var out strings.Builder
	err = run(t.Context(), opts, &out)
	return out.String(), err
}

// A host serves the library's database.
type host struct {
	*flow.Provider
	server *httptest.Server
}

func (db *database) host(t *testing.T) *host {
	t.Helper()
	s, err := postgres.Open(t.Context(), db.library())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	provider, err := flow.New(flow.Config{
		Issuer: "http://localhost", Store: s, LoginURL: func(string) string { return "/login" },
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}},
		Extensions:  []flow.Extension{itself.New(itself.Config{})},
	})
	require.NoError(t, err)
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	return &host{provider, server}
}

// authenticates reports whether a client does with a secret.
func (h *host) authenticates(t *testing.T, clientID, secret string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.server.URL+"/oauth/revoke", strings.NewReader("token=none"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Contains(t, []int{http.StatusOK, http.StatusUnauthorized}, resp.StatusCode)
	return resp.StatusCode == http.StatusOK
}

// requireImported asserts that an application is there as it was.
func (h *host) requireImported(t *testing.T, account, clientID, name string, typ oauthapp.ClientType, callbacks ...string) oauthapp.Application {
	t.Helper()
	app, err := h.Registry().ApplicationByClientID(t.Context(), oauthapp.OwnedBy(account), clientID)
	require.NoError(t, err, clientID)
	require.Equal(t, name, app.Name)
	require.Equal(t, typ, app.Type)
	require.Equal(t, callbacks, app.CallbackURLs)
	if typ == oauthapp.Confidential {
		require.True(t, h.authenticates(t, clientID, secret), clientID)
		require.True(t, h.authenticates(t, clientID, secret), "once more: %s", clientID)
		require.False(t, h.authenticates(t, clientID, "another"), clientID)
	}
	return app
}

func TestDoorkeeper(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `CREATE TABLE oauth_applications (id bigint PRIMARY KEY, name varchar, uid varchar, secret varchar, redirect_uri text,
		scopes varchar DEFAULT '', confidential boolean DEFAULT true, created_at timestamp(6) DEFAULT '2019-05-06 07:08:09', owner_id bigint)`)
	add := func(id int, uid, secret, callbacks, scopes string, confidential bool, owner any) {
		db.exec(t, `INSERT INTO oauth_applications VALUES ($1::int, 'Application ' || $1::int, $2, $3, $4, $5, $6, DEFAULT, $7)`,
			id, uid, secret, callbacks, scopes, confidential, owner)
	}
	add(1, "plain", secret, "https://one.example/callback\nhttps://*.one.example/", "read admin", true, 7)
	add(2, "digest", sha256Hex(), "https://two.example/callback", "", true, nil)
	add(3, "slow", bcrypted(t, "$2a$"), "https://three.example/callback", "write", true, 7)
	add(4, "native", secret, "com.four.example:/callback", "", false, 8)
	add(5, "scopeless", secret, "https://five.example/callback", "admin", true, 7)
	add(6, "out-of-band", secret, "urn:ietf:wg:oauth:2.0:oob", "", true, 7)
	add(7, "argon", "$argon2d$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2g", "https://seven.example/callback", "", true, 7)

	tried, err := db.imports(t, options{system: "doorkeeper", hashed: true, random: true})
	require.ErrorContains(t, err, "3 of 7 were not imported")
	told, err := db.imports(t, options{system: "doorkeeper", hashed: true, random: true, into: db.library()})
	require.ErrorContains(t, err, "3 of 7 were not imported")
	require.Equal(t, tried, told, "a trial tells what comes of it")
	require.Contains(t, told, `left out: "https://*.one.example/"`)
	require.Contains(t, told, `scopeless: not imported: the service offers none of its scopes, which are ["admin"]`)
	require.Contains(t, told, "out-of-band: not imported: ")
	require.Contains(t, told, "argon: not imported: ")
	require.NotContains(t, told, secret)
	require.NotContains(t, told, "argon2d")

	h := db.host(t)
	app := h.requireImported(t, "7", "plain", "Application 1", oauthapp.Confidential, "https://one.example/callback")
	require.Equal(t, []string{"read"}, app.Scopes)
	require.Empty(t, app.HomepageURL)
	require.Equal(t, "2019-05-06 07:08:09 +0000 UTC", app.CreatedAt.String())
	h.requireImported(t, "nobody's", "digest", "Application 2", oauthapp.Confidential, "https://two.example/callback")
	require.False(t, h.authenticates(t, "digest", sha256Hex()), "what is kept is no secret")
	h.requireImported(t, "7", "slow", "Application 3", oauthapp.Confidential, "https://three.example/callback")
	h.requireImported(t, "8", "native", "Application 4", oauthapp.Public, "com.four.example:/callback")

	again, err := db.imports(t, options{system: "doorkeeper", hashed: true, random: true, into: db.library()})
	require.ErrorContains(t, err, "3 of 7 were not imported")
	require.Contains(t, again, "plain: is there already")
}

func TestDjango(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `CREATE TABLE oauth2_provider_application (id bigint PRIMARY KEY, client_id varchar(100), redirect_uris text, client_type varchar(32),
		authorization_grant_type varchar(44), client_secret varchar(255), name varchar(255), user_id integer, created timestamptz DEFAULT now(), hash_client_secret boolean)`)
	add := func(id int, clientID, callbacks, typ, grant, secret string, hashed bool) {
		db.exec(t, `INSERT INTO oauth2_provider_application VALUES ($1::int, $2, $3, $4, $5, $6, 'Application ' || $1::int, 3, DEFAULT, $7)`,
			id, clientID, callbacks, typ, grant, secret, hashed)
	}
	add(1, "hashed", "https://one.example/a https://one.example/b", "confidential", "authorization-code", ofDjango(t), true)
	add(2, "plain", "https://two.example/", "confidential", "authorization-code", secret, false)
	add(3, "public", "http://127.0.0.1/callback", "public", "authorization-code", ofDjango(t), true)
	add(4, "machine", "", "confidential", "client-credentials", ofDjango(t), true)
	add(5, "unknown", "https://five.example/", "confidential", "authorization-code", "md5-of-something", true)

	told, err := db.imports(t, options{system: "django-oauth-toolkit", into: db.library()})
	require.ErrorContains(t, err, "2 of 5 were not imported", told)
	h := db.host(t)
	h.requireImported(t, "3", "hashed", "Application 1", oauthapp.Confidential, "https://one.example/a", "https://one.example/b")
	require.False(t, h.authenticates(t, "hashed", ofDjango(t)), "what is kept is no secret")
	h.requireImported(t, "3", "plain", "Application 2", oauthapp.Confidential, "https://two.example/")
	h.requireImported(t, "3", "public", "Application 3", oauthapp.Public, "http://127.0.0.1/callback")
}

// The columns of Passport changed with its version 13.
func TestPassport(t *testing.T) {
	t.Parallel()
	for version, table := range map[string]string{
		"12": `id bigint PRIMARY KEY, user_id bigint, name varchar(255), secret varchar(100), redirect text, personal_access_client boolean DEFAULT false,
			password_client boolean DEFAULT false, revoked boolean DEFAULT false, created_at timestamp(0)`,
		"13": `id uuid PRIMARY KEY, owner_type varchar(255), owner_id bigint, name varchar(255), secret varchar(255), redirect_uris text, grant_types text,
			revoked boolean DEFAULT false, created_at timestamp(0)`,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			db.exec(t, "CREATE TABLE oauth_clients ("+table+")")
			id := func(n int) string { return fmt.Sprint(n) }
			if version == "12" {
				db.exec(t, `INSERT INTO oauth_clients (id, user_id, name, secret, redirect) VALUES
					(1, 5, 'Slow', $1, 'https://one.example/a,https://one.example/b'), (2, NULL, 'Plain', $2, 'https://two.example/'),
					(3, 5, 'Public', NULL, 'https://three.example/'), (5, 5, 'Large', $3, 'https://five.example/')`, bcrypted(t, "$2y$"), secret, ofLaravel())
				db.exec(t, `INSERT INTO oauth_clients (id, name, secret, redirect, password_client) VALUES (4, 'Passwords', $1, 'http://localhost', true)`, secret)
			} else {
				id = func(n int) string { return fmt.Sprintf("9d1e2f3a-0000-4000-8000-%012d", n) }
				code, machine := `["authorization_code","refresh_token"]`, `["client_credentials"]`
				db.exec(t, `INSERT INTO oauth_clients (id, owner_id, name, secret, redirect_uris, grant_types) VALUES
					($1, 5, 'Slow', $5, '["https://one.example/a","https://one.example/b"]', $7), ($2, NULL, 'Plain', $6, '["https://two.example/"]', $7),
					($3, 5, 'Public', NULL, '["https://three.example/"]', $7), ($9, 5, 'Large', $10, '["https://five.example/"]', $7), ($4, 5, 'Machine', $6, '[]', $8)`,
					id(1), id(2), id(3), id(4), bcrypted(t, "$2y$"), secret, code, machine, id(5), ofLaravel())
			}
			told, err := db.imports(t, options{system: "passport", into: db.library(), random: true})
			require.ErrorContains(t, err, "1 of 5 were not imported", told)
			require.Contains(t, told, id(4)+": not imported: "+map[string]error{"12": errOtherKind, "13": errItself}[version].Error())
			h := db.host(t)
			h.requireImported(t, "5", id(1), "Slow", oauthapp.Confidential, "https://one.example/a", "https://one.example/b")
			h.requireImported(t, "nobody's", id(2), "Plain", oauthapp.Confidential, "https://two.example/")
			h.requireImported(t, "5", id(5), "Large", oauthapp.Confidential, "https://five.example/")
			h.requireImported(t, "5", id(3), "Public", oauthapp.Public, "https://three.example/")
		})
	}
}

// The lists of Hydra are JSON since its version 2, and were divided by bars.
func TestHydra(t *testing.T) {
	t.Parallel()
	for version, list := range map[string]struct {
		typ    string
		encode func(...string) string
	}{
		"1": {"text", func(items ...string) string { return strings.Join(items, "|") }},
		"2": {"jsonb", func(items ...string) string { return `["` + strings.Join(items, `","`) + `"]` }},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			db.exec(t, `CREATE TABLE hydra_client (id varchar(255) PRIMARY KEY, client_name text, client_secret text, redirect_uris `+list.typ+`,
				grant_types `+list.typ+`, scope text, owner text, client_uri text, token_endpoint_auth_method varchar(25), created_at timestamp)`)
			add := func(id, secret, callbacks, grants, method string) {
				db.exec(t, `INSERT INTO hydra_client VALUES ($1, 'Application', $2, $3, $4, 'read offline_access', 'team', 'https://home.example/', $5, now())`,
					id, secret, callbacks, grants, method)
			}
			code := list.encode("authorization_code", "refresh_token")
			add("derived", ofHydra(t), list.encode("https://one.example/a", "https://one.example/b"), code, "client_secret_basic")
			add("slow", bcrypted(t, "$2a$"), list.encode("https://two.example/"), code, "client_secret_post")
			add("public", "", list.encode("https://three.example/"), code, "none")
			add("machine", ofHydra(t), list.encode("https://four.example/"), list.encode("client_credentials"), "client_secret_basic")

			told, err := db.imports(t, options{system: "hydra", into: db.library(), random: true})
			require.ErrorContains(t, err, "1 of 4 were not imported", told)
			h := db.host(t)
			app := h.requireImported(t, "team", "derived", "Application", oauthapp.Confidential, "https://one.example/a", "https://one.example/b")
			require.Equal(t, "https://home.example/", app.HomepageURL)
			require.Equal(t, []string{"read"}, app.Scopes)
			h.requireImported(t, "team", "slow", "Application", oauthapp.Confidential, "https://two.example/")
			h.requireImported(t, "team", "public", "Application", oauthapp.Public, "https://three.example/")
		})
	}
}

// An application without users gets tokens for itself as it did, with the scopes
// that it had, and one with a scheme of its own stays a public one.
func TestItselfAndSchemes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `CREATE TABLE oauth_applications (id bigint PRIMARY KEY, name varchar, uid varchar, secret varchar, redirect_uri text, scopes varchar, confidential boolean)`)
	db.exec(t, `INSERT INTO oauth_applications VALUES (1, 'Machine', 'machine', $1, '', 'read', true), (2, 'Any', 'any', $1, '', '', true),
		(3, 'Writer', 'writer', $1, '', 'write', true), (4, 'Editor', 'editor', $1, 'myapp://app/callback', '', false), (5, 'Odd', 'odd', $1, '', '', false)`, secret)

	without, err := db.imports(t, options{system: "doorkeeper", into: db.library()})
	require.ErrorContains(t, err, "5 of 5 were not imported")
	require.Contains(t, without, "machine: not imported: "+errItself.Error())
	require.Contains(t, without, `left out: "myapp://app/callback"`)

	told, err := db.imports(t, options{system: "doorkeeper", into: db.library(), itself: []string{"read"}, schemes: []string{"myapp"}})
	require.ErrorContains(t, err, "2 of 5 were not imported")
	require.Contains(t, told, "writer: not imported: "+errItself.Error())
	require.Contains(t, told, "odd: not imported: "+errOtherKind.Error())
	h := db.host(t)
	h.requireImported(t, "nobody's", "editor", "Editor", oauthapp.Public, "myapp://app/callback")
	for _, clientID := range []string{"machine", "any"} {
		machine := clientcredentials.Config{ClientID: clientID, ClientSecret: secret, TokenURL: h.server.URL + "/oauth/token"}
		token, err := machine.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "read", token.Extra("scope"))
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), options{system: "keycloak"}, os.Stdout), `no system "keycloak"`)
	require.ErrorContains(t, run(t.Context(), options{system: "hydra", driver: "none"}, os.Stdout), "-scopes names the scopes")
	require.Error(t, run(t.Context(), options{system: "hydra", driver: "none", scopes: []string{"read"}}, os.Stdout))
	require.Equal(t, []string{"read", "write"}, words("read, write"))
	beyond := options{system: "hydra", driver: "none", scopes: []string{"read"}, itself: []string{"write"}}
	require.ErrorContains(t, run(t.Context(), beyond, os.Stdout), "-itself names a scope that -scopes does not have")
}
