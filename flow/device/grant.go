package device

import (
	"errors"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// GrantType is the grant_type with which a device polls the token endpoint (RFC
// 8628, section 3.4).
const GrantType = "urn:ietf:params:oauth:grant-type:device_code"

// The answers to a device that polls, beside access_denied (RFC 8628, section
// 3.5).
var (
	errPending  = pending()
	errSlowDown = wire.Refuse("slow_down", "the device polls too often: it must wait 5 seconds longer between two polls")
	errExpired  = wire.Refuse("expired_token", "the device code has expired")
	errDenied   = wire.Refuse(wire.AccessDenied, "the user did not authorize the device, or took the access back")
	errInvalid  = wire.Refuse(wire.InvalidGrant, "the device code is not valid")
	errUsed     = wire.Refuse(wire.InvalidGrant, "the device code was used already")
)

func pending() *wire.Error {
	e := wire.Refuse("authorization_pending", "the user has not decided yet")
	e.Routine = true
	return e
}

// grant is the grant of RFC 8628, section 3.4. Its device code names the
// session that begins with the user's yes, so that the read that authenticates
// the client tells whether there was one.
func (e *endpoints) grant() kernel.Grant {
	return kernel.Grant{
		Type:   GrantType,
		Params: []string{"device_code"},
		Present: func(params wire.Params) (credential.Parsed, *wire.Error) {
			code := params.Get("device_code")
			if code == "" {
				return credential.Parsed{}, wire.Refuse(wire.InvalidRequest, "device_code is missing")
			}
			parsed, err := e.k.Credentials.Parse(credential.DeviceCode, code)
			if err != nil {
				return credential.Parsed{}, nil
			}
			return parsed, nil
		},
		Exchange: e.poll,
	}
}

// poll answers a device that asks for its tokens.
func (e *endpoints) poll(t *kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
	refusal := judge(t)
	if refusal == nil {
		refusal = e.judgeRequest(t)
	}
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	scopes := e.k.GrantedScopes(t)
	if len(scopes) == 0 {
		return kernel.Tokens{}, wire.Refuse(wire.InvalidScope, "the application may not ask for the scopes any more")
	}
	issued, err := e.k.Issue.Redeem(t, scopes)
	switch {
	case errors.Is(err, store.ErrUsed):
		return kernel.Tokens{}, errUsed
	case errors.Is(err, store.ErrNotFound):
		return kernel.Tokens{}, errDenied // taken back since it was read
	case err != nil:
		return kernel.Tokens{}, kernel.Failed(err)
	}
	e.k.Emit(t.HTTP, t.Issued(oauthapp.TokenIssued, &issued))
	return issued, nil
}

// judge tells whether the device code presented can still be exchanged, by the
// session that a yes has begun. That it was used already ends nothing: devices
// race themselves.
func judge(t *kernel.TokenRequest) *wire.Error {
	if t.Presented.Digest.IsZero() {
		return errInvalid
	}
	if t.Client.Session == nil {
		return nil
	}
	code := t.Client.Session.Code
	switch {
	case !code.Digest.Equal(t.Presented.Digest):
		return errInvalid
	case !code.RedeemedAt.IsZero():
		return errUsed
	case !t.Now.Before(code.ExpiresAt):
		return errExpired
	}
	return nil
}

// judgeRequest tells what the user has decided. Without a session they have not
// said yes, or have taken it back.
func (e *endpoints) judgeRequest(t *kernel.TokenRequest) *wire.Error {
	kept, err := e.requests.byDeviceCode(t.HTTP.Context(), t.Presented.Digest, t.Now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errExpired // a code of this form is forgotten, or made up
	case err != nil:
		return wire.Outage(err)
	case kept.ClientID != t.Client.Application.ClientID:
		return errInvalid
	case kept.Decision == denied:
		return errDenied
	case t.Client.Session != nil:
		return nil
	case kept.Decision == authorized:
		return e.authorizedMeanwhile(t)
	case e.limits.poll(t.Presented.Digest) > 0:
		return errSlowDown
	}
	return errPending
}

// authorizedMeanwhile tells a session that began since the client was read,
// which the next poll finds, from one that has ended.
func (e *endpoints) authorizedMeanwhile(t *kernel.TokenRequest) *wire.Error {
	_, err := e.k.Store.Session(t.HTTP.Context(), t.Presented.Session)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errDenied
	case err != nil:
		return wire.Outage(err)
	}
	return errPending
}
