package postgres

import (
	"encoding/base64"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// A page token is the ID of the last item of a page, which need not exist any more.
var pageEncoding = base64.RawURLEncoding.Strict()

// parsePage returns the ID that all IDs of a page are below, and how many rows to
// read: one more than the page holds, which tells whether there is another page.
func parsePage(page oauthapp.Page) (below pgtype.UUID, rows int64, err error) {
	limit := min(page.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	if page.After == "" {
		return idValue(uuid.Max), int64(limit) + 1, nil
	}
	b, err := pageEncoding.DecodeString(page.After)
	if err != nil || len(b) != len(uuid.UUID{}) {
		return below, 0, &oauthapp.ValidationError{Fields: []oauthapp.FieldError{{
			Field:   "after",
			Message: "must be the next of the page before, or empty for the first page.",
		}}}
	}
	return pgtype.UUID{Bytes: uuid.UUID(b), Valid: true}, int64(limit) + 1, nil
}

// listOf makes a page of the rows that were read.
func listOf[T any](items []T, rows int64, id func(T) uuid.UUID) oauthapp.List[T] {
	if int64(len(items)) < rows {
		return oauthapp.List[T]{Items: items}
	}
	items = items[:rows-1]
	last := id(items[len(items)-1])
	return oauthapp.List[T]{Items: items, Next: pageEncoding.EncodeToString(last[:])}
}
