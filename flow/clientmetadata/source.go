package clientmetadata

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/fetch"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A source knows the clients whose ID is the URL of their document.
type source struct {
	kernel      *kernel.Kernel
	cfg         Config
	allow, deny []pattern
	fetcher     *fetch.Fetcher
}

// entry is what the application of a client keeps of its document.
type entry struct {
	Document  json.RawMessage `json:"document"`
	FetchedAt time.Time       `json:"fetched_at"`
}

// resolve implements [kernel.ClientSource]. Browsers of users who are not
// signed in have nothing fetched: they sign in first.
func (s *source) resolve(r *http.Request, clientID string, row *oauthapp.Application, signedIn bool) (*oauthapp.Application, *wire.Error) {
	if err := checkClientID(clientID); err != nil {
		refusal := wire.Refuse(wire.InvalidRequest, "client_id: "+err.Error())
		refusal.Reason = "the client ID is no URL of a metadata document"
		return nil, refusal
	}
	if !s.admits(clientID) {
		s.refused(r, clientID, "not among the clients that the host admits")
		if !signedIn {
			return nil, nil
		}
		return nil, wire.Refuse(wire.InvalidRequest, "client_id: this service does not admit the client")
	}
	if !signedIn && r.Method != http.MethodPost {
		return nil, nil
	}
	fetched, fault := s.fetch(r, clientID, row, signedIn)
	if fault != nil {
		return nil, s.refuseFault(r, clientID, fault, row != nil, signedIn)
	}
	c, err := s.parse(clientID, fetched.Document)
	if err != nil { // which was good when it was fetched, under another configuration
		return nil, wire.Refuse(wire.InvalidRequest, "client_id: "+err.Error())
	}
	app, err := s.application(c, row, fetched)
	if err != nil {
		return nil, wire.Internal(err)
	}
	if row != nil {
		s.update(r.Context(), *row, c, fetched)
	}
	return app, nil
}

// refuseFault refuses a client whose document was not read. It returns nil for
// one that counts as unknown. A document that may be there later says nothing
// about the client. It is an outage of this service only if the client is known
// here, as anybody can name an origin that does not answer.
func (s *source) refuseFault(r *http.Request, clientID string, fault error, known, signedIn bool) *wire.Error {
	if errors.Is(fault, fetch.ErrBusy) || errors.Is(fault, fetch.ErrUnreachable) {
		outage := wire.Outage(fault)
		outage.Description = "client_id: the client's metadata document cannot be fetched at the moment"
		switch {
		case signedIn:
			outage.Status = http.StatusBadRequest
		case !known:
			outage.Status = http.StatusTooManyRequests
		}
		return outage
	}
	s.refused(r, clientID, "no usable metadata document")
	if !signedIn {
		return nil
	}
	return wire.Refuse(wire.InvalidRequest, "client_id: "+reason(fault))
}

// reason is the part of a fault that the client's developer can mend.
func reason(err error) string {
	for _, known := range []error{fetch.ErrGone, fetch.ErrURL, fetch.ErrDocument} {
		if _, detail, found := strings.Cut(err.Error(), known.Error()+": "); found {
			return "no client metadata document: " + detail
		}
	}
	return "no client metadata document"
}

// refused reports a client that was refused.
func (s *source) refused(r *http.Request, clientID, reason string) {
	s.kernel.Emit(r, oauthapp.Event{Type: oauthapp.ClientMetadataRefused, ClientID: clientID, Reason: reason})
}

// fetch returns the document of a client or, while it cannot be fetched, the one
// that its application has kept, unless the client has withdrawn it. The
// application of a client has a budget of its own.
func (s *source) fetch(r *http.Request, clientID string, row *oauthapp.Application, signedIn bool) (entry, error) {
	who := ""
	switch {
	case signedIn:
		user, err := s.kernel.User(r)
		if err != nil {
			return entry{}, errors.Join(fetch.ErrUnreachable, err)
		}
		if user != nil {
			who = "user " + user.ID
		}
	case row != nil:
		who = "client " + clientID
	}
	body, at, err := s.fetcher.GetDated(r.Context(), clientID, who)
	if err == nil {
		return entry{body, at.UTC().Truncate(time.Second)}, nil
	}
	if row == nil || errors.Is(err, fetch.ErrGone) || errors.Is(err, fetch.ErrURL) {
		return entry{}, err
	}
	var kept entry
	found, unreadable := row.ReadExtra(Name, &kept)
	if unreadable != nil || !found || !s.kernel.Now().Before(kept.FetchedAt.Add(s.cfg.MaxStale)) {
		return entry{}, errors.Join(fetch.ErrUnreachable, err)
	}
	return kept, nil
}

