package store

import (
	"context"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Record is short-lived and used once: a pushed request, a device code, the
// identifier of an assertion. Kind and Digest together are its key.
type Record struct {
	Kind   string            // the capability that it belongs to: 1 to 32 of a-z, 0-9, "." and "-"
	Digest credential.Digest // of the string that a caller presents; never zero
	// Value is at most MaxRecord bytes. A store keeps and returns it unchanged.
	// It must hold nothing that grants access.
	Value     []byte
	ExpiresAt time.Time // from this time on every method treats the record as absent
}

// MaxRecord is the greatest length of Record.Value, in bytes.
const MaxRecord = 64 << 10

// Records keeps one-time records. Each method is one statement or one atomic
// step. The rules of [oauthapp.Store] for atomicity, durability, times, slices,
// concurrency and errors hold here too. Every method treats a record that has
// expired at now as absent. The clean-up removes it.
type Records interface {
	// Keep keeps a new record. It returns ErrExists if there is one of the same
	// kind and digest. However many callers keep it at once, one gets nil.
	Keep(ctx context.Context, r Record, now time.Time) error

	// Look returns a record and changes nothing. It returns ErrNotFound.
	Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (Record, error)

	// Replace sets the value and the expiry time of the record of r's kind and
	// digest to those of r, if its value equals old byte for byte. However many
	// callers replace the same value by another at once, one gets nil. It
	// returns ErrConflict if the value differs from old, and ErrNotFound if
	// there is no such record.
	Replace(ctx context.Context, r Record, old []byte, now time.Time) error

	// Take removes a record and returns it. However many callers take it at
	// once, one gets it; the others get ErrNotFound.
	Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (Record, error)
}
