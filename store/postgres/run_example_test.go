package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/postgres"
)

// The example that needs a database runs where there is one to test in.
func TestExampleNew(t *testing.T) {
	dsn := postgres.NewSchema(t)
	t.Setenv("DATABASE_URL", dsn)
	ExampleNew()

	pool, err := pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	defer pool.Close()
	var name string
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT name FROM oauth_applications").Scan(&name))
	require.Equal(t, "Zonewatch", name)
}
