// Package keyset cuts lists into pages for the stores of this module, and walks
// into steps: newest first, by ID, so that each costs the same wherever it
// stands.
package keyset

import (
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// What a page returns as its Next is the ID of its last item, which need not
// exist any more when the next page is asked for.
var encoding = base64.RawURLEncoding.Strict()

// Parse returns the ID that all IDs of a page are below, and how many rows to
// read: one more than the page holds, which tells whether there is another
// page.
func Parse(page oauthapp.Page) (below uuid.UUID, rows int, err error) {
	limit := min(page.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	if page.After == "" {
		return uuid.Max, limit + 1, nil
	}
	id, err := encoding.DecodeString(page.After)
	if err != nil || len(id) != len(below) {
		return below, 0, &oauthapp.ValidationError{Fields: []oauthapp.FieldError{{
			Field:   "after",
			Message: "After must be the Next of the page before, or empty for the first page.",
		}}}
	}
	return uuid.UUID(id), limit + 1, nil
}

// Below returns the ID that the next step of EndGrants, EndAPITokens or CleanUp
// begins below, by the cursor that the step before returned.
func Below(cursor string) (uuid.UUID, error) {
	if cursor == "" {
		return uuid.Max, nil
	}
	id, err := uuid.Parse(cursor)
	if err != nil {
		return uuid.Nil, fmt.Errorf("no call returned the cursor %q", cursor)
	}
	return id, nil
}

// IsOfOwner reports whether a filter selects by the owner alone. No index has
// the grants to all applications of an owner in their order, so they are read
// application by application.
func IsOfOwner(f oauthapp.GrantFilter) bool {
	return f.Err() == nil && !f.Owner().IsAny() && f.UserID() == "" && f.AccountID() == "" && f.ApplicationID() == uuid.Nil
}

// List makes a page of the rows that were read.
func List[T any](items []T, rows int, id func(T) uuid.UUID) oauthapp.List[T] {
	if len(items) < rows {
		return oauthapp.List[T]{Items: items}
	}
	items = items[:rows-1]
	last := id(items[len(items)-1])
	return oauthapp.List[T]{Items: items, Next: encoding.EncodeToString(last[:])}
}
