package main

import "time"

// maxEndings is how many sessions that a person left are remembered one by one.
const maxEndings = 100

// endings are the sessions that one person left before they expired. A person
// who leaves more of them than are remembered leaves those that began earlier,
// too. So the list is bounded for each person, no sign-out is forgotten, and
// nobody signs anybody else out.
type endings struct {
	began map[string]time.Time // when each began, by its ID
	until time.Time            // all that began until then are over
}

// remember makes hasEnded true of a session.
func (s *sessions) remember(over session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	e := s.ended[over.User]
	if e == nil {
		e = &endings{began: map[string]time.Time{}}
		s.ended[over.User] = e
	}
	e.began[over.ID] = over.Started
	if len(e.began) > maxEndings {
		e.dropOldest()
	}
}

// endAll makes hasEnded true of all sessions of a person that began until now.
func (s *sessions) endAll(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	s.ended[user] = &endings{began: map[string]time.Time{}, until: s.now()}
}

func (e *endings) dropOldest() {
	oldest := ""
	for id, began := range e.began {
		if oldest == "" || began.Before(e.began[oldest]) {
			oldest = id
		}
	}
	e.until = e.began[oldest]
	delete(e.began, oldest)
}

// prune forgets the sessions that have expired by now, and the people who have
// left none.
func (s *sessions) prune() {
	expired := s.now().Add(-sessionLimit)
	for user, e := range s.ended {
		for id, began := range e.began {
			if !began.After(expired) {
				delete(e.began, id)
			}
		}
		if len(e.began) == 0 && !e.until.After(expired) {
			delete(s.ended, user)
		}
	}
}

func (s *sessions) hasEnded(found session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.ended[found.User]
	if e == nil {
		return false
	}
	_, ended := e.began[found.ID]
	return ended || !found.Started.After(e.until)
}
