package kernel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// ResourcesEntry is the name of the entry of [Extra] in which a session keeps
// the resources that it may reach (RFC 8707). A session without one reaches the
// default resource alone.
const ResourcesEntry = "resources"

// MaxResources is how many resources a session can reach.
const MaxResources = 8

// Resources are those that a session may reach, and which of them its access
// tokens are for. Of the access tokens that the columns of a session do not
// hold any more, it keeps what is left: a token for one resource does not end
// because one for another was issued.
type Resources struct {
	// Granted are the resources by their [ResourceKey].
	Granted []string `json:"granted"`
	// Access and Previous are the audiences of the newest access token and of
	// the one before.
	Access   Audience `json:"access"`
	Previous Audience `json:"previous,omitempty"`
	// Further are older access tokens, the newest first, and Scopes is a check
	// sum of the scopes of the session, by whose order they are kept.
	Further furtherTokens `json:"further,omitempty"`
	Scopes  []byte        `json:"scopes,omitempty"`
}

// An Audience is a set of Granted, a bit each.
type Audience uint8

// ResourceKey is what a session keeps of the identifier of a resource: 16
// characters. A trailing slash makes no difference.
func ResourceKey(identifier string) string {
	sum := sha256.Sum256([]byte(strings.TrimSuffix(identifier, "/")))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// ResourcesOf reads the entry. It reports false where there is none.
func ResourcesOf(extra Extra) (Resources, bool, error) {
	entry, ok := extra[ResourcesEntry]
	if !ok {
		return Resources{}, false, nil
	}
	var r Resources
	if err := json.Unmarshal(entry, &r); err != nil {
		return Resources{}, false, fmt.Errorf("kernel: the resources of a session: %w", err)
	}
	return r, true, nil
}

// All is the audience of everything granted.
func (r *Resources) All() Audience { return Audience(1<<len(r.Granted) - 1) }

// Keys are the keys of an audience.
func (r *Resources) Keys(a Audience) (keys []string) {
	for i, key := range r.Granted {
		if a&(1<<i) != 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// Audience is that of some keys. It reports false where one is not granted.
func (r *Resources) Audience(keys []string) (a Audience, ok bool) {
	for _, key := range keys {
		i := slices.Index(r.Granted, key)
		if i < 0 {
			return 0, false
		}
		a |= 1 << i
	}
	return a, true
}

// A furtherToken is what is kept of an access token that is neither the newest
// nor the one before. Its times are whole seconds.
type furtherToken struct {
	audience Audience
	token    store.AccessToken
	scopes   []byte // a bit for each scope of the session
}

// A furtherTokens is packed, as a session has room for [store.MaxExtra] bytes:
// base64 of the tokens one after the other.
type furtherTokens []byte

// The sizes of a packed token, beside its scopes, and of all of them. Seven
// of a session with 184 scopes fit: with the newest token, which is not among
// them, one for each of eight resources.
const (
	packedToken = len(credential.Digest{}) + 1 + 4 + 4
	maxFurther  = 448
)

// Next is what a session keeps once it has a new access token for an audience,
// at a time. With dropOlder, it keeps the newest one and the one before alone.
//
// Of each resource the newest two tokens live on until they expire, as calls
// may be under way with the one before. What exceeds the room goes: first those
// that were replaced, the oldest first.
func (r *Resources) Next(s *store.Session, audience Audience, now time.Time, dropOlder bool) Resources {
	next := Resources{Granted: r.Granted, Access: audience}
	if s == nil || s.Access.Digest.IsZero() {
		return next
	}
	next.Previous = r.Access
	if dropOlder || s.PreviousAccess.Digest.IsZero() && len(r.Further) == 0 {
		return next
	}
	older := r.unpack(s)
	if !s.PreviousAccess.Digest.IsZero() {
		older = slices.Insert(older, 0, furtherToken{r.Previous, s.PreviousAccess, bitsOf(s.Scopes, s.PreviousAccess.Scopes)})
	}
	next.Further = pack(keepNewest(older, []Audience{audience, r.Access}, now))
	if len(next.Further) > 0 {
		next.Scopes = sumOf(s.Scopes)
	}
	return next
}

// keepNewest returns the tokens that live on beside newer ones.
func keepNewest(older []furtherToken, newer []Audience, now time.Time) []furtherToken {
	var kept []furtherToken
	var replaced []int // of kept, those of whose resources each has a newer token
	for _, token := range older {
		age := newest(token.audience, newer)
		newer = append(newer, token.audience)
		if age > 1 || token.audience == 0 || !now.Before(token.token.ExpiresAt) {
			continue
		}
		if age == 1 {
			replaced = append(replaced, len(kept))
		}
		kept = append(kept, token)
	}
	for len(kept) > 0 && len(kept)*(packedToken+len(kept[0].scopes)) > maxFurther {
		drop := len(kept) - 1
		if n := len(replaced); n > 0 {
			drop, replaced = replaced[n-1], replaced[:n-1]
		}
		kept = slices.Delete(kept, drop, drop+1)
	}
	return kept
}

// newest tells how many newer tokens there are for that resource of an audience
// that has the fewest.
func newest(audience Audience, newer []Audience) int {
	fewest := len(newer)
	for bit := range MaxResources {
		one := Audience(1) << bit
		if audience&one == 0 {
			continue
		}
		count := 0
		for _, other := range newer {
			if other&one != 0 {
				count++
			}
		}
		fewest = min(fewest, count)
	}
	return fewest
}

func pack(tokens []furtherToken) furtherTokens {
	var packed furtherTokens
	for _, token := range tokens {
		packed = append(packed, token.token.Digest[:]...)
		packed = append(packed, byte(token.audience))
		packed = binary.BigEndian.AppendUint32(packed, uint32(token.token.IssuedAt.Unix()))
		packed = binary.BigEndian.AppendUint32(packed, uint32(token.token.ExpiresAt.Unix()))
		packed = append(packed, token.scopes...)
	}
	return packed
}

// unpack returns the further tokens of a session, none where its scopes are not
// those that they were kept with.
func (r *Resources) unpack(s *store.Session) []furtherToken {
	size := packedToken + (len(s.Scopes)+7)/8
	if len(r.Further) == 0 || len(r.Further)%size != 0 || !bytes.Equal(r.Scopes, sumOf(s.Scopes)) {
		return nil
	}
	var tokens []furtherToken
	for packed := range slices.Chunk(r.Further, size) {
		var token furtherToken
		n := copy(token.token.Digest[:], packed)
		token.audience = Audience(packed[n])
		token.token.IssuedAt = time.Unix(int64(binary.BigEndian.Uint32(packed[n+1:])), 0).UTC()
		token.token.ExpiresAt = time.Unix(int64(binary.BigEndian.Uint32(packed[n+5:])), 0).UTC()
		token.scopes = packed[packedToken:]
		for i, scope := range s.Scopes {
			if token.scopes[i/8]&(1<<(i%8)) != 0 {
				token.token.Scopes = append(token.token.Scopes, scope)
			}
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// bitsOf has a bit for each of all that is among some.
func bitsOf(all, some []string) []byte {
	bits := make([]byte, (len(all)+7)/8)
	for i, scope := range all {
		if slices.Contains(some, scope) {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return bits
}

func sumOf(scopes []string) []byte {
	b, _ := json.Marshal(scopes) // strings always marshal
	sum := sha256.Sum256(b)
	return sum[:6]
}

// AccessTokenOf returns the access token of a session that a digest stands for,
// expired or not, and the keys of the resources that it is for: none for the
// default resource alone. It reports false for a digest that stands for none,
// and for a session that cannot be read.
func AccessTokenOf(s *store.Session, presented credential.Digest) (token store.AccessToken, resources []string, ok bool) {
	isNewest := presented.Equal(s.Access.Digest)
	isBefore := presented.Equal(s.PreviousAccess.Digest)
	if len(s.Extra) == 0 {
		switch {
		case isNewest:
			return s.Access, nil, true
		case isBefore:
			return s.PreviousAccess, nil, true
		}
		return store.AccessToken{}, nil, false
	}
	extra, err := ExtraOf(s)
	if err != nil {
		return store.AccessToken{}, nil, false
	}
	r, _, err := ResourcesOf(extra)
	switch {
	case err != nil:
		return store.AccessToken{}, nil, false
	case isNewest:
		return s.Access, r.Keys(r.Access), true
	case isBefore:
		return s.PreviousAccess, r.Keys(r.Previous), true
	}
	for _, further := range r.unpack(s) {
		if presented.Equal(further.token.Digest) {
			return further.token, r.Keys(further.audience), true
		}
	}
	return store.AccessToken{}, nil, false
}

type resourceKey struct{}

// WithResource has the context of a call say of which API it is, unless that is
// the default one.
func WithResource(ctx context.Context, identifier string) context.Context {
	return context.WithValue(ctx, resourceKey{}, identifier)
}

// ResourceOf returns the identifier of the API that a call is of, "" for the
// default one.
func ResourceOf(ctx context.Context) string {
	identifier, _ := ctx.Value(resourceKey{}).(string)
	return identifier
}

// IsOlder reports whether a digest is that of an access token of a session
// which is neither the newest one nor the one before. All of those have the
// same standing with every capability: see [TokenRequest.DropOlder].
func IsOlder(s *store.Session, presented credential.Digest) bool {
	if presented.Equal(s.Access.Digest) || presented.Equal(s.PreviousAccess.Digest) {
		return false
	}
	_, _, ok := AccessTokenOf(s, presented)
	return ok
}
