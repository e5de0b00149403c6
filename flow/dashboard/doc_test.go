package dashboard_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// A host that overrides a page has no other list of its data than the package
// comment.
func TestDocTellsWhatPagesReceive(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(doc), "and in those of the library\n")
	require.True(t, found)
	list, _, found = strings.Cut(list, "// Times have")
	require.True(t, found)
	for name, data := range map[string]any{
		"consent.html":          page.Consent{},
		"error.html":            page.Error{},
		"applications.html":     page.Applications{},
		"application.html":      page.Application{},
		"application_form.html": page.ApplicationForm{},
		"revoke_tokens.html":    page.Warning{},
	} {
		_, section, found := strings.Cut(list, "//\t"+name)
		require.True(t, found, name)
		if name != "revoke_tokens.html" { // the other warnings receive the same
			section, _, _ = strings.Cut(section, ".html")
		}
		words := strings.FieldsFunc(section, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') })
		for _, field := range fieldNames(reflect.TypeOf(data)) {
			require.Contains(t, words, field, name)
		}
	}
}

// fieldNames lists the fields of a struct and of the structs in it, but for
// times and messages.
func fieldNames(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[page.Moment]() || t == reflect.TypeFor[page.Message]() || t.PkgPath() == "time" {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		if !t.Field(i).Anonymous {
			names = append(names, t.Field(i).Name)
		}
		names = append(names, fieldNames(t.Field(i).Type)...)
	}
	return names
}
