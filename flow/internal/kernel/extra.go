package kernel

import (
	"encoding/json"
	"fmt"

	"github.com/oauthapps/oauthapps/store"
)

// Extra is what capabilities keep with a session: an entry of each, under its
// name.
type Extra map[string]json.RawMessage

// ExtraOf reads the entries of a session. It fails for what this package did
// not write: nobody can tell what it stands for.
func ExtraOf(s *store.Session) (Extra, error) {
	if len(s.Extra) == 0 {
		return nil, nil
	}
	var extra Extra
	if err := json.Unmarshal(s.Extra, &extra); err != nil {
		return nil, fmt.Errorf("kernel: the extra of a session: %w", err)
	}
	return extra, nil
}

// encode writes the entries as a session keeps them.
func (e Extra) encode() ([]byte, error) {
	if len(e) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(e)
	if err == nil && len(b) > store.MaxExtra {
		err = fmt.Errorf("kernel: the extra of a session takes %d bytes, %d at most", len(b), store.MaxExtra)
	}
	return b, err
}

// Claimed reports whether every entry of a session has a capability that claims
// it. A session with another is refused everywhere, so that to leave out a
// capability never widens a token.
func (all *Contributions) Claimed(s *store.Session) bool {
	if len(s.Extra) == 0 {
		return true
	}
	extra, err := ExtraOf(s)
	if err != nil {
		return false
	}
	for name := range extra {
		if !all.extra[name] {
			return false
		}
	}
	return true
}
