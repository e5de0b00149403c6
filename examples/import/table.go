package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A row is one of a table: the text of each column by its name, "" for NULL.
// Columns differ between versions of a system; what is not there is "".
type row map[string]string

func readTable(ctx context.Context, db *sql.DB, table string) ([]row, error) {
	found, err := db.QueryContext(ctx, "SELECT * FROM "+table+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		return nil, err
	}
	var rows []row
	for found.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		r := row{}
		for i, name := range names {
			r[name] = values[i].String
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// isTrue reads a boolean, as PostgreSQL and MySQL have it.
func (r row) isTrue(column string) bool { return slices.Contains([]string{"true", "1"}, r[column]) }

// list reads a list: JSON, or divided by white space or another separator.
func (r row) list(column, separator string) (items []string) {
	if json.Unmarshal([]byte(r[column]), &items) == nil {
		return items
	}
	return strings.Fields(strings.ReplaceAll(r[column], separator, " "))
}

// time reads a time, and the zero time where there is none.
func (r row) time(column string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime} {
		if at, err := time.Parse(layout, r[column]); err == nil {
			return at
		}
	}
	return time.Time{}
}
