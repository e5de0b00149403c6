package page

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
)

// order is that in which languages are offered: English, which is for those who
// want none of them, the others of the library, and those of the host.
var order = []language.Tag{
	language.English, language.German, language.French, language.Spanish, language.Portuguese, language.Japanese, language.Arabic,
}

// An edition is the pages in one language.
type edition struct {
	tag      language.Tag
	messages messages
	missing  []string // keys of those that are in English alone
	now      func() time.Time

	mu    sync.Mutex
	pages map[string]*template.Template
}

// page returns a page in the language. It is made at its first use: that of all
// pages in all languages would take as long as everything else in New, ten
// times over.
func (l *edition) page(name string, parsed *template.Template) (*template.Template, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, made := l.pages[name]; made {
		return t, nil
	}
	t, err := parsed.Clone()
	if err != nil {
		return nil, err
	}
	l.pages[name] = t.Funcs(l.funcs())
	return t, nil
}

// rightToLeft are the scripts that are written so.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}

// dir is the direction of the language's script, for the attribute.
func (l *edition) dir() string {
	if script, _ := l.tag.Script(); slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// funcs are what templates say things with.
func (l *edition) funcs() template.FuncMap {
	return template.FuncMap{
		"msg": l.msg, "mark": Mark, "number": l.number,
		"ago": l.ago, "date": l.date, "when": l.when, "exact": l.exact,
		"lang": l.tag.String, "dir": l.dir,
	}
}

// Mark returns a text in elements, the outer one first: mark "strong.exact bdi"
// makes <strong class="exact"><bdi>text</bdi></strong>. So an argument of a
// message has its markup.
func Mark(elements string, text any) template.HTML {
	html, ok := text.(template.HTML)
	if !ok {
		html = template.HTML(template.HTMLEscaper(text))
	}
	for _, element := range slices.Backward(strings.Fields(elements)) {
		name, class, found := strings.Cut(element, ".")
		if found {
			class = ` class="` + class + `"`
		}
		html = template.HTML("<" + name + class + ">" + string(html) + "</" + name + ">")
	}
	return html
}

// editions returns one for each language that the host wants, the default one
// first.
func (o Options) editions() ([]*edition, error) {
	all, err := o.readCatalogue()
	if err != nil {
		return nil, err
	}
	tags, err := o.tags(all)
	if err != nil {
		return nil, err
	}
	editions := make([]*edition, len(tags))
	for i, tag := range tags {
		l := &edition{tag: tag, now: o.Now, pages: map[string]*template.Template{}}
		l.messages, l.missing = all.of(tag)
		editions[i] = l
	}
	return editions, nil
}

// tags are the languages that the host names, or else all that there are.
func (o Options) tags(all catalogue) ([]language.Tag, error) {
	if len(o.Languages) == 0 {
		place := func(tag language.Tag) int { return slices.Index(slices.Concat(order, []language.Tag{tag}), tag) }
		return slices.SortedFunc(maps.Keys(all), func(a, b language.Tag) int {
			return cmp.Or(place(a)-place(b), strings.Compare(a.String(), b.String()))
		}), nil
	}
	var tags []language.Tag
	for _, name := range o.Languages {
		tag, err := language.Parse(name)
		if err != nil {
			return nil, &OptionError{"Languages", fmt.Errorf("has %q, which is no tag of BCP 47", name)}
		}
		if !slices.ContainsFunc(lineage(tag), func(tag language.Tag) bool { return all[tag] != nil }) {
			return nil, &OptionError{"Languages", fmt.Errorf("has %s, and there is no messages/%s.json", name, tag)}
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

// Languages are those that the pages are in, the default one first.
func (s *Set) Languages() []string {
	tags := make([]string, len(s.editions))
	for i, l := range s.editions {
		tags[i] = l.tag.String()
	}
	return tags
}

// Missing are the keys of the messages that a language has in English alone,
// sorted.
func (s *Set) Missing(tag string) []string {
	for _, l := range s.editions {
		if l.tag.String() == tag {
			return l.missing
		}
	}
	return nil
}

type (
	languageKey struct{} // of WithLanguage
	localesKey  struct{} // of WithLocales
	marksKey    struct{} // of WithMarks
)

// maxPreferences bounds, in bytes, what is read of a reader's languages, as
// each is compared with all that there are.
const maxPreferences = 1 << 10

func bounded(preferences string) string {
	if len(preferences) > maxPreferences {
		return ""
	}
	return preferences
}

// preferred returns the languages of a list as in Accept-Language (RFC 9110,
// section 12.5.4), the most wanted first. An entry that cannot be read names
// none: browsers send some that are malformed among others that are not.
func preferred(list string) []language.Tag {
	type entry struct {
		tag    language.Tag
		weight float32
	}
	var entries []entry
	for text := range strings.SplitSeq(bounded(list), ",") {
		tags, weights, _ := language.ParseAcceptLanguage(text)
		for i, tag := range tags {
			entries = append(entries, entry{tag, weights[i]})
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]language.Tag, len(entries))
	for i, e := range entries {
		tags[i] = e.tag
	}
	return tags
}

// WithLocales returns a request whose pages are in the language that its client
// asks for, where the host has none for the reader: tags of BCP 47, in order of
// preference (ui_locales of OpenID Connect Core 1.0, section 3.1.2.1).
func WithLocales(r *http.Request, locales string) *http.Request {
	return withTags(r, localesKey{}, locales)
}

// WithLanguage returns a request whose pages are in a language whatever the
// host says of the reader, for those who look at pages in other languages.
func WithLanguage(r *http.Request, tag string) *http.Request {
	return withTags(r, languageKey{}, tag)
}

func withTags(r *http.Request, key any, locales string) *http.Request {
	var tags []language.Tag
	for _, locale := range strings.Fields(bounded(locales)) {
		if tag, err := language.Parse(locale); err == nil {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), key, tags))
}

// WithMarks returns a request whose pages have marks around every message, for
// tests that look for what else they say.
func WithMarks(r *http.Request, begin, end string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), marksKey{}, [2]string{begin, end}))
}

// marked is the edition with marks around every message.
func (l *edition) marked(begin, end string) *edition {
	around := &edition{tag: l.tag, now: l.now, pages: map[string]*template.Template{}, messages: messages{}}
	for key, t := range l.messages {
		around.messages[key] = text{}
		for form, p := range t {
			around.messages[key][form] = slices.Concat(pattern{{html: begin}}, p, pattern{{html: end}})
		}
	}
	return around
}

// edition returns the pages in the language for a request: the one that
// [WithLanguage] names, or else the one that the host says, or else the first
// that its client asks for and there is, or else the best for the browser, or
// else the default one.
func (s *Set) edition(r *http.Request) *edition {
	l := s.inLanguage(r)
	if marks, ok := r.Context().Value(marksKey{}).([2]string); ok {
		return l.marked(marks[0], marks[1])
	}
	return l
}

func (s *Set) inLanguage(r *http.Request) *edition {
	if len(s.editions) == 1 {
		return s.editions[0]
	}
	set := ask(s, r, "Language", s.options.Language, "")
	shown, _ := r.Context().Value(languageKey{}).([]language.Tag)
	asked, _ := r.Context().Value(localesKey{}).([]language.Tag)
	for _, tag := range slices.Concat(shown, preferred(set), asked, preferred(r.Header.Get("Accept-Language"))) {
		// One by one, as a match of all together prefers one that is exact.
		if _, i, confidence := s.matcher.Match(tag); confidence > language.No {
			return s.editions[i]
		}
	}
	return s.editions[0]
}
