package flow

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Consents to other resources than the default one.
//
// A user's grant holds the scopes that they authorized, at whatever resource.
// So a consent to other resources leaves a mark, and where there is one, no
// consent of the user to the application is remembered: they are asked again.

const (
	consentMark = "resources" // the kind of the records
	markValue   = "asked"
)

func markOf(application, user, account string) credential.Digest {
	return credential.DigestOf(strings.Join([]string{application, user, account}, "\x00"))
}

// markConsent sees to it that the mark is there as long as the grant may be
// remembered. It is called before the consent is kept, so that whoever finds
// the grant finds the mark.
func (p *Provider) markConsent(ctx context.Context, c kernel.Consent, extra kernel.Extra) error {
	if c.Public {
		return nil
	}
	record := store.Record{
		Kind:      consentMark,
		Digest:    markOf(c.ApplicationID.String(), c.UserID, c.AccountID),
		Value:     []byte(markValue),
		ExpiresAt: c.At.Add(p.cfg.Lifetimes.Session),
	}
	_, others := extra[kernel.ResourcesEntry]
	for {
		err := p.cfg.Store.Replace(ctx, record, []byte(markValue), c.At)
		if errors.Is(err, store.ErrNotFound) && others {
			err = p.cfg.Store.Keep(ctx, record, c.At)
			if errors.Is(err, store.ErrExists) {
				continue // another consent has just left one
			}
		}
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return wire.Outage(err)
	}
}

// isMarked reports whether the user consented to other resources than the
// default one.
func (p *Provider) isMarked(r *http.Request, a *authorizationRequest, user, account string) (bool, *wire.Error) {
	_, err := p.cfg.Store.Look(r.Context(), consentMark, markOf(a.client.Application.ID.String(), user, account), p.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, wire.Outage(err)
	}
	return true, nil
}
