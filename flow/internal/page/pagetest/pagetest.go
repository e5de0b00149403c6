// Package pagetest finds, in tests of pages, what they say that is no message.
package pagetest

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"
)

// Begin and End are the marks around messages and data.
const Begin, End = "⟦", "⟧"

// Data returns a sample of the library with marks around every text, but for
// the keys of messages and the names of fields, which templates go by.
func Data(sample any) any {
	return newMarker(func(field, _ string) bool { return field == "Key" || field == "Field" }).data(sample)
}

// HostData returns the data of a page of the host's with marks around every
// text that is no key of a message.
func HostData(data any, isKey func(text string) bool) any {
	return newMarker(func(_, text string) bool { return isKey(text) }).data(data)
}

// A marker puts marks around the texts of data.
type marker struct {
	leaves func(field, text string) bool
	made   map[pointer]reflect.Value // of pointers that were met: data can lead in a circle
}

type pointer struct {
	to  uintptr
	typ reflect.Type
}

func newMarker(leaves func(field, text string) bool) marker {
	return marker{leaves, map[pointer]reflect.Value{}}
}

func (m marker) data(of any) any {
	if of == nil {
		return nil
	}
	return m.mark("", reflect.ValueOf(of)).Interface()
}

// mark returns a value with marks; field is the one of a struct that has it.
func (m marker) mark(field string, v reflect.Value) reflect.Value {
	marked := reflect.New(v.Type()).Elem()
	marked.Set(v)
	switch v.Kind() {
	case reflect.String:
		if v.Len() > 0 && !m.leaves(field, v.String()) {
			marked.SetString(Begin + v.String() + End)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			met := pointer{v.Pointer(), v.Type()}
			if made, ok := m.made[met]; ok {
				return made
			}
			marked.Set(reflect.New(v.Type().Elem()))
			m.made[met] = marked
			marked.Elem().Set(m.mark(field, v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			marked.Set(m.mark(field, v.Elem()))
		}
	case reflect.Map:
		if !v.IsNil() {
			marked.Set(reflect.MakeMap(v.Type()))
			for key, value := range v.Seq2() {
				marked.SetMapIndex(key, m.mark(field, value))
			}
		}
	case reflect.Slice:
		marked.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			marked.Index(i).Set(m.mark(field, v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && f.Type != reflect.TypeFor[time.Time]() {
				marked.Field(i).Set(m.mark(f.Name, v.Field(i)))
			}
		}
	}
	return marked
}

// Attributes that are read out or shown.
var spoken = []string{
	"alt", "aria-description", "aria-label", "aria-placeholder", "aria-roledescription", "aria-valuetext",
	"data-copied", "data-copy", "data-label", "label", "placeholder", "title",
}

// silent are the elements whose text is not in a language of people.
var silent = []string{"code", "script", "style"}

// Unsaid returns the texts of a page that are neither messages nor data. What
// is in <code>, or written for programs, is no text. What is in an element with
// a language of its own, such as the name of that language, is in that one on
// every page.
func Unsaid(t testing.TB, body []byte) []string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	depth := 0
	for n := range root.Descendants() {
		if hasOwnLanguage(n) {
			continue
		}
		for _, a := range n.Attr {
			if slices.Contains(spoken, a.Key) || a.Key == "value" && isButton(n) {
				texts = append(texts, outside(a.Val, new(int)))
			}
		}
		if n.Type == html.TextNode && !isSilent(n) {
			texts = append(texts, outside(n.Data, &depth))
		}
	}
	if depth != 0 {
		t.Fatal("the marks do not match")
	}
	return slices.DeleteFunc(texts, func(text string) bool { return !strings.ContainsFunc(text, unicode.IsLetter) })
}

// isButton reports whether an element is an input that shows its value as what
// it does.
func isButton(n *html.Node) bool {
	return n.Data == "input" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
		return a.Key == "type" && (a.Val == "submit" || a.Val == "button" || a.Val == "reset")
	})
}

// isSilent reports whether a node is in an element that is silent.
func isSilent(n *html.Node) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		if slices.Contains(silent, n.Data) {
			return true
		}
	}
	return false
}

// hasOwnLanguage reports whether a node is in an element that says its language
// itself, below that of the page.
func hasOwnLanguage(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Data != "html" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "lang" }) {
			return true
		}
	}
	return false
}

// outside returns what of a text is outside of marks, which can begin in one
// text and end in another.
func outside(text string, depth *int) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case string(r) == Begin:
			*depth++
		case string(r) == End:
			*depth--
		case *depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}
