package memory

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/internal/keyset"
)

// A phase of the clean-up goes through the rows of one kind, from the greatest
// key to the least. sweep examines up to limit rows below a key; "" means all
// rows. It returns the key of the last row, "" if there are no more. The caller
// holds the lock.
type phase struct {
	letter string
	sweep  func(s *Store, now time.Time, below string, limit int) (reached string, removed int, err error)
}

// phases are in the order in which they run. A cursor is the letter of a phase
// and the key that it has reached.
var phases = []phase{
	{"s", (*Store).sweepSessions},
	{"g", (*Store).sweepGrants},
	{"a", (*Store).sweepSecrets},
	{"r", (*Store).sweepRecords},
	{"t", (*Store).sweepAPITokens},
}

// sweepSize is how many rows the clean-up examines before it lets other calls
// in.
const sweepSize = 25

// CleanUp implements [store.Store].
func (s *Store) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error) {
	if err := done(ctx); err != nil {
		return "", 0, err
	}
	next = cursor
	for left := max(limit, 1); left > 0; left -= sweepSize {
		var n int
		next, n, err = s.cleanUp(now, next, min(left, sweepSize))
		removed += n
		if err != nil || next == "" {
			break
		}
	}
	return next, removed, err
}

func (s *Store) cleanUp(now time.Time, cursor string, limit int) (next string, removed int, err error) {
	if cursor == "" {
		cursor = phases[0].letter
	}
	i := slices.IndexFunc(phases, func(p phase) bool { return p.letter == cursor[:1] })
	if i < 0 {
		return "", 0, fmt.Errorf("memory: clean up: no call returned the cursor %q", cursor)
	}
	s.lock()
	defer s.mu.Unlock()

	reached, removed, err := phases[i].sweep(s, now, cursor[1:], limit)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("memory: clean up: no call returned the cursor %q", cursor)
	case reached != "":
		return cursor[:1] + reached, removed, nil
	case i+1 < len(phases):
		return phases[i+1].letter, removed, nil
	}
	return "", removed, nil
}

// sweep examines up to limit rows below a row, the greatest first. It returns
// the dead ones, and the key of the last row examined if there are more.
func sweep[T any](rows *ordered[T], below T, limit int, dead func(T) bool, key func(T) string) (found []T, reached string) {
	for row := range rows.below(below) {
		if limit--; limit < 0 {
			return found, reached
		}
		reached = key(row)
		if dead(row) {
			found = append(found, row)
		}
	}
	return found, ""
}

// sweepSessions removes sessions of which nothing can be accepted any more.
func (s *Store) sweepSessions(now time.Time, below string, limit int) (reached string, removed int, err error) {
	id, err := keyset.Below(below)
	if err != nil {
		return "", 0, err
	}
	dead, reached := sweep(&s.sessionsByID, &session{id: id}, limit,
		func(row *session) bool { return row.dead(now) }, func(row *session) string { return row.id.String() })
	for _, row := range dead {
		s.removeSession(row)
	}
	return reached, len(dead), nil
}

// dead reports whether nothing that the session issued can be accepted any
// more.
func (s *session) dead(now time.Time) bool {
	if !s.live() || !s.expires.after(now) {
		return true
	}
	return (s.code == nil || !s.code.expires.after(now)) &&
		!s.access.expires.after(now) &&
		!s.previousAccess.expires.after(now) &&
		!s.refreshExpires.after(now)
}

// sweepGrants removes dead grants.
func (s *Store) sweepGrants(_ time.Time, below string, limit int) (reached string, removed int, err error) {
	id, err := keyset.Below(below)
	if err != nil {
		return "", 0, err
	}
	dead, reached := sweep(&s.grantsByID, &grant{id: id}, limit,
		func(g *grant) bool { return !g.live() }, func(g *grant) string { return g.id.String() })
	for _, g := range dead {
		s.removeGrant(g)
	}
	return reached, len(dead), nil
}

// sweepSecrets removes the expired secrets of up to limit applications.
func (s *Store) sweepSecrets(now time.Time, below string, limit int) (reached string, removed int, err error) {
	id, err := keyset.Below(below)
	if err != nil {
		return "", 0, err
	}
	expired := func(secret oauthapp.Secret) bool { return !secret.Live(now) }
	found, reached := sweep(&s.applicationsByID, &application{Application: oauthapp.Application{ID: id}}, limit,
		func(a *application) bool { return slices.ContainsFunc(a.secrets, expired) }, func(a *application) string { return a.ID.String() })
	for _, a := range found {
		removed += len(a.secrets)
		a.secrets = slices.DeleteFunc(a.secrets, expired)
		removed -= len(a.secrets)
	}
	return reached, removed, nil
}

// sweepRecords removes expired records. Its keys are a digest in hexadecimal
// and the kind.
func (s *Store) sweepRecords(now time.Time, below string, limit int) (reached string, removed int, err error) {
	from := &record{kind: "\xff"} // above all kinds
	if below != "" {
		digits := min(2*len(from.digest), len(below))
		if _, err := hex.Decode(from.digest[:], []byte(below[:digits])); err != nil {
			return "", 0, err
		}
		from.kind = below[digits:]
	}
	dead, reached := sweep(&s.records, from, limit,
		func(r *record) bool { return !r.expires.after(now) }, func(r *record) string { return hex.EncodeToString(r.digest[:]) + r.kind })
	for _, r := range dead {
		s.records.remove(r)
	}
	return reached, len(dead), nil
}
