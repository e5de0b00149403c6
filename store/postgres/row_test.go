package postgres

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// reading returns columns of which the one has a value of a type, in the binary
// format.
func reading(oid uint32, value []byte) *columns {
	return &columns{fields: []pgconn.FieldDescription{{DataTypeOID: oid, Format: pgx.BinaryFormatCode}}, values: [][]byte{value}}
}

// What this library did not write is an error, and never a credential, a time
// or a list that is somehow shorter.
func TestColumnsRefuse(t *testing.T) {
	var id uuid.UUID
	var digest credential.Digest
	var at time.Time
	var texts, scopes []string
	list := []byte("\x00\x00\x00\x01" + "\x00\x00\x00\x00" + "\x00\x00\x00\x19" + "\x00\x00\x00\x02" + "\x00\x00\x00\x01" +
		"\x00\x00\x00\x04read" + "\x00\x00\x00\x05write")
	row := reading(pgtype.TextArrayOID, list)
	row.texts(&texts)
	require.NoError(t, row.err)
	require.Equal(t, []string{"read", "write"}, texts)
	for length := range list {
		row := reading(pgtype.TextArrayOID, list[:length:length])
		row.texts(&texts)
		require.ErrorIs(t, row.err, errColumn, "the first %d bytes of a list", length)
	}
	// A list of a certain length, of which elements may be absent.
	one := credential.DigestOf("one")
	digests := "\x00\x00\x00\x01" + "\x00\x00\x00\x01" + "\x00\x00\x00\x11" + "\x00\x00\x00\x02" + "\x00\x00\x00\x01" + "\xff\xff\xff\xff" + "\x00\x00\x00\x20" + string(one[:])
	times := "\x00\x00\x00\x01" + "\x00\x00\x00\x01" + "\x00\x00\x04\xa0" + "\x00\x00\x00\x02" + "\x00\x00\x00\x01" + "\x00\x00\x00\x08" + "\x00\x00\x00\x00\x00\x00\x00\x01" + "\xff\xff\xff\xff"
	var read [3]credential.Digest
	var told [3]time.Time
	row = reading(pgtype.ByteaArrayOID, []byte(digests))
	row.binaries(&read[0], &read[1])
	require.NoError(t, row.err)
	require.Equal(t, [3]credential.Digest{1: one}, read)
	row = reading(pgtype.TimestamptzArrayOID, []byte(times))
	row.times(&told[0], &told[1])
	require.NoError(t, row.err)
	require.Equal(t, [3]time.Time{time.Date(2000, 1, 1, 0, 0, 0, 1000, time.UTC)}, told)
	for length := range digests {
		row := reading(pgtype.ByteaArrayOID, []byte(digests[:length]))
		row.binaries(&read[0], &read[1])
		require.ErrorIs(t, row.err, errColumn, "the first %d bytes of digests", length)
	}
	for length := range times {
		row := reading(pgtype.TimestamptzArrayOID, []byte(times[:length]))
		row.times(&told[0], &told[1])
		require.ErrorIs(t, row.err, errColumn, "the first %d bytes of times", length)
	}
	for _, c := range []struct {
		name  string
		oid   uint32
		value string
		read  func(*columns)
	}{
		{"short ID", pgtype.UUIDOID, "short", func(row *columns) { row.id(&id) }},
		{"short digest", pgtype.ByteaOID, "short", func(row *columns) { row.digest(&digest) }},
		{"short number", pgtype.Int8OID, "1234", func(row *columns) { row.number(new(int64)) }},
		{"short time", pgtype.TimestamptzOID, "1234", func(row *columns) { row.time(&at) }},
		{"infinity", pgtype.TimestamptzOID, "\x7f\xff\xff\xff\xff\xff\xff\xff", func(row *columns) { row.time(&at) }},
		{"-infinity", pgtype.TimestamptzOID, "\x80\x00\x00\x00\x00\x00\x00\x00", func(row *columns) { row.time(&at) }},
		{"matrix", pgtype.TextArrayOID, "\x00\x00\x00\x02" + string(list[4:]), func(row *columns) { row.texts(&texts) }},
		{"list with an absent text", pgtype.TextArrayOID, string(list[:20]) + "\xff\xff\xff\xff" + string(list[28:]), func(row *columns) { row.texts(&texts) }},
		{"scopes as version 1 had them", pgtype.TextArrayOID, string(list), func(row *columns) { row.scopes(&scopes) }},
		{"scopes of version 2 as a list", pgtype.TextOID, "read write", func(row *columns) { row.texts(&scopes) }},
		{"time without a zone", pgtype.TimestampOID, "12345678", func(row *columns) { row.time(&at) }},
		{"too many digests", pgtype.ByteaArrayOID, digests, func(row *columns) { row.binaries(&read[0]) }},
		{"too few digests", pgtype.ByteaArrayOID, digests, func(row *columns) { row.binaries(&read[0], &read[1], &read[2]) }},
		{"short digest among others", pgtype.ByteaArrayOID, digests[:24] + "\x00\x00\x00\x02ab", func(row *columns) { row.binaries(&read[0], &read[1]) }},
		{"digests of a length that is none", pgtype.ByteaArrayOID, digests[:20] + "\xff\xff\xff\xfe" + digests[24:], func(row *columns) { row.binaries(&read[0], &read[1]) }},
		{"matrix of digests", pgtype.ByteaArrayOID, "\x00\x00\x00\x02" + digests[4:], func(row *columns) { row.binaries(&read[0], &read[1]) }},
		{"no list of digests", pgtype.ByteaOID, digests, func(row *columns) { row.binaries(&read[0], &read[1]) }},
		{"too many times", pgtype.TimestamptzArrayOID, times, func(row *columns) { row.times(&told[0]) }},
		{"infinity among times", pgtype.TimestamptzArrayOID, times[:24] + "\x7f\xff\xff\xff\xff\xff\xff\xff" + times[32:], func(row *columns) { row.times(&told[0], &told[1]) }},
		{"times without a zone", pgtype.TimestampArrayOID, times, func(row *columns) { row.times(&told[0], &told[1]) }},
		{"missing value", pgtype.UUIDOID, "", func(row *columns) { row.values = nil; row.id(&id) }},
	} {
		row := reading(c.oid, []byte(c.value))
		c.read(row)
		require.ErrorIs(t, row.err, errColumn, c.name)
	}
	require.Zero(t, id)
	require.Zero(t, digest)
	require.Zero(t, at)
	require.Nil(t, scopes)
}

// There is no time that Go cannot tell, and no error quotes one.
func TestInfiniteTimes(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	app := create(t, s)
	for _, s := range []*Store{s, New(openPool(t, with(dsn, "default_query_exec_mode", "exec"), nil))} {
		for _, at := range []string{"infinity", "-infinity"} {
			b := begin(t, s, app.ID, "user")
			_, err := s.pool.Exec(ctx, `UPDATE oauth_sessions SET expires_at = $2::text::timestamptz WHERE id = $1`, b.Session.ID, at)
			require.NoError(t, err)
			_, err = s.Session(ctx, b.Session.ID)
			require.ErrorIs(t, err, errColumn, at)
			require.NotContains(t, err.Error(), "infinity")
		}
	}
}
