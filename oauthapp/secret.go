package oauthapp

import (
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Secret is what is kept of a client secret. Several live at once, so that a
// deployed secret can be replaced without an outage.
type Secret struct {
	ID            uuid.UUID // version 7
	ApplicationID uuid.UUID
	Digest        credential.Digest
	Hint          string // the last characters of its random part
	CreatedAt     time.Time
	LastUsedAt    time.Time // within a few minutes; zero if never used
	ExpiresAt     time.Time // from then on it is refused; zero if it does not expire
}

// Live reports whether the secret is accepted at the time given.
func (s Secret) Live(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}
