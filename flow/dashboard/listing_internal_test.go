package dashboard

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSearch(t *testing.T) {
	l := listing[string]{texts: func(s string) []string { return []string{s} }}
	names := func() []string { return []string{"Blue Whale", "whale", "blue"} }
	require.Equal(t, []string{"Blue Whale"}, l.search(names(), "whale  BLUE"))
	require.Equal(t, names(), l.search(names(), " "))
}

// A query string has room for half a million words, each of which would be
// looked for in a thousand rows. This takes milliseconds, and seconds otherwise.
func TestASearchOfManyWordsTakesNoTime(t *testing.T) {
	l := listing[string]{texts: func(s string) []string { return []string{s} }}
	items := make([]string, maxRows)
	for i := range items {
		items[i] = strings.Repeat("x", 200) + "a"
	}
	began := time.Now()
	l.search(items, strings.Repeat("a ", 500_000))
	require.Less(t, time.Since(began), 2*time.Second)
}
