// Package keyset cuts lists into pages for the stores of this module: newest
// first, by ID, so that a page costs the same wherever it stands.
package keyset

import (
	"encoding/base64"

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
			Message: "must be the next of the page before, or empty for the first page.",
		}}}
	}
	return uuid.UUID(id), limit + 1, nil
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
