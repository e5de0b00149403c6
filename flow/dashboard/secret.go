package dashboard

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An overlap is a time for which the present secrets can outlive a reset.
type overlap struct {
	value    string
	duration time.Duration
}

// The first is preselected: to end all secrets at once is a choice that
// somebody makes.
var overlaps = []overlap{
	{"24h", 24 * time.Hour},
	{"1h", time.Hour},
	{"168h", 7 * 24 * time.Hour},
	{"0", 0},
}

// overlapOptions offers the overlaps, and says what ending the present secrets
// at once does.
func (req *request) overlapOptions(secrets []oauthapp.Secret) []page.Option {
	chosen := req.r.PostForm.Get("overlap")
	if req.typed != nil {
		chosen = req.typed.Get("overlap")
	}
	known := slices.ContainsFunc(overlaps, func(o overlap) bool { return o.value == chosen })
	options := make([]page.Option, len(overlaps))
	for i, o := range overlaps {
		options[i] = page.Option{Value: o.value, Text: page.Say("overlap." + o.value), Selected: o.value == chosen || !known && i == 0}
		if o.duration == 0 {
			options[i].Hint = req.endOf(secrets)
		}
	}
	return options
}

// endOf says what ending secrets at once does.
func (req *request) endOf(secrets []oauthapp.Secret) *page.Message {
	var last time.Time
	for _, s := range secrets {
		if s.LastUsedAt.After(last) {
			last = s.LastUsedAt
		}
	}
	if last.IsZero() {
		return page.Say("overlap.end_unused", len(secrets))
	}
	return page.Say("overlap.end_used", len(secrets), page.Ago(req.moment(last)))
}

// overlap returns the choice of the form; a form without one ends the present
// secrets now.
func (req *request) overlap() (overlap, bool) {
	value := req.field("overlap")
	if value == "" {
		value = "0"
	}
	for _, o := range overlaps {
		if o.value == value {
			return o, true
		}
	}
	return overlap{}, false
}

// resetSecret makes a new secret and shows it in the answer.
func (req *request) resetSecret() error {
	overlap, ok := req.overlap()
	if !ok {
		return req.refuseReset(page.Say("overlap.choose"))
	}
	if repeated, err := req.alreadyReset(); err != nil || repeated {
		return err
	}
	secret, err := req.registry.ResetSecret(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID, overlap.duration)
	var invalid *oauthapp.ValidationError
	switch {
	case errors.Is(err, oauthapp.ErrLimit):
		return req.refuseReset(page.Say("overlap.limit"))
	case errors.As(err, &invalid):
		return req.refuseReset(kernel.Problems(invalid)[0].Message)
	case err != nil:
		return err
	}
	others := page.Say("overlap.ended")
	if overlap.duration > 0 {
		others = page.Say("overlap.until", req.moment(req.now.Add(overlap.duration)))
	}
	return req.showSecret(secret, others)
}

// alreadyReset answers a form that comes a second time, as by a reload of the
// page that it led to: the newest secret is no longer the one that it was when
// the form was opened.
func (req *request) alreadyReset() (bool, error) {
	if !req.r.PostForm.Has("newest") {
		return false, nil
	}
	secrets, err := req.registry.Secrets(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID)
	if err != nil || newestSecret(secrets) == req.field("newest") {
		return false, err
	}
	return true, req.redirect(req.appURL(), noticeAlreadyReset)
}

// newestSecret returns the ID of the newest of secrets, "" if there is none.
func newestSecret(secrets []oauthapp.Secret) string {
	if len(secrets) == 0 {
		return ""
	}
	return secrets[0].ID.String()
}

func (req *request) refuseReset(problem *page.Message) error {
	data, err := req.applicationPage()
	if err != nil {
		return err
	}
	data.Problem = problem
	return req.write(http.StatusUnprocessableEntity, "application.html", data)
}

// shownSecret is what a page shows of a secret.
func (req *request) shownSecret(s oauthapp.Secret) page.Secret {
	return page.Secret{
		Hint:       s.Hint,
		CreatedAt:  req.moment(s.CreatedAt),
		LastUsedAt: req.moment(s.LastUsedAt),
		ExpiresAt:  req.moment(s.ExpiresAt),
		RevokeURL:  req.appURL("secrets", s.ID.String(), "revoke"),
	}
}

// ofSecret wraps a handler that is about the live secret in the path.
func ofSecret(h handler) handler {
	return func(req *request) error {
		id, err := pathID(req.r, "s")
		if err != nil {
			return err
		}
		secrets, err := req.registry.Secrets(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID)
		if err != nil {
			return err
		}
		for _, s := range secrets {
			if s.ID == id {
				req.secret = s
				return h(req)
			}
		}
		return oauthapp.ErrNotFound
	}
}

// warnSecret tells what revoking a secret does.
func (req *request) warnSecret() error {
	data := req.warning("secrets", req.secret.ID.String(), "revoke")
	data.Secret = req.shownSecret(req.secret)
	return req.write(req.status, "revoke_secret.html", data)
}

// revokeSecret ends one secret.
func (req *request) revokeSecret() error {
	if err := req.registry.RevokeSecret(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID, req.secret.ID); err != nil {
		return err
	}
	return req.redirect(req.appURL(), noticeSecretRevoked)
}
