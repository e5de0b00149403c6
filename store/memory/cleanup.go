package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// The clean-up goes through sessions, then grants, then applications, each from
// the newest to the oldest. Its cursor is a letter and the ID it has come to.
const (
	sweepSessions     = 's'
	sweepGrants       = 'g'
	sweepApplications = 'a'
)

// sweepSize is how many rows the clean-up looks at before it lets others in.
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
	phase, before, err := parseCleanUp(cursor)
	if err != nil {
		return "", 0, err
	}
	s.lock()
	defer s.mu.Unlock()

	var reached uuid.UUID // none: this phase has come to its end
	switch phase {
	case sweepSessions:
		reached, removed = s.sweepSessions(now, before, limit)
		phase, before = following(phase, reached, sweepGrants)
	case sweepGrants:
		reached, removed = s.sweepGrants(before, limit)
		phase, before = following(phase, reached, sweepApplications)
	default:
		reached, removed = s.sweepSecrets(now, before, limit)
		if reached == uuid.Nil {
			return "", removed, nil
		}
		before = reached
	}
	return string(phase) + before.String(), removed, nil
}

// following returns where the next call goes on: in the same phase below the ID
// that this one reached, or from the top of the next phase if that is none.
func following(phase rune, reached uuid.UUID, next rune) (rune, uuid.UUID) {
	if reached != uuid.Nil {
		return phase, reached
	}
	return next, uuid.Max
}

func parseCleanUp(cursor string) (phase rune, before uuid.UUID, err error) {
	if cursor == "" {
		return sweepSessions, uuid.Max, nil
	}
	before, err = uuid.Parse(cursor[1:])
	if phase = rune(cursor[0]); err != nil || !slices.Contains([]rune{sweepSessions, sweepGrants, sweepApplications}, phase) {
		return 0, uuid.Nil, fmt.Errorf("memory: clean-up cursor %q was never returned", cursor)
	}
	return phase, before, nil
}

// sweep examines up to limit rows below one, the greatest first. It returns those
// that are dead, and the last that it examined if there are more.
func sweep[T any](rows *ordered[T], below T, limit int, dead func(T) bool) (found []T, last T, more bool) {
	for row := range rows.below(below) {
		if limit--; limit < 0 {
			return found, last, true
		}
		last = row
		if dead(row) {
			found = append(found, row)
		}
	}
	return found, last, false
}

func (s *Store) sweepSessions(now time.Time, before uuid.UUID, limit int) (reached uuid.UUID, removed int) {
	dead, last, more := sweep(&s.sessionsByID, &session{id: before}, limit, func(row *session) bool { return row.dead(now) })
	for _, row := range dead {
		s.removeSession(row)
	}
	if more {
		reached = last.id
	}
	return reached, len(dead)
}

// dead reports whether nothing that the session issued can be accepted any more.
func (s *session) dead(now time.Time) bool {
	if !s.grant.live() || !s.expires.after(now) {
		return true
	}
	return (s.code == nil || !s.code.expires.after(now)) &&
		!s.access.expires.after(now) &&
		!s.previousAccess.expires.after(now) &&
		!s.refreshExpires.after(now)
}

func (s *Store) sweepGrants(before uuid.UUID, limit int) (reached uuid.UUID, removed int) {
	dead, last, more := sweep(&s.grantsByID, &grant{id: before}, limit, func(g *grant) bool { return !g.live() })
	for _, g := range dead {
		s.removeGrant(g)
	}
	if more {
		reached = last.id
	}
	return reached, len(dead)
}

// sweepSecrets removes the expired secrets of up to limit applications.
func (s *Store) sweepSecrets(now time.Time, before uuid.UUID, limit int) (reached uuid.UUID, removed int) {
	expired := func(secret oauthapp.Secret) bool { return !secret.Live(now) }
	from := &application{Application: oauthapp.Application{ID: before}}
	found, last, more := sweep(&s.applicationsByID, from, limit, func(a *application) bool { return slices.ContainsFunc(a.secrets, expired) })
	for _, a := range found {
		removed += len(a.secrets)
		a.secrets = slices.DeleteFunc(a.secrets, expired)
		removed -= len(a.secrets)
	}
	if more {
		reached = last.ID
	}
	return reached, removed
}