// application is a client as it is now: its row, if it has one, with what its
// document says.
func (s *source) application(c *client, row *oauthapp.Application, fetched entry) (*oauthapp.Application, error) {
	app := oauthapp.Application{ClientID: c.registration.ClientID, CreatedAt: s.kernel.Now(), UpdatedAt: s.kernel.Now()}
	if row != nil {
		app = *row
	}
	reg := c.registration
	app.Name, app.HomepageURL, app.CallbackURLs, app.Type, app.Scopes = reg.Name, reg.HomepageURL, reg.CallbackURLs, reg.Type, reg.Scopes
	entries := map[string]json.RawMessage{}
	if len(app.Extra) > 0 {
		if err := json.Unmarshal(app.Extra, &entries); err != nil {
			return nil, err
		}
	}
	for name, value := range c.entries(fetched) {
		delete(entries, name)
		if value == nil {
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		entries[name] = encoded
	}
	var err error
	app.Extra, err = json.Marshal(entries)
	return &app, err
}

// entries are what the application of a client keeps for capabilities. One that
// is nil is not there.
func (c *client) entries(fetched entry) map[string]any {
	entries := map[string]any{Name: fetched, jose.SourceName: nil}
	if c.keys != nil {
		keys := *c.keys
		if keys.Set != nil {
			keys.GoodUntil = fetched.FetchedAt.Add(jose.MaxAge)
		}
		entries[jose.SourceName] = keys
	}
	return entries
}

// keep implements [kernel.ClientSource].
func (s *source) keep(r *http.Request, app oauthapp.Application) (oauthapp.Application, *wire.Error) {
	if app.ID != uuid.Nil {
		return app, nil // resolve brought it up to date
	}
	reg := app.Registration()
	reg.Extra = map[string]any{}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(app.Extra, &entries); err != nil {
		return app, wire.Internal(err)
	}
	for name, value := range entries {
		reg.Extra[name] = value
	}
	kept, _, err := s.kernel.Registry.RegisterOwnerless(r.Context(), reg)
	switch {
	case err == nil:
		return kept, nil
	case !errors.Is(err, oauthapp.ErrExists):
		return app, wire.Outage(err)
	}
	// Somebody else was first, or a host has deleted it for good.
	client, err := s.kernel.Store.Client(r.Context(), app.ClientID, uuid.Nil, s.kernel.Now())
	switch {
	case errors.Is(err, oauthapp.ErrNotFound):
		return app, wire.Refuse(wire.AccessDenied, "this service does not admit the client")
	case err != nil:
		return app, wire.Outage(err)
	}
	app.ID = client.Application.ID
	return app, nil
}

// updatePace is how long the time at which a document was fetched is left as it
// is in the row of its client, while nothing else changes.
const updatePace = 12 * time.Hour

// update brings the row of a client up to date, for lists and for the time when
// the document cannot be fetched. A failure is logged and refuses nobody, as the
// document holds.
func (s *source) update(ctx context.Context, row oauthapp.Application, c *client, fetched entry) {
	var kept entry
	if _, err := row.ReadExtra(Name, &kept); err == nil &&
		sameDocument(kept.Document, fetched.Document) && fetched.FetchedAt.Sub(kept.FetchedAt) < updatePace {
		return
	}
	reg := row.Registration()
	reg.Name, reg.HomepageURL = c.registration.Name, c.registration.HomepageURL
	reg.Scopes = c.registration.Scopes
	// The row stays of the type that it began with, which may have stricter
	// rules. What requests go by is the document.
	callbacks := slices.DeleteFunc(slices.Clone(c.registration.CallbackURLs), func(callback string) bool {
		return s.kernel.Registry.CheckCallback(row.Type, callback) != nil
	})
	if len(callbacks) > 0 {
		reg.CallbackURLs = callbacks
	}
	_, err := s.kernel.Registry.Update(ctx, oauthapp.AnyOwner, row.ID, reg)
	entries := c.entries(fetched)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err == nil {
			_, err = s.kernel.Registry.SetExtra(ctx, oauthapp.AnyOwner, row.ID, name, entries[name])
		}
	}
	if err != nil && !errors.Is(err, oauthapp.ErrConflict) && ctx.Err() == nil {
		s.kernel.Logger.WarnContext(ctx, "the application of a client metadata document was not updated", "client_id", row.ClientID, "error", err)
	}
}

// sameDocument compares documents in the form in which they are kept.
func sameDocument(a, b json.RawMessage) bool {
	first, err := json.Marshal(a)
	if err != nil {
		return false
	}
	second, err := json.Marshal(b)
	return err == nil && bytes.Equal(first, second)
}
