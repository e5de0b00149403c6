package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
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

// encode writes the entries as a session keeps them. It fails for one that no
// listed capability claims: the session would be refused everywhere.
func (i *Issuance) encode(e Extra) ([]byte, error) {
	if len(e) == 0 {
		return nil, nil
	}
	for name := range e {
		if !i.Claims(name) {
			return nil, wire.Internal(fmt.Errorf("kernel: nobody claims the entry %q of the extra of a session", name))
		}
	}
	b, err := json.Marshal(e)
	if err == nil && len(b) > store.MaxExtra {
		err = fmt.Errorf("kernel: the extra of a session takes %d bytes, %d at most", len(b), store.MaxExtra)
	}
	if err != nil {
		return nil, wire.Internal(err)
	}
	return b, nil
}

// Equal reports whether a session keeps the same.
func (e Extra) Equal(s *store.Session) bool {
	kept, err := ExtraOf(s)
	return err == nil && maps.EqualFunc(e, kept, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
}

// Claims reports whether a capability claims the entry of a name.
func (all *Contributions) Claims(name string) bool { return all.extra[name] }

// ClaimedExtra reads the entries of a session, and reports whether every entry
// has a capability that claims it. A session with another is refused
// everywhere, so that to leave out a capability never widens a token.
func (all *Contributions) ClaimedExtra(s *store.Session) (Extra, bool) {
	extra, err := ExtraOf(s)
	if err != nil {
		return nil, false
	}
	for name := range extra {
		if !all.Claims(name) {
			return nil, false
		}
	}
	return extra, true
}

// Claimed reports whether every entry of a session has a capability that claims
// it.
func (all *Contributions) Claimed(s *store.Session) bool {
	_, ok := all.ClaimedExtra(s)
	return ok
}
