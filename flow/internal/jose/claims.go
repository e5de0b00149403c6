package jose

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Claims are those of a token (RFC 7519, section 4). One that is null is no
// string and no time.
type Claims struct{ members members }

// All returns the claims in JSON, by name. They are shared, and not to be
// changed.
func (c Claims) All() map[string]json.RawMessage { return c.members }

// Has reports whether there is a claim.
func (c Claims) Has(name string) bool { return c.members.has(name) }

// Text returns a claim that is a string, or "" where there is none.
func (c Claims) Text(name string) (string, error) {
	s, ok := c.members.text(name)
	if !ok {
		return "", fmt.Errorf("%s is no string", name)
	}
	return s, nil
}

// Audience returns "aud", which is a string or an array of strings, in the
// order in which they stand there, or nothing where there is none.
func (c Claims) Audience() ([]string, error) {
	if !c.Has("aud") {
		return nil, nil
	}
	if one, ok := c.members.text("aud"); ok {
		return []string{one}, nil
	}
	var several []*string
	if json.Unmarshal(c.members["aud"], &several) != nil || several == nil || slices.Contains(several, nil) {
		return nil, errors.New("aud is no string and no array of strings")
	}
	audience := make([]string, len(several))
	for i, one := range several {
		audience[i] = *one
	}
	return audience, nil
}

// maxDate is the first second of the year 10000.
const maxDate = 253402300800

// Time returns a claim that is a NumericDate (RFC 7519, section 2) from 1970 to
// 9999, to the microsecond, or the zero time where there is none.
func (c Claims) Time(name string) (time.Time, error) {
	if !c.Has(name) {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(string(c.members[name]), 64)
	if err != nil || !(seconds >= 0 && seconds < maxDate) {
		return time.Time{}, fmt.Errorf("%s is no number of seconds since 1970", name)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC().Truncate(time.Microsecond), nil
}
