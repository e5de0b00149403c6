package dashboard

import (
	"errors"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// overlaps are the times for which the present secrets can outlive a reset.
var overlaps = []struct {
	value, text string
	duration    time.Duration
}{
	{"0", "now", 0},
	{"1h", "in 1 hour", time.Hour},
	{"24h", "in 1 day", 24 * time.Hour},
	{"168h", "in 7 days", 7 * 24 * time.Hour},
}

func overlapOptions() []page.Option {
	options := make([]page.Option, len(overlaps))
	for i, o := range overlaps {
		options[i] = page.Option{Value: o.value, Text: o.text}
	}
	return options
}

// overlap returns the choice of the form; a form without one ends the present secrets now.
func (v *visit) overlap() (time.Duration, bool) {
	value := v.field("overlap")
	if value == "" {
		return 0, true
	}
	for _, o := range overlaps {
		if o.value == value {
			return o.duration, true
		}
	}
	return 0, false
}

// resetSecret makes a new secret and shows it in the answer.
func (v *visit) resetSecret() error {
	overlap, ok := v.overlap()
	if !ok {
		return v.refuseReset("Choose from the list when the present secrets end.")
	}
	if repeated, err := v.alreadyReset(); err != nil || repeated {
		return err
	}
	secret, err := v.registry.ResetSecret(v.ctx, v.account.ID, v.app.ID, overlap)
	var invalid *oauthapp.ValidationError
	switch {
	case errors.Is(err, oauthapp.ErrLimit):
		return v.refuseReset("There are as many secrets in use as there may be. Revoke one of them, or let the present ones end now.")
	case errors.As(err, &invalid):
		return v.refuseReset(invalid.Fields[0].Message)
	case err != nil:
		return err
	}
	return v.showSecret(secret, false)
}

// alreadyReset answers a form that comes a second time, as by a reload of the page
// that it led to: the newest secret is no longer the one that it was when the
// form was opened.
func (v *visit) alreadyReset() (bool, error) {
	if !v.r.PostForm.Has("newest") {
		return false, nil
	}
	secrets, err := v.registry.Secrets(v.ctx, v.account.ID, v.app.ID)
	if err != nil || newestSecret(secrets) == v.field("newest") {
		return false, err
	}
	return true, v.redirect(v.appURL(), noticeAlreadyReset)
}

// newestSecret returns the ID of the newest of secrets, "" if there is none.
func newestSecret(secrets []oauthapp.Secret) string {
	if len(secrets) == 0 {
		return ""
	}
	return secrets[0].ID.String()
}

func (v *visit) refuseReset(problem string) error {
	data, err := v.applicationPage()
	if err != nil {
		return err
	}
	data.Problem = problem
	return v.write(http.StatusUnprocessableEntity, "application.html", data)
}

// shownSecret is what a page shows of a secret.
func (v *visit) shownSecret(s oauthapp.Secret) page.Secret {
	return page.Secret{
		Hint:       s.Hint,
		CreatedAt:  v.moment(s.CreatedAt),
		LastUsedAt: v.moment(s.LastUsedAt),
		ExpiresAt:  v.moment(s.ExpiresAt),
		RevokeURL:  v.appURL("secrets", s.ID.String(), "revoke"),
	}
}

// ofSecret wraps a handler that is about the live secret in the path.
func ofSecret(h handler) handler {
	return func(v *visit) error {
		id, err := pathID(v.r, "s")
		if err != nil {
			return err
		}
		secrets, err := v.registry.Secrets(v.ctx, v.account.ID, v.app.ID)
		if err != nil {
			return err
		}
		for _, s := range secrets {
			if s.ID == id {
				v.secret = s
				return h(v)
			}
		}
		return oauthapp.ErrNotFound
	}
}

// warnSecret tells what revoking a secret does.
func (v *visit) warnSecret() error {
	data := v.warning("secrets", v.secret.ID.String(), "revoke")
	data.Secret = v.shownSecret(v.secret)
	return v.write(v.status, "revoke_secret.html", data)
}

// revokeSecret ends one secret.
func (v *visit) revokeSecret() error {
	if err := v.registry.RevokeSecret(v.ctx, v.account.ID, v.app.ID, v.secret.ID); err != nil {
		return err
	}
	return v.redirect(v.appURL(), noticeSecretRevoked)
}
