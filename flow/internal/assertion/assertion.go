// Package assertion judges signed assertions (RFC 7521, section 4.2, and RFC
// 7523, section 3): tokens that somebody signs with a key of their own to show,
// once, who they are. It finds the keys, too.
package assertion

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Skew is by how much the clocks of whoever signs and of this service may
// differ.
const Skew = time.Minute

// MaxLifetime is the most that [Rules.Lifetime] can be.
const MaxLifetime = time.Hour

// Rules are what a kind of assertion must be.
type Rules struct {
	// Types are those of the header, as [jose.Rules] has them. A type of its
	// own keeps other tokens of the same key from being taken for assertions.
	Types []string
	// Audiences are what aud may be: one of them alone.
	Audiences []string
	// Lifetime is how far away exp may be, and how long after iat.
	Lifetime time.Duration
	// Profile narrows the algorithms, and FAPI 2.0 wants aud to be a string
	// (section 5.3.2.1, item 8).
	Profile kernel.Profile
}

// An Assertion is one whose signature nobody has checked yet.
type Assertion struct {
	Token           *jose.Token
	Issuer, Subject string    // iss and sub
	ID              string    // jti
	Expires         time.Time // when it is refused for that alone; set by Judge
}

// Read reads an assertion, to find out whose it says it is. An error here and
// in Judge is a phrase that says what whoever signs has to change.
func (r Rules) Read(compact string) (a Assertion, err error) {
	if compact == "" {
		return a, errors.New("it is missing")
	}
	if a.Token, err = jose.Parse(compact, jose.Rules{Types: r.Types, Algorithms: r.Profile.Algorithms(jose.Algorithms)}); err != nil {
		return a, err
	}
	claims := a.Token.Unverified()
	if a.Issuer, err = claims.Text("iss"); err != nil {
		return a, err
	}
	if a.Subject, err = claims.Text("sub"); err != nil {
		return a, err
	}
	a.ID, err = claims.Text("jti")
	return a, err
}

// Judge judges what an assertion says of itself.
func (r Rules) Judge(a *Assertion, now time.Time) error {
	if a.ID == "" {
		return errors.New("jti is missing")
	}
	claims := a.Token.Unverified()
	audience, err := claims.Audience()
	if err != nil {
		return err
	}
	if len(audience) != 1 || !slices.Contains(r.Audiences, audience[0]) {
		return errors.New("aud must be " + strings.Join(r.Audiences, " or ") + " alone")
	}
	if _, err := claims.Text("aud"); err != nil && r.Profile == kernel.FAPI2 {
		return errors.New("aud must be a string, and no array")
	}
	a.Expires, err = r.judgeTimes(claims, now)
	return err
}

// judgeTimes judges exp, iat and nbf (RFC 7523, section 3, items 4 to 6), and
// returns until when they are good.
func (r Rules) judgeTimes(claims jose.Claims, now time.Time) (time.Time, error) {
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
	case expires.After(now.Add(r.Lifetime + Skew)):
		return time.Time{}, fmt.Errorf("exp must be at most %s away", kernel.Words(r.Lifetime))
	case claims.Has("iat") && expires.Sub(issued) > r.Lifetime:
		return time.Time{}, fmt.Errorf("exp must be at most %s after iat", kernel.Words(r.Lifetime))
	case issued.After(now.Add(Skew)):
		return time.Time{}, errors.New("iat is in the future")
	case notBefore.After(now.Add(Skew)):
		return time.Time{}, errors.New("it is not good yet: nbf is in the future")
	}
	return expires.Add(Skew), nil
}

// Record is what keeps an assertion, which was judged, from being used again.
// An issuer has no line break.
func (a Assertion) Record(kind string) store.Record {
	return store.Record{Kind: kind, Digest: credential.DigestOf(a.Issuer + "\n" + a.ID), ExpiresAt: a.Expires}
}
