package postgres

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// reading returns columns that hold values in the binary format.
func reading(values ...[]byte) *columns {
	fields := make([]pgconn.FieldDescription, len(values))
	for i := range fields {
		fields[i].Format = pgx.BinaryFormatCode
	}
	return &columns{fields: fields, values: values}
}

// What this library did not write is an error, and never a credential, a time or a list that is somehow shorter.
func TestColumnsRefuse(t *testing.T) {
	var id uuid.UUID
	var digest credential.Digest
	var texts []string
	list := []byte("\x00\x00\x00\x01" + "\x00\x00\x00\x00" + "\x00\x00\x00\x19" + "\x00\x00\x00\x02" + "\x00\x00\x00\x01" +
		"\x00\x00\x00\x04read" + "\x00\x00\x00\x05write")
	row := reading(list)
	row.texts(&texts)
	require.NoError(t, row.err)
	require.Equal(t, []string{"read", "write"}, texts)
	for length := range list {
		row := reading(list[:length:length])
		row.texts(&texts)
		require.ErrorIs(t, row.err, errColumn, "the first %d bytes of a list", length)
	}
	for name, read := range map[string]func(*columns){
		"id":            func(row *columns) { row.id(&id) },
		"digest":        func(row *columns) { row.digest(&digest) },
		"number":        func(row *columns) { row.number(new(int64)) },
		"matrix":        func(row *columns) { row.values[0] = append([]byte{0, 0, 0, 2}, list[4:]...); row.texts(&texts) },
		"missing value": func(row *columns) { row.values = nil; row.id(&id) },
	} {
		row := reading([]byte("short"))
		read(row)
		require.ErrorIs(t, row.err, errColumn, name)
	}
	require.Zero(t, id)
	require.Zero(t, digest)
}
