package store

import (
	"context"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Record is something short-lived that is used once: a pushed request, a device
// code, the identifier of an assertion. Kind and Digest name it together.
type Record struct {
	Kind   string            // whose it is: 1 to 32 of a-z, 0-9, "." and "-"
	Digest credential.Digest // of what names it to whoever presents it; never zero
	// Value is at most MaxRecord bytes, which a store keeps and returns as they are.
	// Nothing in it may open anything.
	Value     []byte
	ExpiresAt time.Time // a record is as good as absent from this time on
}

// MaxRecord is the length of the longest Record.Value, in bytes.
const MaxRecord = 64 << 10

// Records keeps one-time records. Each method is one statement or one atomic step,
// and what [oauthapp.Store] says of atomicity, durability, times, slices,
// concurrency and errors holds for each. An expired record is as good as absent for
// all of them; the clean-up removes it.
type Records interface {
	// Keep keeps a new record. However many callers keep records of the same kind
	// and digest at once, one gets nil. It returns ErrExists when there is an
	// unexpired one at now.
	Keep(ctx context.Context, r Record, now time.Time) error

	// Look returns a record and changes nothing. It returns ErrNotFound.
	Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (Record, error)

	// Replace gives the record of r's kind and digest the value and the expiry time
	// of r, if its value is old byte for byte. However many callers replace the same
	// value at once by others, one gets nil. It returns ErrConflict when the value is
	// another, and ErrNotFound when there is no such record.
	Replace(ctx context.Context, r Record, old []byte, now time.Time) error

	// Take removes a record and returns it. However many callers take it at once,
	// one gets it. It returns ErrNotFound.
	Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (Record, error)
}
