package postgres

import "github.com/jackc/pgx/v5/pgxpool"

// A Store keeps everything in one schema of a PostgreSQL database.
type Store struct {
	pool *pgxpool.Pool
}
