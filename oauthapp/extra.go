package oauthapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/google/uuid"
)

// MaxExtra is the greatest length of Application.Extra, in bytes.
const MaxExtra = 32 << 10

// extraName is what the name of an entry looks like.
var extraName = regexp.MustCompile(`^[a-z0-9.-]{1,32}$`)

// ReadExtra reads the entry of a capability from [Application.Extra] into
// entry, as [json.Unmarshal] does, and reports whether there is one. It returns
// an error for what is not JSON, or not what entry can hold.
func (a Application) ReadExtra(name string, entry any) (found bool, err error) {
	entries, err := a.extraEntries()
	if err != nil {
		return false, err
	}
	value, found := entries[name]
	if !found {
		return false, nil
	}
	if err := json.Unmarshal(value, entry); err != nil {
		return false, fmt.Errorf("oauthapp: the extra %s of an application: %w", name, err)
	}
	return true, nil
}

func (a Application) extraEntries() (map[string]json.RawMessage, error) {
	entries := map[string]json.RawMessage{}
	if len(a.Extra) == 0 {
		return entries, nil
	}
	if err := json.Unmarshal(a.Extra, &entries); err != nil {
		return nil, fmt.Errorf("oauthapp: the extra of an application: %w", err)
	}
	return entries, nil
}

// setExtras is setExtra for several entries.
func (a *Application) setExtras(extra map[string]any) error {
	for name, value := range extra {
		if err := a.setExtra(name, value); err != nil {
			return err
		}
	}
	return nil
}

// setExtra sets an entry, or removes it if value is nil.
func (a *Application) setExtra(name string, value any) error {
	if !extraName.MatchString(name) {
		return fmt.Errorf("oauthapp: %q does not name an entry; write 1 to 32 of a-z, 0-9, . and -", name)
	}
	entries, err := a.extraEntries()
	if err != nil {
		return err
	}
	delete(entries, name)
	if value != nil {
		if entries[name], err = json.Marshal(value); err != nil {
			return fmt.Errorf("oauthapp: the extra %s of an application: %w", name, err)
		}
	}
	a.Extra = nil
	if len(entries) == 0 {
		return nil
	}
	if a.Extra, err = json.Marshal(entries); err != nil {
		return err
	}
	if len(a.Extra) > MaxExtra {
		problem := wrong("extra.too_long", "is too long; shorten it to at most %d bytes in all.", MaxExtra)
		return &ValidationError{[]FieldError{problem.about("extra", "Extra")}}
	}
	return nil
}

// SetExtra sets one entry of [Application.Extra] to the JSON of value, or
// removes it if value is nil, and returns the application as updated. The other
// entries stay as they are, also those that others set at the same time. The
// name is that of a capability: 1 to 32 of a-z, 0-9, "." and "-".
//
// It returns a [*ValidationError] of field extra if the entries would be longer
// than MaxExtra in all. It returns [ErrNotFound].
func (r *Registry) SetExtra(ctx context.Context, owner Owner, id uuid.UUID, name string, value any) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	at := r.now()
	for range maxTries {
		app, err := r.cfg.Store.Application(ctx, owner, id)
		if err != nil {
			return Application{}, err
		}
		before := app.Extra
		if err := app.setExtra(name, value); err != nil {
			return Application{}, err
		}
		if bytes.Equal(app.Extra, before) {
			return app, nil
		}
		app.UpdatedAt = at
		app, err = r.save(ctx, owner, app, at)
		if !errors.Is(err, ErrConflict) { // else somebody else updated it meanwhile
			return app, err
		}
	}
	return Application{}, ErrConflict
}
