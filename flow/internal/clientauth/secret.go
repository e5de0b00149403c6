package clientauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// UsedInterval is how often the last use of a client secret is written down at
// most, so that using one costs no write.
const UsedInterval = 5 * time.Minute

// A SecretHost is what client secrets need of whoever keeps them.
type SecretHost struct {
	// Used is told of a secret whose last use is to be written down.
	Used func(ctx context.Context, secret oauthapp.Secret, now time.Time)
	// Adopt is told of an imported secret that gets a digest in place of its
	// hash.
	Adopt func(ctx context.Context, secret oauthapp.Secret, digest credential.Digest)
	// Network is what the caller holds of the address space.
	Network func(r *http.Request) string
}

// Secrets are the methods of client secrets: client_secret_basic and
// client_secret_post (RFC 6749, section 2.3.1).
func Secrets(host SecretHost) []Method {
	foreign := newImported(host)
	verify := func(r *http.Request, client store.Client, p Presented, now time.Time) (Verdict, error) {
		secret, _ := p.Proof.(secretProof)
		match, ok := matchSecret(client.Secrets, secret.digest, now)
		if !ok {
			var err error
			if match, ok, err = foreign.match(r, client, secret, now); err != nil {
				return Verdict{}, err
			}
		}
		switch {
		case secret.digest.IsZero():
			return Verdict{Reason: "no client secret"}, nil
		case !ok:
			return Verdict{Reason: "wrong client secret"}, nil
		}
		if now.Sub(match.LastUsedAt) >= UsedInterval {
			host.Used(r.Context(), match, now)
		}
		return Verdict{Secret: match}, nil
	}
	return []Method{
		{Name: "client_secret_basic", Scheme: "Basic", Challenge: `charset="UTF-8"`, Present: presentBasic, Verify: verify},
		{Name: "client_secret_post", Params: []string{"client_secret"}, Present: presentPost, Verify: verify},
	}
}

var noSecret credential.Digest

// matchSecret takes as long where a client has no secret as where it has one.
// The zero digest equals nothing.
func matchSecret(secrets []oauthapp.Secret, secret credential.Digest, now time.Time) (oauthapp.Secret, bool) {
	if len(secrets) == 0 {
		secrets = []oauthapp.Secret{{}}
	}
	return oauthapp.MatchSecret(secrets, secret, now)
}

func presentPost(_ *http.Request, params wire.Params) (Presented, bool, *wire.Error) {
	secret := params.Get("client_secret")
	if secret == "" {
		return Presented{}, false, nil
	}
	return Presented{params.Get("client_id"), proofOf(secret)}, true, nil
}

// presentBasic reads the Authorization header of RFC 7617, whose user and
// password are form-encoded (RFC 6749, section 2.3.1).
func presentBasic(r *http.Request, params wire.Params) (p Presented, found bool, refusal *wire.Error) {
	p.ClientID = params.Get("client_id")
	if !HasScheme(r, "Basic") {
		return p, false, nil
	}
	_, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	id, secret, ok := parseBasic(encoded)
	if !ok {
		return p, false, wire.Refuse(wire.InvalidClient, "malformed Basic credentials")
	}
	p = Presented{ClientID: id}
	if secret != "" {
		p.Proof = proofOf(secret)
	}
	return p, true, nil
}

func parseBasic(encoded string) (id, secret string, ok bool) {
	pair, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return "", "", false
	}
	user, password, found := strings.Cut(string(pair), ":")
	id, idErr := url.QueryUnescape(user)
	secret, secretErr := url.QueryUnescape(password)
	if !found || idErr != nil || secretErr != nil || id == "" || !wire.IsText(id) || !wire.IsText(secret) {
		return "", "", false
	}
	return id, secret, true
}
