package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Source is where the public keys of a client are: in its metadata, or at a
// URL (RFC 7591, section 2). Its JSON is what package clientkeys keeps with an
// application, and [SourceName] the name under which it does.
type Source struct {
	Set json.RawMessage `json:"jwks,omitempty"`
	URI string          `json:"jwks_uri,omitempty"`
	// GoodUntil is when Set is out of date: zero for one that is what the
	// client's owner says.
	GoodUntil time.Time `json:"good_until,omitzero"`
}

// MaxAge is how old fetched keys are at most. A key that its owner has taken
// out is good no longer than that.
const MaxAge = time.Hour

const maxURI = 2000 // bytes

// SourceName is the name of package clientkeys.
const SourceName = "clientkeys"

// Check refuses a source that nobody could use. The error is a phrase for the
// client's developer.
func (s Source) Check() error {
	switch {
	case (s.URI == "") == (s.Set == nil):
		return errors.New("private_key_jwt needs jwks or jwks_uri, and not both")
	case s.Set != nil:
		if _, err := ParseSet(s.Set); err != nil {
			return fmt.Errorf("jwks: %w", err)
		}
	case !strings.HasPrefix(s.URI, "https://") || len(s.URI) > maxURI:
		return fmt.Errorf("jwks_uri must be an https URL of %d bytes at most", maxURI)
	}
	return nil
}
