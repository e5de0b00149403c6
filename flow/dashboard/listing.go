package dashboard

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	rowsPerPage = 25
	rowsPerRead = 200
	// maxRows is how many rows of a list are read for a page: what a person
	// searches and sorts are the newest so many, and the next so many are a
	// link away, so that none is out of reach. A page shows 25 of them, and
	// stores know neither a search nor an order: an account has a hundred
	// applications by default, and a user tens of grants. The page of a
	// thousand grants takes 4 ms on SQLite and 9 ms on PostgreSQL; that of 25
	// takes 1 ms and 2 ms.
	maxRows = 1000
	// maxWords is how many words of a search are looked for.
	maxWords = 20
)

// The fields of the query that say how a list is looked at, after its prefix.
const (
	listAfter  = "after"
	listSearch = "q"
	listSort   = "sort"
	listPage   = "page"
)

// The prefixes of the two lists on an account's page.
const (
	developerList  = ""
	authorizedList = "authorized_"
)

// sorts are the orders of a list, the default one first.
var sorts = []string{"newest", "name", "used"}

// A listing is a list, and how the query says to look at it.
type listing[T any] struct {
	prefix string // of its fields in the query
	read   func(oauthapp.Page) (oauthapp.List[T], error)
	texts  func(T) []string // what a search looks at, the name first
	used   func(T) time.Time
}

// rows returns what is shown of a list, and what to tell of the rest.
func rows[T any](req *request, l listing[T]) ([]T, page.Listing, error) {
	query := req.r.URL.Query()
	found, next, err := l.window(query.Get(l.prefix + listAfter))
	if err != nil {
		return nil, page.Listing{}, err
	}
	tools := page.Listing{Field: l.prefix, All: len(found), More: next != "", Search: query.Get(l.prefix + listSearch)}
	found = l.search(found, tools.Search)
	order := query.Get(l.prefix + listSort)
	l.sort(found, order)
	for _, name := range sorts {
		tools.Sorts = append(tools.Sorts, page.Option{Value: name, Text: page.Say("list.sort_" + name), Selected: name == order})
	}
	number, _ := strconv.Atoi(query.Get(l.prefix + listPage)) // 0 for the first
	first := min(max(number-1, 0)*rowsPerPage, (max(len(found), 1)-1)/rowsPerPage*rowsPerPage)
	last := min(first+rowsPerPage, len(found))
	tools.Found, tools.First, tools.Last = len(found), first+1, last
	req.linkListing(&tools, query, next)
	return found[first:last], tools, nil
}

// linkListing adds the links to other rows of a list, whose next rows in the
// store begin after next, and what its search keeps of the query.
func (req *request) linkListing(tools *page.Listing, query url.Values, next string) {
	kept := keptQuery(query)
	pageField, afterField := tools.Field+listPage, tools.Field+listAfter
	number := (tools.First-1)/rowsPerPage + 1
	if number > 1 {
		tools.Previous = req.linkWith(kept, pageField, strconv.Itoa(number-1))
	}
	if tools.Last < tools.Found {
		tools.Next = req.linkWith(kept, pageField, strconv.Itoa(number+1))
	}
	kept.Del(pageField)
	if next != "" {
		tools.Older = req.linkWith(kept, afterField, next)
	}
	if kept.Has(afterField) {
		tools.Newest = req.linkWith(kept, afterField, "")
	}
	kept.Del(tools.Field + listSearch)
	kept.Del(tools.Field + listSort)
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		tools.Kept = append(tools.Kept, page.Pair{Name: name, Value: kept.Get(name)})
	}
}

// window reads the rows from a place on, maxRows at most, and returns the place
// where they go on.
func (l listing[T]) window(after string) (items []T, next string, err error) {
	for next = after; len(items) < maxRows; {
		list, err := l.read(oauthapp.Page{After: next, Limit: rowsPerRead})
		if err != nil {
			return nil, "", notFoundIfInvalid(err)
		}
		items, next = append(items, list.Items...), list.Next
		if next == "" {
			break
		}
	}
	return items, next, nil
}

// search returns the rows that have every word of a search, in whatever case:
// the first maxWords of them.
func (l listing[T]) search(items []T, search string) []T {
	words := strings.Fields(strings.ToLower(search))
	if len(words) == 0 {
		return items
	}
	words = words[:min(len(words), maxWords)]
	return slices.DeleteFunc(items, func(item T) bool {
		text := strings.ToLower(strings.Join(l.texts(item), "\n"))
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
}

func (l listing[T]) sort(items []T, order string) {
	switch order {
	case "name":
		slices.SortStableFunc(items, func(a, b T) int {
			return cmp.Compare(strings.ToLower(l.texts(a)[0]), strings.ToLower(l.texts(b)[0]))
		})
	case "used":
		slices.SortStableFunc(items, func(a, b T) int { return l.used(b).Compare(l.used(a)) })
	}
}

// keptQuery is what links within the page keep of its query: how each list is
// looked at.
func keptQuery(query url.Values) url.Values {
	kept := url.Values{}
	for _, prefix := range []string{developerList, authorizedList} {
		for _, name := range []string{listAfter, listSearch, listSort, listPage} {
			if value := query.Get(prefix + name); value != "" {
				kept.Set(prefix+name, value)
			}
		}
	}
	return kept
}

// linkWith returns a link to this page with one field of its query changed, or
// left out for "".
func (req *request) linkWith(query url.Values, field, value string) string {
	changed := maps.Clone(query)
	changed.Set(field, value)
	if value == "" {
		changed.Del(field)
	}
	if len(changed) == 0 {
		return req.path
	}
	return req.path + "?" + changed.Encode()
}
