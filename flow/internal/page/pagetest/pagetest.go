// Package pagetest finds, in tests of pages, what they say that is no message.
package pagetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"golang.org/x/net/html"
)

// The marks around messages and data.
const begin, end = "⟦", "⟧"

// English is the file of the messages in English.
const English = "messages/en.json"

// Marked returns an override of every English message in some files, each with
// marks around it. Files of the host need not have any.
func Marked(t testing.TB, files ...fs.FS) fstest.MapFS {
	t.Helper()
	marked := map[string]any{}
	for _, f := range files {
		b, err := fs.ReadFile(f, English)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]any
		if err := json.Unmarshal(b, &messages); err != nil {
			t.Fatal(err)
		}
		for key, text := range messages {
			if forms, ok := text.(map[string]any); ok {
				for form, text := range forms {
					forms[form] = begin + text.(string) + end
				}
				marked[key] = forms
				continue
			}
			marked[key] = begin + text.(string) + end
		}
	}
	b, err := json.Marshal(marked)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{English: {Data: b}}
}

// Data returns a sample with marks around every text, but for the keys of
// messages and the names of fields, which templates go by. Where pages have
// keys as plain texts, isKey tells which those are; it may be left out.
func Data(sample any, isKey ...func(string) bool) any {
	if sample == nil {
		return nil
	}
	return marker{isKey}.mark(reflect.ValueOf(sample)).Interface()
}

type marker struct{ isKey []func(string) bool }

func (m marker) leaves(text string) bool {
	return text == "" || slices.ContainsFunc(m.isKey, func(is func(string) bool) bool { return is(text) })
}

func (m marker) mark(v reflect.Value) reflect.Value {
	marked := reflect.New(v.Type()).Elem()
	marked.Set(v)
	switch v.Kind() {
	case reflect.String:
		if !m.leaves(v.String()) {
			marked.SetString(begin + v.String() + end)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			marked.Set(reflect.New(v.Type().Elem()))
			marked.Elem().Set(m.mark(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			marked.Set(m.mark(v.Elem()))
		}
	case reflect.Map:
		if !v.IsNil() {
			marked.Set(reflect.MakeMap(v.Type()))
			for key, value := range v.Seq2() {
				marked.SetMapIndex(key, m.mark(value))
			}
		}
	case reflect.Slice:
		marked.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			marked.Index(i).Set(m.mark(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.IsExported() && field.Name != "Key" && field.Name != "Field" && field.Type != reflect.TypeFor[time.Time]() {
				marked.Field(i).Set(m.mark(v.Field(i)))
			}
		}
	}
	return marked
}

// Attributes that are read out or shown.
var spoken = []string{"alt", "aria-label", "data-copied", "data-copy", "data-label", "placeholder", "title"}

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
			if slices.Contains(spoken, a.Key) {
				texts = append(texts, outside(a.Val, new(int)))
			}
		}
		if n.Type == html.TextNode && n.Parent.Data != "code" && n.Parent.Data != "style" && n.Parent.Data != "script" {
			texts = append(texts, outside(n.Data, &depth))
		}
	}
	if depth != 0 {
		t.Fatal("the marks do not match")
	}
	return slices.DeleteFunc(texts, func(text string) bool { return !strings.ContainsFunc(text, unicode.IsLetter) })
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
		case string(r) == begin:
			*depth++
		case string(r) == end:
			*depth--
		case *depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}
