package device

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// The kinds of the records that a request is kept in: the request itself under
// its device code, and the digest of that under its user code.
const (
	requestKind  = "device"
	userCodeKind = "device.user-code"
)

// A request is what a device asked for, as a record keeps it. It has neither of
// its codes.
type request struct {
	ClientID  string    `json:"client_id"`
	SessionID uuid.UUID `json:"session"` // of the session that a yes begins
	Scopes    []string  `json:"scopes"`
	Resources []string  `json:"resources,omitempty"` // identifiers; nil for the default one
	Address   string    `json:"address"`             // that it came from
	At        time.Time `json:"at"`
	Decision  decision  `json:"decision,omitempty"`
}

// A decision is what the user said.
type decision string

const (
	undecided  decision = ""
	authorized decision = "authorized"
	denied     decision = "denied"
)

// A keptRequest is a request as it was read.
type keptRequest struct {
	request
	record store.Record
}

// The requests are kept in the one-time records of a store. The methods return
// the store's errors.
type requests struct {
	store   store.Records
	digests []codeDigest
}

// maxCollisions is how many user codes are drawn before a request fails because
// each belonged to another one.
const maxCollisions = 5

// keep keeps a new request under its device code, and draws its user code.
func (s requests) keep(ctx context.Context, r request, deviceCode credential.Digest, expires time.Time) (userCode, error) {
	value, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	code, err := s.keepUserCode(ctx, deviceCode, r.At, expires)
	if err != nil {
		return "", err
	}
	return code, s.store.Keep(ctx, store.Record{Kind: requestKind, Digest: deviceCode, Value: value, ExpiresAt: expires}, r.At)
}

func (s requests) keepUserCode(ctx context.Context, deviceCode credential.Digest, at, expires time.Time) (code userCode, err error) {
	for range maxCollisions {
		code = newUserCode()
		err = s.store.Keep(ctx, store.Record{
			Kind: userCodeKind, Digest: s.digests[0].of(code), Value: deviceCode[:], ExpiresAt: expires,
		}, at)
		if !errors.Is(err, store.ErrExists) {
			break
		}
	}
	return code, err
}

// byDeviceCode returns the request of a device code.
func (s requests) byDeviceCode(ctx context.Context, digest credential.Digest, now time.Time) (keptRequest, error) {
	record, err := s.store.Look(ctx, requestKind, digest, now)
	if err != nil {
		return keptRequest{}, err
	}
	kept := keptRequest{record: record}
	return kept, json.Unmarshal(record.Value, &kept.request)
}

// byUserCode returns the request of a user code.
func (s requests) byUserCode(ctx context.Context, code userCode, now time.Time) (keptRequest, error) {
	for _, digest := range s.digests {
		record, err := s.store.Look(ctx, userCodeKind, digest.of(code), now)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil:
			return keptRequest{}, err
		case len(record.Value) != len(credential.Digest{}):
			return keptRequest{}, errors.New("device: a record of a user code holds no digest")
		}
		return s.byDeviceCode(ctx, credential.Digest(record.Value), now)
	}
	return keptRequest{}, store.ErrNotFound
}

// decide keeps the decision of a request that has none. However many decide at
// once, one gets nil; the others get [store.ErrConflict].
func (s requests) decide(ctx context.Context, kept keptRequest, d decision, now time.Time) error {
	decided := kept.request
	decided.Decision = d
	value, err := json.Marshal(decided)
	if err != nil {
		return err
	}
	changed := kept.record
	changed.Value = value
	return s.store.Replace(ctx, changed, kept.record.Value, now)
}
