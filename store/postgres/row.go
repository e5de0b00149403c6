package postgres

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Columns are read into the types below. What is absent (NULL) reads as zero.

type (
	idColumn     uuid.UUID
	digestColumn credential.Digest
	timeColumn   time.Time
	textColumn   string
)

func (c *idColumn) ScanUUID(v pgtype.UUID) error {
	*c = v.Bytes // zero for NULL
	return nil
}

var errDigest = errors.New("a column holds no digest, which this library did not write")

func (c *digestColumn) ScanBytes(v []byte) error {
	*c = digestColumn{}
	if v != nil && copy(c[:], v) != len(c) || len(v) > len(c) {
		return errDigest
	}
	return nil
}

func (c *timeColumn) ScanTimestamptz(v pgtype.Timestamptz) error {
	*c = timeColumn(v.Time.UTC()) // zero for NULL
	return nil
}

func (c *textColumn) ScanText(v pgtype.Text) error {
	*c = textColumn(v.String)
	return nil
}

// What is the zero value of its kind is kept as NULL by the functions below, but
// for the two that follow, which are for columns that every row has.

func instant(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: true} }

func listValue(list []string) []string {
	if list == nil {
		return []string{} // nil is NULL
	}
	return list
}

func idValue(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

func timeValue(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

func textValue(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }

func digestValue(d credential.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

// ownerValue is NULL, which matches every owner, for AnyOwner.
func ownerValue(owner string) pgtype.Text {
	return pgtype.Text{String: owner, Valid: owner != oauthapp.AnyOwner}
}

// isText reports whether PostgreSQL can hold these texts. What it cannot, nobody has kept: it is not found,
// where the database would fail.
func isText(texts ...string) bool {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return false
		}
	}
	return true
}
