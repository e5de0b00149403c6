package memory

import (
	"encoding/base64"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// A cursor is the ID of the last item of a page, which need not exist any more.
var cursorEncoding = base64.RawURLEncoding.Strict()

// parsePage returns the ID that all IDs of the page are below, and its limit.
func parsePage(page oauthapp.Page) (before uuid.UUID, limit int, err error) {
	limit = min(page.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	if page.After == "" {
		return uuid.Max, limit, nil
	}
	id, err := cursorEncoding.DecodeString(page.After)
	if err != nil || len(id) != len(before) {
		return uuid.Nil, 0, &oauthapp.ValidationError{Fields: []oauthapp.FieldError{{
			Field:   "after",
			Message: "must be empty or what the page before returned as next.",
		}}}
	}
	return uuid.UUID(id), limit, nil
}

// listOf makes a page of at most limit items; one item more tells that there
// is another page.
func listOf[T any](items []T, limit int, id func(T) uuid.UUID) oauthapp.List[T] {
	if len(items) <= limit {
		return oauthapp.List[T]{Items: items}
	}
	items = items[:limit:limit]
	last := id(items[limit-1])
	return oauthapp.List[T]{Items: items, Next: cursorEncoding.EncodeToString(last[:])}
}
