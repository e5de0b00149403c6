package flow

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
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

// maxClientID bounds what a store is asked for. Registered client IDs are far shorter.
const maxClientID = 255

// authenticateClient finds out which client sent a request and whether it is that
// client (RFC 6749, section 2.3): by HTTP Basic, by client_id and client_secret
// in the body, or, for a public client, by client_id alone. In the same read it
// takes the session named, which is zero where the request names none.
//
// An unknown client and a wrong secret get the same answer for the same work. Who is wrong
// too often is stopped before anything is read, by [Config.Limiter].
func (p *Provider) authenticateClient(r *http.Request, basic basicCredentials, form parameters, session uuid.UUID) (store.Client, *Error) {
	presented, refusal := basic.or(form)
	if refusal != nil {
		if refusal.Code == InvalidClient {
			p.clientRefused(r, presented.id, oauthapp.Application{}, "malformed or missing client credentials")
		}
		return store.Client{}, refusal
	}

	attempt, refusal := p.attempt(r, presented)
	if refusal != nil {
		return store.Client{}, refusal
	}
	defer attempt.end()
	now := p.now()
	client, err := p.cfg.Store.Client(r.Context(), presented.id, session, now)
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		attempt.unjudged()
		return store.Client{}, outage(err)
	}
	if !unknown && client.Application.Type == oauthapp.Public {
		// It has no secret, so whatever it sent as one proves nothing and is ignored.
		attempt.named(now)
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
		attempt.failed()
		p.clientRefused(r, presented.id, client.Application, reason)
		return store.Client{}, refuse(InvalidClient, "client authentication failed")
	}
	attempt.succeeded(now)
	p.secretUsed(r, match, now)
	return client, nil
}

// recognize returns the type of the client whose credentials a request has, if they were right at this process within
// the last seconds, and otherwise "". It is for requests that present what this service never issued: what their answer
// tells of that is true whoever asks, so that garbage need not cost a store anything. All that can be out of date is that
// the secret has expired since, or that another process has revoked it or deleted the client.
func (p *Provider) recognize(basic basicCredentials, form parameters) oauthapp.ClientType {
	presented, refusal := basic.or(form)
	if refusal != nil {
		return ""
	}
	last := basic.proof
	if !basic.found {
		last, _, _ = p.attempts.proofOf(presented.key)
	}
	switch {
	case !p.attempts.isRecent(last, p.now()):
		return ""
	case presented.secret.IsZero(): // never right for another type
		return oauthapp.Public
	}
	return oauthapp.Confidential
}

// noSecrets is compared with where a client has no secret, so that this takes as
// long as where it has one. The zero digest equals nothing.
var noSecrets = []oauthapp.Secret{{}}

// clientCredentials are what a client authenticates with, wherever a request has them.
type clientCredentials struct {
	id     string
	secret credential.Digest // zero where there is none
	key    key               // stands for both, as they were presented
}

func credentialsOf(id, secret string) clientCredentials {
	c := clientCredentials{id: id, key: keyOf(id, secret)}
	if secret != "" {
		c.secret = credential.DigestOf(secret)
	}
	return c
}

// basicCredentials are those of the Authorization header of RFC 7617, whose user and
// password are form-encoded (RFC 6749, section 2.3.1).
type basicCredentials struct {
	clientCredentials
	found   bool
	proof   proof  // if they were right before
	refusal *Error // of a header that is malformed
}

