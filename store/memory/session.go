package memory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A session is one row of fixed width from its code to its end. It is live as
// long as its grant. Ending it removes the row.
type session struct {
	id      uuid.UUID
	grant   *grant
	scopes  scopes
	created micros
	expires micros

	codeDigest   credential.Digest
	codeRedeemed micros
	code         *code // nil once it is redeemed

	access         accessToken
	previousAccess accessToken

	refreshDigest   credential.Digest
	refreshExpires  micros
	previousRefresh credential.Digest
	refreshFamily   credential.Digest
	rotated         micros
	rotationSalt    store.Salt

	codeChallenge string
	extra         []byte // never changed in place
	own           *own   // nil for a session of a user
}

// own is the part of a session that only one of the application itself needs.
type own struct {
	number uint64    // of those under the grant, from 1
	secret uuid.UUID // that the session ends with, or zero
}

// live reports whether the session is: its grant is, and it is among the newest
// of the application itself if it is one of those.
func (s *session) live() bool {
	return s.grant.live() && (s.own == nil || s.own.number+store.MaxOwnSessions > s.grant.ownSessions)
}

// end returns the end of the session, or that of the secret that it ends with.
func (s *session) end() time.Time {
	end := s.expires.time()
	if s.own == nil || s.own.secret == uuid.Nil {
		return end
	}
	for _, secret := range s.grant.application.secrets {
		if secret.ID == s.own.secret {
			if secret.Live(end) {
				return end
			}
			return secret.ExpiresAt
		}
	}
	return s.created.time()
}

// A code is the part of a session that only an unredeemed code needs.
type code struct {
	expires     micros
	redirectURI string
	state       credential.Digest
}

type accessToken struct {
	digest  credential.Digest
	issued  micros
	expires micros
	scopes  scopes
}

func accessTokenOf(t store.AccessToken) accessToken {
	return accessToken{
		digest:  t.Digest,
		issued:  microsOf(t.IssuedAt),
		expires: microsOf(t.ExpiresAt),
		scopes:  scopesOf(t.Scopes),
	}
}

func (t *accessToken) clone() store.AccessToken {
	return store.AccessToken{
		Digest:    t.digest,
		IssuedAt:  t.issued.time(),
		ExpiresAt: t.expires.time(),
		Scopes:    t.scopes.list(),
	}
}

// sessionOf returns the row of a session that begins under a grant.
func sessionOf(begun store.Session, g *grant) *session {
	row := &session{
		id:             begun.ID,
		grant:          g,
		scopes:         scopesOf(begun.Scopes),
		created:        microsOf(begun.CreatedAt),
		expires:        microsOf(begun.ExpiresAt),
		codeDigest:     begun.Code.Digest,
		codeRedeemed:   microsOf(time.Time{}),
		codeChallenge:  strings.Clone(begun.Code.CodeChallenge),
		access:         accessTokenOf(begun.Access),
		previousAccess: accessTokenOf(store.AccessToken{}),
		refreshDigest:  begun.Refresh.Digest,
		refreshExpires: microsOf(begun.Refresh.ExpiresAt),
		refreshFamily:  begun.RefreshFamily,
		rotated:        microsOf(time.Time{}),
		extra:          slices.Clone(begun.Extra),
	}
	if !row.codeDigest.IsZero() {
		row.code = &code{
			expires:     microsOf(begun.Code.ExpiresAt),
			redirectURI: strings.Clone(begun.Code.RedirectURI),
			state:       begun.Code.State,
		}
	}
	return row
}

// clone returns a copy of the row.
func (s *session) clone() store.Session {
	session := store.Session{
		ID:              s.id,
		ApplicationID:   s.grant.application.ID,
		GrantID:         s.grant.id,
		ClientID:        s.grant.application.ClientID,
		UserID:          s.grant.user,
		AccountID:       s.grant.account,
		GrantUsedAt:     s.grant.used.time(),
		Scopes:          s.scopes.list(),
		CreatedAt:       s.created.time(),
		ExpiresAt:       s.end(),
		Code:            store.Code{Digest: s.codeDigest, RedeemedAt: s.codeRedeemed.time(), CodeChallenge: s.codeChallenge},
		Access:          s.access.clone(),
		PreviousAccess:  s.previousAccess.clone(),
		Refresh:         store.RefreshToken{Digest: s.refreshDigest, ExpiresAt: s.refreshExpires.time()},
		PreviousRefresh: s.previousRefresh,
		RefreshFamily:   s.refreshFamily,
		RotatedAt:       s.rotated.time(),
		RotationSalt:    s.rotationSalt,
		Extra:           slices.Clone(s.extra),
	}
	if s.code != nil {
		session.Code.ExpiresAt = s.code.expires.time()
		session.Code.RedirectURI = s.code.redirectURI
		session.Code.State = s.code.state
	}
	return session
}

// findSession returns a live session, or nil. The caller holds the lock.
func (s *Store) findSession(id uuid.UUID) *session {
	if found := s.sessions[id]; found != nil && found.live() {
		return found
	}
	return nil
}

