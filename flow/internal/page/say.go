package page

import (
	"fmt"
	"html/template"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/message"
)

// msg returns a message in the language, for templates: the one of a key, or a
// [*Message].
func (l *edition) msg(what any, args ...any) (template.HTML, error) {
	switch m := what.(type) {
	case nil:
		return "", nil
	case *Message:
		if m == nil {
			return "", nil
		}
		return l.say(m.Key, m.Args)
	case string:
		return l.say(m, args)
	}
	return "", fmt.Errorf("%T is no message", what)
}

func (l *edition) say(key string, args []any) (template.HTML, error) {
	if key == "" {
		return l.sentences(args)
	}
	t, ok := l.messages[key]
	if !ok {
		return "", fmt.Errorf("there is no message %q", key)
	}
	p := t[plural.Other]
	if len(t) > 1 && len(args) > 0 {
		n, ok := args[0].(int)
		if !ok {
			return "", fmt.Errorf("the message %q counts its first argument, which is no int", key)
		}
		if form, has := t[pluralForm(l.tag, n)]; has {
			p = form
		}
	}
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece.html)
		if piece.arg == 0 {
			continue
		}
		if piece.arg > len(args) {
			return "", fmt.Errorf("the message %q is without its argument {%d}", key, piece.arg)
		}
		html, err := l.argument(args[piece.arg-1])
		if err != nil {
			return "", err
		}
		b.WriteString(string(html))
	}
	return template.HTML(b.String()), nil
}

// isolate keeps what a text from left to right begins and ends with, such as
// the punctuation of a URL, where it stands in one from right to left: between
// the marks of Unicode Standard Annex 9, section 2.7.2, which stand in titles
// and attributes too.
func isolate(s string) string { return "\u2068" + s + "\u2069" }

// number is a count as people of the language write it, in the digits that its
// times have: "1,000", "1.000".
func (l *edition) number(n int) template.HTML {
	tag, err := l.tag.SetTypeForKey("nu", "latn")
	if err != nil {
		tag = l.tag
	}
	return template.HTML(message.NewPrinter(tag).Sprint(n))
}

// sentences returns arguments one after another.
func (l *edition) sentences(args []any) (template.HTML, error) {
	said := make([]string, len(args))
	for i, arg := range args {
		html, err := l.argument(arg)
		if err != nil {
			return "", err
		}
		said[i] = string(html)
	}
	return template.HTML(strings.Join(said, " ")), nil
}

// argument returns an argument of a message as HTML.
func (l *edition) argument(arg any) (template.HTML, error) {
	switch v := arg.(type) {
	case template.HTML:
		return v, nil
	case string:
		if l.dir() == "rtl" {
			v = isolate(v)
		}
		return template.HTML(template.HTMLEscapeString(v)), nil
	case int:
		return l.number(v), nil
	case *Message:
		return l.msg(v)
	case Moment:
		return l.when(v)
	case Ago:
		return l.ago(Moment(v))
	}
	return "", fmt.Errorf("%T is no argument of a message", arg)
}