// basicCredentials reads the Authorization header. A Bearer token is no client
// authentication: published clients send one that means nothing. A header that was
// right before is known by its digest, and not taken apart again.
func (p *Provider) basicCredentials(r *http.Request) basicCredentials {
	headers := r.Header["Authorization"]
	if len(headers) > 1 {
		return basicCredentials{refusal: refuse(InvalidRequest, "more than one Authorization header")}
	}
	if len(headers) == 0 || headers[0] == "" {
		return basicCredentials{}
	}
	whole := keyOf("", headers[0]) // and so of no client ID and secret: none is empty
	if last, ok, _ := p.attempts.proofOf(whole); ok {
		return basicCredentials{clientCredentials: clientCredentials{last.clientID, last.secret, whole}, found: true, proof: last}
	}
	scheme, encoded, _ := strings.Cut(headers[0], " ")
	if strings.EqualFold(scheme, "Bearer") {
		return basicCredentials{}
	}
	if !strings.EqualFold(scheme, "Basic") {
		return basicCredentials{refusal: refuse(InvalidClient, "unsupported client authentication scheme")}
	}
	id, secret, ok := parseBasic(encoded)
	if !ok {
		return basicCredentials{refusal: refuse(InvalidClient, "malformed Basic credentials")}
	}
	b := basicCredentials{clientCredentials: credentialsOf(id, secret), found: true}
	if secret != "" && headers[0] == "Basic "+strictBase64.EncodeToString([]byte(id+":"+secret)) {
		b.key = whole
	} else { // one of many ways to write the same, none of which is remembered for itself
		b.proof, _, _ = p.attempts.proofOf(b.key)
	}
	return b
}

// or returns the credentials, or those of a form if the header has none. No request may have both.
func (b basicCredentials) or(form parameters) (clientCredentials, *Error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	switch {
	case form.Has("client_assertion") || form.Has("client_assertion_type"):
		return clientCredentials{id: id}, refuse(InvalidClient, "client assertions are not supported")
	case b.refusal != nil:
		return clientCredentials{id: id}, b.refusal
	case b.found && id != "" && id != b.id:
		return clientCredentials{id: b.id}, refuse(InvalidClient, "client_id is not the client that authenticates")
	case b.found && secret != "":
		return clientCredentials{id: b.id}, refuse(InvalidRequest, "more than one client authentication method")
	case !b.found && id == "":
		return clientCredentials{}, refuse(InvalidClient, "client authentication is missing")
	case len(b.id) > maxClientID || len(id) > maxClientID:
		return clientCredentials{}, refuse(InvalidClient, "client authentication failed")
	case b.found:
		return b.clientCredentials, nil
	}
	return credentialsOf(id, secret), nil
}

var strictBase64 = base64.StdEncoding.Strict()

func parseBasic(encoded string) (id, secret string, ok bool) {
	// Room that most have enough of, and that is not on the heap.
	decoded, err := strictBase64.AppendDecode(make([]byte, 0, 256), []byte(strings.TrimLeft(encoded, " ")))
	if err != nil {
		return "", "", false
	}
	pair := string(decoded)
	id, secret, ok = strings.Cut(pair, ":")
	if !isPlain(pair) {
		var idErr, secretErr error
		id, idErr = url.QueryUnescape(id)
		secret, secretErr = url.QueryUnescape(secret)
		ok = ok && idErr == nil && secretErr == nil && isText(id) && isText(secret)
	}
	if !ok || id == "" {
		return "", "", false
	}
	return id, secret, true
}

// clientRefused reports a failed client authentication.
func (p *Provider) clientRefused(r *http.Request, id string, app oauthapp.Application, reason string) {
	p.reportClient(r, oauthapp.ClientAuthenticationFailed, id, app, reason)
}

// reportClient reports what became of a client's authentication. What was presented as a
// client ID could be anything, a secret too: it is named only if it looks like one.
func (p *Provider) reportClient(r *http.Request, t oauthapp.EventType, id string, app oauthapp.Application, reason string) {
	if !p.isNameable(id) {
		id = ""
	}
	event := applicationEvent(t, app)
	event.ClientID = id
	event.Reason = reason
	p.emit(r, event)
}

// isNameable reports whether a presented client ID may stand in an event: it has
// nothing but the unreserved characters of client IDs and is no credential.
func (p *Provider) isNameable(id string) bool {
	if _, err := p.credentials.KindOf(id); err == nil || len(id) > maxClientID {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return false
		}
		return !strings.ContainsRune("-._~", r)
	}) < 0
}

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
