package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

const (
	offerKind = "dashboard.transfer" // of records, one for each application
	offerTTL  = 7 * 24 * time.Hour
)

// An offer is of an application, to whoever has its code. One is open for an
// application at a time: the record has the application's ID for its key, and a
// new offer takes the place of the one before.
type offer struct {
	Code      []byte    `json:"code"`  // the digest of the code
	Owner     string    `json:"owner"` // the account that offers it
	User      string    `json:"user"`  // who did for that
	ExpiresAt time.Time `json:"expires_at"`
	// Closed tells that somebody has withdrawn or declined it, or accepts it:
	// its code opens nothing.
	Closed bool `json:"closed,omitempty"`
}

// errNoOffer is for a code that opens nothing (any more).
var errNoOffer = errors.New("dashboard: there is no such offer")

// An offer's code is the application's ID and 130 random bits, in letters and
// digits that are told apart.
var codeEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func newOfferCode(application uuid.UUID) string {
	return codeEncoding.EncodeToString(application[:]) + rand.Text()
}

// codeOf is a code as it was made, however it was copied.
func codeOf(typed string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r <= ' ' || r == '-' {
			return -1
		}
		return r
	}, typed))
}

// applicationOf returns the application that a code is about.
func applicationOf(code string) (uuid.UUID, error) {
	const idLength = 26
	if len(code) <= idLength {
		return uuid.Nil, errNoOffer
	}
	raw, err := codeEncoding.DecodeString(code[:idLength])
	if err != nil {
		return uuid.Nil, errNoOffer
	}
	return uuid.FromBytes(raw)
}

func offerKey(application uuid.UUID) credential.Digest {
	return credential.DigestOf(application.String())
}

func (o offer) record(application uuid.UUID) (store.Record, error) {
	value, err := json.Marshal(o)
	return store.Record{Kind: offerKind, Digest: offerKey(application), Value: value, ExpiresAt: o.ExpiresAt}, err
}

// offerOf returns the offer of an application, with the value that it is kept
// as, or ErrNotFound.
func (d *Dashboard) offerOf(ctx context.Context, application uuid.UUID) (o offer, value []byte, err error) {
	record, err := d.kernel.Store.Look(ctx, offerKind, offerKey(application), d.kernel.Now())
	if err == nil {
		err = json.Unmarshal(record.Value, &o)
	}
	return o, record.Value, err
}

// keepOffer keeps an offer in the place of the one before.
func (d *Dashboard) keepOffer(ctx context.Context, application uuid.UUID, o offer) error {
	const maxTries = 5
	record, err := o.record(application)
	if err != nil {
		return err
	}
	for range maxTries {
		var before []byte
		switch _, before, err = d.offerOf(ctx, application); {
		case errors.Is(err, store.ErrNotFound):
			err = d.kernel.Store.Keep(ctx, record, d.kernel.Now())
		case err == nil:
			err = d.kernel.Store.Replace(ctx, record, before, d.kernel.Now())
		}
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return err
}

// An openOffer is one that can be accepted, with its application.
type openOffer struct {
	offer
	value []byte
	app   oauthapp.Application
}

// openOf returns the open offer of an application, or errNoOffer. One that the
// owner did not make is none.
func (d *Dashboard) openOf(ctx context.Context, app oauthapp.Application) (openOffer, error) {
	o, value, err := d.offerOf(ctx, app.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (o.Closed || o.Owner != app.Owner) {
		return openOffer{}, errNoOffer
	}
	return openOffer{o, value, app}, err
}

// openWith returns the offer that a code opens, or errNoOffer.
func (d *Dashboard) openWith(ctx context.Context, code string) (openOffer, error) {
	id, err := applicationOf(code)
	if err != nil {
		return openOffer{}, errNoOffer
	}
	app, err := d.registry.Application(ctx, oauthapp.AnyOwner, id)
	if errors.Is(err, oauthapp.ErrNotFound) {
		return openOffer{}, errNoOffer
	}
	if err != nil {
		return openOffer{}, err
	}
	o, err := d.openOf(ctx, app)
	if err != nil {
		return openOffer{}, err
	}
	digest := credential.DigestOf(code)
	if len(o.Code) != len(digest) || !digest.Equal(credential.Digest(o.Code)) {
		return openOffer{}, errNoOffer
	}
	return o, nil
}

// close closes an offer, and returns it as it is kept then. However many close
// it at once, one gets nil; the others get errNoOffer.
func (d *Dashboard) close(ctx context.Context, o openOffer) (openOffer, error) {
	closed := o
	closed.Closed = true
	record, err := closed.record(o.app.ID)
	if err != nil {
		return o, err
	}
	err = d.kernel.Store.Replace(ctx, record, o.value, d.kernel.Now())
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return o, errNoOffer
	}
	closed.value = record.Value
	return closed, err
}

// accept gives the application of an offer to an account. Where that fails, the
// offer is open as before. One whose acceptance a crash cut off stays closed:
// the owner makes another.
func (d *Dashboard) accept(ctx context.Context, o openOffer, account string) (oauthapp.Application, error) {
	ctx = context.WithoutCancel(ctx) // who has gone cannot leave it half done
	closed, err := d.close(ctx, o)
	if err != nil {
		return oauthapp.Application{}, err
	}
	app, err := d.registry.Transfer(ctx, oauthapp.OwnedBy(o.Owner), o.app.ID, account)
	switch {
	case errors.Is(err, oauthapp.ErrNotFound):
		err = errNoOffer // transferred or deleted meanwhile
	case err != nil:
		d.reopen(ctx, closed)
	}
	return app, err
}

// reopen opens an offer that was closed, unless another has taken its place.
func (d *Dashboard) reopen(ctx context.Context, closed openOffer) {
	open := closed.offer
	open.Closed = false
	record, err := open.record(closed.app.ID)
	if err == nil {
		err = d.kernel.Store.Replace(ctx, record, closed.value, d.kernel.Now())
	}
	if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
		d.kernel.Logger.ErrorContext(ctx, "offer of an application stays closed", "application_id", closed.app.ID, "error", err)
	}
}
