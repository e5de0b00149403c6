package flow

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// usedInterval is how often the last use of a grant or a client secret is
// written down at most, so that using one costs no write.
const usedInterval = 5 * time.Minute

// maxClientID bounds what a store is asked for. Registered client IDs are far
// shorter.
const maxClientID = 255

// authenticateClient finds out which client sent a request and whether it is
// that client (RFC 6749, section 2.3): by HTTP Basic, by client_id and
// client_secret in the body, or, for a public client, by client_id alone. In
// the same read it takes the session named, which is zero where the request
// names none.
//
// An unknown client and a wrong secret get the same answer for the same work.
func (p *Provider) authenticateClient(r *http.Request, form parameters, session uuid.UUID) (store.Client, *Error) {
	presented, refusal := presentedCredentials(r, form)
	if refusal != nil && refusal.Code == InvalidClient {
		refusal = p.authenticationFailed(r, presented.id, oauthapp.Application{}, "malformed or missing client credentials", refusal)
	}
	if refusal != nil {
		return store.Client{}, refusal
	}
	now := p.now()
	client, err := p.cfg.Store.Client(r.Context(), presented.id, session, now)
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		return store.Client{}, outage(err)
	}
	if !unknown && client.Application.Type == oauthapp.Public {
		// It has no secret, so whatever it sent as one proves nothing and is
		// ignored.
		return client, nil
	}

	secrets := client.Secrets
	if len(secrets) == 0 {
		secrets = noSecrets
	}
	match, ok := oauthapp.MatchSecret(secrets, presented.secret, now)
	if !ok || unknown || presented.secret.IsZero() {
		reason := "wrong client secret"
		switch {
		case unknown:
			reason = "unknown client"
		case presented.secret.IsZero():
			reason = "no client secret"
		}
		return store.Client{}, p.authenticationFailed(r, presented.id, client.Application, reason, refuseClient())
	}
	p.secretUsed(r, match, now)
	return client, nil
}

// authenticationFailed counts and reports a failure, and returns its answer:
// the refusal given, or 429 where there were too many.
func (p *Provider) authenticationFailed(r *http.Request, clientID string, app oauthapp.Application, reason string, refusal *Error) *Error {
	if len(clientID) > maxClientID {
		clientID = ""
	}
	failed := FailedAuthentication{ClientID: clientID, Network: network(p.cfg.RemoteAddr(r))}
	retryAfter, err := p.limiter.Failed(r.Context(), failed)
	if err != nil {
		p.logFailure(r, "limiter failed", err)
		retryAfter, _ = p.ownLimiter.Failed(r.Context(), failed) // which never fails
	}
	kind := oauthapp.ClientAuthenticationFailed
	if retryAfter > 0 {
		kind, reason = oauthapp.ClientAuthenticationLimited, "too many failed attempts"
		refusal = &Error{
			Code:        TemporarilyUnavailable,
			Description: "too many failed attempts to authenticate the client",
			Status:      http.StatusTooManyRequests,
			retryAfter:  retryAfter,
		}
	}
	event := applicationEvent(kind, app)
	if event.ClientID == "" && hasFormOfClientID(clientID) {
		event.ClientID = clientID
	}
	event.Reason = reason
	p.emit(r, event)
	return refusal
}

// refuseClient is the answer to a client that is not itself, or does not exist.
func refuseClient() *Error { return refuse(InvalidClient, "client authentication failed") }

// noSecrets is compared with where a client has no secret, so that this takes
// as long as where it has one. The zero digest equals nothing.
var noSecrets = []oauthapp.Secret{{}}

// clientCredentials are what a client authenticates with, wherever a request
// has them.
type clientCredentials struct {
	id     string
	secret credential.Digest // zero where there is none
}

func credentialsOf(id, secret string) clientCredentials {
	c := clientCredentials{id: id}
	if secret != "" {
		c.secret = credential.DigestOf(secret)
	}
	return c
}

// presentedCredentials returns the credentials of a request: those of the
// Authorization header, or else those of the form. No request may have both.
// The client ID is returned with a refusal too.
func presentedCredentials(r *http.Request, form parameters) (clientCredentials, *Error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	presented, basic, refusal := basicCredentials(r)
	if !basic {
		presented = credentialsOf(id, secret)
	}
	switch {
	case form.Has("client_assertion") || form.Has("client_assertion_type"):
		refusal = refuse(InvalidClient, "client assertions are not supported")
	case refusal != nil:
	case basic && id != "" && id != presented.id:
		refusal = refuse(InvalidClient, "client_id is not the client that authenticates")
	case basic && secret != "":
		refusal = refuse(InvalidRequest, "more than one client authentication method")
	case presented.id == "":
		refusal = refuse(InvalidClient, "client authentication is missing")
	case len(presented.id) > maxClientID:
		refusal = refuseClient()
	}
	return presented, refusal
}

// basicCredentials returns the credentials of the Authorization header of RFC
// 7617, whose user and password are form-encoded (RFC 6749, section 2.3.1). A
// Bearer token is no client authentication: published clients send one that
// means nothing.
func basicCredentials(r *http.Request) (presented clientCredentials, found bool, refusal *Error) {
	header := r.Header.Get("Authorization")
	scheme, encoded, _ := strings.Cut(header, " ")
	switch {
	case len(r.Header.Values("Authorization")) > 1:
		return clientCredentials{}, false, refuse(InvalidRequest, "more than one Authorization header")
	case header == "" || strings.EqualFold(scheme, "Bearer"):
		return clientCredentials{}, false, nil
	case !strings.EqualFold(scheme, "Basic"):
		return clientCredentials{}, false, refuse(InvalidClient, "unsupported client authentication scheme")
	}
	id, secret, ok := parseBasic(encoded)
	if !ok {
		return clientCredentials{}, false, refuse(InvalidClient, "malformed Basic credentials")
	}
	return credentialsOf(id, secret), true, nil
}

func parseBasic(encoded string) (id, secret string, ok bool) {
	pair, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return "", "", false
	}
	user, password, found := strings.Cut(string(pair), ":")
	id, idErr := url.QueryUnescape(user)
	secret, secretErr := url.QueryUnescape(password)
	if !found || idErr != nil || secretErr != nil || id == "" || !isText(id) || !isText(secret) {
		return "", "", false
	}
	return id, secret, true
}

// clientIDForm is what the Registry makes.
var clientIDForm = regexp.MustCompile(`^[0-9a-f]{20}$`)

// hasFormOfClientID reports whether what was presented as a client ID, and was
// not found in a store, may stand in an event. It could be anything that a
// client sent by mistake, a part of a secret too, so it must have the very form
// of client IDs.
func hasFormOfClientID(s string) bool { return clientIDForm.MatchString(s) }

// secretUsed notes that a secret is in use. A note that fails is no reason to
// refuse the client.
func (p *Provider) secretUsed(r *http.Request, secret oauthapp.Secret, now time.Time) {
	if now.Sub(secret.LastUsedAt) < usedInterval {
		return
	}
	use := store.Use{ApplicationID: secret.ApplicationID, SecretID: secret.ID, At: now}
	if err := p.cfg.Store.Touch(r.Context(), use); err != nil {
		p.logFailure(r, "use of a client secret not noted", err)
	}
}
