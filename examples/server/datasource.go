package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/postgres"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// A dataSource says which store to open.
type dataSource struct {
	kind storeKind
	path string // of the SQLite file
	url  string // of the PostgreSQL database; may hold a password
}

type storeKind int

const (
	memoryStore storeKind = iota
	sqliteStore
	postgresStore
)

func parseDataSource(dsn string) (dataSource, error) {
	path, isSQLite := strings.CutPrefix(dsn, "sqlite:")
	switch {
	case dsn == "memory":
		return dataSource{kind: memoryStore}, nil
	case isSQLite && path == "":
		return dataSource{}, errors.New("-store sqlite: wants the path of a file, as in sqlite:oauthapps.db")
	case isSQLite && strings.HasPrefix(path, ":memory:"):
		return dataSource{}, errors.New("-store sqlite::memory: keeps nothing; use -store memory")
	case isSQLite:
		return dataSource{kind: sqliteStore, path: path}, nil
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		return dataSource{kind: postgresStore, url: dsn}, nil
	}
	// The value is not repeated: it may hold a password.
	return dataSource{}, errors.New("-store: want memory, postgres://... or sqlite:PATH")
}

// A pingableStore is a store, and how to find out whether it can be written.
type pingableStore interface {
	store.Store
	Ping(context.Context) error
}

// A closingStore is a store, and how to let go of it.
type closingStore interface {
	pingableStore
	io.Closer
}

func openStore(ctx context.Context, source dataSource) (closingStore, error) {
	switch source.kind {
	case memoryStore:
		return forgetful{memory.New()}, nil
	case sqliteStore:
		st, err := sqlite.Open(ctx, source.path)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", source.path, err)
		}
		return st, nil
	}
	return postgres.Open(ctx, source.url) // its errors say what they are about, without the password
}

// forgetful is the memory store, which has nothing to close.
type forgetful struct{ *memory.Store }

func (forgetful) Close() error { return nil }
