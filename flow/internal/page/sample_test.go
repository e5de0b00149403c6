package page

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// alwaysGiven are fields that no page goes without, and neverGiven those that a
// sample cannot have. unused are fields of data that several pages share, by
// the page that says nothing of them.
var (
	alwaysGiven = []string{
		"Application.Callbacks", "Change.Label", "Consent.Accounts", "Consent.Scopes", "Error.Message", "Error.Title", "Field.Hint", "Field.Label",
		"Link.Text", "Option.Text", "Problem.Message", "Refusal.Remedy", "Resource.Name",
	}
	neverGiven = []string{"Consent.Remarks", "Moment.Zone"} // remarks are said by capabilities
	unused     = map[string][]string{
		"applications.html":         {"Option.Hint"},
		"revoke_tokens.html":        {"Warning.Problems"},
		"revoke_secret.html":        {"Warning.Problems"},
		"transfer_application.html": {"Usage.More", "Warning.Itself", "Warning.Problems"},
	}
)

// TestSamplesShowEveryState: whatever the pages can show or leave
// out is shown by one of the samples with a state, and left out by another.
func TestSamplesShowEveryState(t *testing.T) {
	for page, list := range samples() {
		seen := map[string]map[bool]bool{}
		for _, sample := range list {
			if sample.State != "" {
				note(seen, reflect.ValueOf(sample.Data))
			}
		}
		var missing []string
		for _, field := range slices.Sorted(maps.Keys(seen)) {
			if slices.Contains(unused[page], field) {
				continue
			}
			if !seen[field][true] && !slices.Contains(neverGiven, field) {
				missing = append(missing, field+" is never given")
			}
			if !seen[field][false] && !slices.Contains(alwaysGiven, field) {
				missing = append(missing, field+" is always given")
			}
		}
		assert.Empty(t, missing, page)
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