// findAccepted returns a live session, or nil while its application is
// suspended. The caller holds the lock.
func (s *Store) findAccepted(id uuid.UUID) *session {
	if found := s.findSession(id); found != nil && !found.grant.application.Standing.Suspended {
		return found
	}
	return nil
}

func (s *Store) removeSession(row *session) {
	delete(s.sessions, row.id)
	s.sessionsByID.remove(row)
}

// Client implements [store.Store].
func (s *Store) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	if err := done(ctx); err != nil {
		return store.Client{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	a := s.clients[clientID]
	if a == nil {
		return store.Client{}, store.ErrNotFound
	}
	client := store.Client{Application: a.clone(), Secrets: a.liveSecrets(now)}
	client.Application.LastUsedAt = time.Time{}
	if row := s.findSession(session); row != nil && row.grant.application == a {
		found := row.clone()
		client.Session = &found
	}
	return client, nil
}

// Session implements [store.Store].
func (s *Store) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	if err := done(ctx); err != nil {
		return store.Session{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	row := s.findAccepted(id)
	if row == nil {
		return store.Session{}, store.ErrNotFound
	}
	return row.clone(), nil
}

// BeginSession implements [store.Store].
func (s *Store) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Grant{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(oauthapp.AnyOwner, b.Session.ApplicationID)
	if err != nil {
		return oauthapp.Grant{}, err
	}
	if a.Standing.Suspended {
		return oauthapp.Grant{}, store.ErrNotFound
	}
	g, err := s.grantFor(a, b)
	if err != nil {
		return oauthapp.Grant{}, err
	}
	if _, taken := s.sessions[b.Session.ID]; taken {
		return oauthapp.Grant{}, store.ErrExists
	}
	if b.GrantID != uuid.Nil {
		s.authorize(g, b.Session)
	}
	row := sessionOf(b.Session, g)
	if b.Session.UserID == "" {
		g.ownSessions++
		row.own = &own{number: g.ownSessions, secret: b.SecretID}
	}
	s.sessions[row.id] = row
	s.sessionsByID.insert(row)
	return g.clone(), nil
}

// RedeemCode implements [store.Store].
func (s *Store) RedeemCode(ctx context.Context, r store.Redemption) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	row := s.findAccepted(r.SessionID)
	if row == nil || row.codeDigest.IsZero() || !row.codeDigest.Equal(r.Code) {
		return store.ErrNotFound
	}
	if row.code == nil {
		return store.ErrUsed
	}
	if !row.code.expires.after(r.At) {
		return store.ErrNotFound
	}
	row.code = nil
	row.codeRedeemed = microsOf(r.At)
	row.access = accessTokenOf(r.Access)
	row.refreshDigest = r.Refresh.Digest
	row.refreshExpires = microsOf(r.Refresh.ExpiresAt)
	row.refreshFamily = r.Family
	row.expires = microsOf(r.ExpiresAt)
	row.extra = slices.Clone(r.Extra)
	return nil
}

// RotateRefreshToken implements [store.Store].
func (s *Store) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	row := s.findAccepted(r.SessionID)
	if row == nil || row.refreshDigest.IsZero() || !row.expires.after(r.At) || !row.refreshExpires.after(r.At) {
		return store.ErrNotFound
	}
	if !row.refreshDigest.Equal(r.Presented) {
		return store.ErrUsed
	}
	named := r.Refresh.Digest.IsZero() || !r.Replaces.IsZero()
	if named && !row.access.digest.Equal(r.Replaces) {
		return store.ErrConflict
	}
	row.previousAccess = row.access
	row.access = accessTokenOf(r.Access)
	row.refreshExpires = microsOf(r.Refresh.ExpiresAt)
	row.extra = slices.Clone(r.Extra)
	if !r.Refresh.Digest.IsZero() {
		row.previousRefresh = r.Presented
		row.refreshDigest = r.Refresh.Digest
		row.rotated = microsOf(r.At)
		row.rotationSalt = r.Salt
	}
	return nil
}

// EndSession implements [store.Store].
func (s *Store) EndSession(ctx context.Context, id uuid.UUID) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if row := s.sessions[id]; row != nil {
		s.removeSession(row)
	}
	return nil
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, u store.Use) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if g, ok := s.grantsByID.get(&grant{id: u.GrantID}); ok && g.live() {
		g.used = max(g.used, microsOf(u.At))
		if a := g.application; a.LastUsedAt.Before(u.At) {
			a.LastUsedAt = u.At
		}
	}
	if a := s.applications[u.ApplicationID]; a != nil {
		for i := range a.secrets {
			if secret := &a.secrets[i]; secret.ID == u.SecretID && secret.LastUsedAt.Before(u.At) {
				secret.LastUsedAt = u.At
			}
		}
	}
	s.touchAPIToken(u.APITokenID, u.At)
	return nil
}
