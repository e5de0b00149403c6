package clientkeys

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// An assertion says the right things, whoever made it: nobody checked its
// signature yet.
type assertion struct {
	client  string
	token   *jose.Token
	id      string    // its jti
	expires time.Time // when it is refused for that alone
}

// rules are for the header. A type of its own keeps other tokens of the same
// key from being taken for assertions (draft-ietf-oauth-rfc7523bis-11). Clients
// of RFC 7523 send JWT or none.
var rules = jose.Rules{Types: []string{"client-authentication+jwt", "jwt", ""}}

// A judge judges what assertions say.
type judge struct {
	issuer   string
	lifetime time.Duration
}

// read reads an assertion. An error says what the client has to change. The
// client ID comes with it where it is known.
func (j judge) read(compact string, now time.Time) (a assertion, err error) {
	if compact == "" {
		return a, errors.New("it is missing")
	}
	if a.token, err = jose.Parse(compact, rules); err != nil {
		return a, err
	}
	claims := a.token.Unverified()
	issuer, err := claims.Text("iss")
	if err != nil {
		return a, err
	}
	subject, err := claims.Text("sub")
	if err != nil {
		return a, err
	}
	if subject == "" || issuer != subject || !wire.IsText(subject) {
		return a, errors.New("iss and sub must both be the client ID")
	}
	a.client = subject
	if a.id, err = claims.Text("jti"); err != nil {
		return a, err
	}
	if a.id == "" {
		return a, errors.New("jti is missing")
	}
	audience, err := claims.Audience()
	if err != nil {
		return a, err
	}
	if !slices.Equal(audience, []string{j.issuer}) {
		return a, errors.New("aud must be the issuer alone: " + j.issuer)
	}
	a.expires, err = j.judgeTimes(claims, now)
	return a, err
}

// judgeTimes judges exp, iat and nbf (RFC 7523, section 3, items 4 to 6), and
// returns until when they are good.
func (j judge) judgeTimes(claims jose.Claims, now time.Time) (time.Time, error) {
	var times [3]time.Time
	for i, name := range []string{"exp", "iat", "nbf"} {
		var err error
		if times[i], err = claims.Time(name); err != nil {
			return time.Time{}, err
		}
	}
	expires, issued, notBefore := times[0], times[1], times[2]
	switch {
	case !claims.Has("exp"):
		return time.Time{}, errors.New("exp is missing")
	case !now.Before(expires.Add(Skew)):
		return time.Time{}, errors.New("it has expired")
	case expires.After(now.Add(j.lifetime + Skew)):
		return time.Time{}, fmt.Errorf("exp must be at most %s away", kernel.Words(j.lifetime))
	case claims.Has("iat") && expires.Sub(issued) > j.lifetime:
		return time.Time{}, fmt.Errorf("exp must be at most %s after iat", kernel.Words(j.lifetime))
	case issued.After(now.Add(Skew)):
		return time.Time{}, errors.New("iat is in the future")
	case notBefore.After(now.Add(Skew)):
		return time.Time{}, errors.New("it is not good yet: nbf is in the future")
	}
	return expires.Add(Skew), nil
}

// record is what keeps the assertion from being used again. A client ID has no
// line break.
func (a assertion) record() store.Record {
	return store.Record{Kind: Name + ".jti", Digest: credential.DigestOf(a.client + "\n" + a.id), ExpiresAt: a.expires}
}
