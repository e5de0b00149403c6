package page

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// alwaysGiven are fields that no page goes without, and neverGiven those that a
// sample cannot have.
var (
	alwaysGiven = []string{"Consent.Accounts", "Consent.Scopes", "Error.Message", "Error.Title", "Link.Text", "Resource.Name"}
	neverGiven  = []string{"Consent.Remarks", "Moment.Zone"} // remarks are said by capabilities
)

// TestSamplesShowEveryState: whatever the pages of the flow can show or leave
// out is shown by one of the samples with a state, and left out by another.
func TestSamplesShowEveryState(t *testing.T) {
	for _, page := range []string{consentFile, "error.html"} {
		list := samples()[page]
		seen := map[string]map[bool]bool{}
		for _, sample := range list {
			if sample.State != "" {
				note(seen, reflect.ValueOf(sample.Data))
			}
		}
		var missing []string
		for _, field := range slices.Sorted(maps.Keys(seen)) {
			if !seen[field][true] && !slices.Contains(neverGiven, field) {
				missing = append(missing, field+" is never given")
			}
			if !seen[field][false] && !slices.Contains(alwaysGiven, field) {
				missing = append(missing, field+" is always given")
			}
		}
		require.Empty(t, missing, page)
	}
}

// note notes for each field below a value whether it is given.
func note(seen map[string]map[bool]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			note(seen, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			note(seen, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[Message]() {
				continue
			}
			name := v.Type().Name() + "." + field.Name
			switch field.Type.Kind() {
			case reflect.Bool, reflect.Pointer, reflect.Slice:
				if seen[name] == nil {
					seen[name] = map[bool]bool{}
				}
				seen[name][!v.Field(i).IsZero()] = true
			}
			note(seen, v.Field(i))
		}
	}
}
