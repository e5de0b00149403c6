package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A Message is something that a page says: the key of a text in the catalogue,
// and what stands in it for {1}, {2} and so on. nil says nothing. Arguments are
// strings and numbers, a [Moment], an [Ago], and further messages. Without a
// key it is its arguments, one after another.
type Message struct {
	Key  string
	Args []any
}

// unsaid is what a message is where a template prints it without msg.
const unsaid = "message that is not said"

// String is for templates that print a message instead of saying it, which no
// page may do: see [Set.check].
func (Message) String() string { return unsaid }

// Say returns a message.
func Say(key string, args ...any) *Message { return &Message{key, args} }

// Plain returns what somebody else says, in their own words.
func Plain(words string) *Message { return &Message{Args: []any{words}} }

// Messages are those of the library. They stand in files messages/TAG.json, one
// for each language, whose tag is one of BCP 47. Each has texts by their keys.
// A text that counts something is an object of one text for each plural
// category of the language, such as "one" and "other", of which the argument
// {1} chooses. A text has no markup but <strong> and <em>; arguments are
// escaped.
//
//go:embed messages/*.json
var Messages embed.FS

const messagesGlob = "messages/*.json"

// fallback is the language of what another one lacks, in which each message is.
var fallback = language.English

// A text is a message in one language: a pattern for each plural category,
// where it counts something, and [plural.Other] otherwise.
type text map[plural.Form]pattern

// A pattern is pieces of HTML and what stands between them.
type pattern []piece

type piece struct {
	html string
	arg  int // which argument follows; 0: none
}

// messages are those of one language, by their keys.
type messages map[string]text

// catalogue are those of all languages that there are files for.
type catalogue map[language.Tag]messages

// readOwn reads the messages of the library, once for all providers: there are
// thousands, and they are the same for each.
var readOwn = sync.OnceValues(func() (catalogue, error) {
	own := catalogue{}
	if err := own.read(Messages, false); err != nil {
		return nil, err
	}
	return own, own.check(own)
})

// readCatalogue reads the messages of the library and its capabilities, and
// those of the host, which take their places.
func (o Options) readCatalogue() (catalogue, error) {
	own, err := readOwn()
	if err != nil {
		return nil, err
	}
	all, added := catalogue{}, catalogue{}
	all.add(own)
	for _, further := range o.Further {
		if err := added.read(further.Files, false); err != nil {
			return nil, err
		}
	}
	for tag, messages := range added {
		for key := range messages {
			if _, there := all[tag][key]; there {
				return nil, wrap(messagesFile(tag), fmt.Errorf("%s: is there already", key))
			}
		}
	}
	for key, words := range o.Words {
		if added[fallback] == nil {
			added[fallback] = messages{}
		}
		added[fallback][key] = text{plural.Other: {{html: template.HTMLEscapeString(words)}}}
	}
	all.add(added)
	if err := all.check(added); err != nil {
		return nil, err
	}
	overrides := catalogue{}
	if err := overrides.read(o.Overrides, true); err != nil {
		return nil, err
	}
	if err := all.checkOverrides(overrides); err != nil {
		return nil, err
	}
	all.add(overrides)
	return all, all.check(overrides)
}

// add adds the messages of another catalogue, in place of those of the same
// keys.
func (all catalogue) add(more catalogue) {
	for tag, added := range more {
		if all[tag] == nil {
			all[tag] = messages{}
		}
		maps.Copy(all[tag], added)
	}
}

func messagesFile(tag language.Tag) string { return fmt.Sprintf("messages/%s.json", tag) }

// read adds the messages of all files. override tells that they may be there
// already.
func (all catalogue) read(source fs.FS, override bool) error {
	if source == nil {
		return nil
	}
	files, err := fs.Glob(source, messagesGlob)
	if err != nil {
		return err
	}
	for _, file := range files {
		tag, err := language.Parse(strings.TrimSuffix(path.Base(file), ".json"))
		if err != nil {
			return wrap(file, errors.New("its name must be a language tag, such as de.json"))
		}
		read, err := readMessages(source, file, tag)
		if err != nil {
			return wrap(file, err)
		}
		if all[tag] == nil {
			all[tag] = messages{}
		}
		for key, t := range read {
			if _, there := all[tag][key]; there && !override {
				return wrap(file, fmt.Errorf("%s: is there already", key))
			}
			all[tag][key] = t
		}
	}
	return nil
}

func readMessages(source fs.FS, file string, tag language.Tag) (messages, error) {
	b, err := fs.ReadFile(source, file)
	if err != nil {
		return nil, err
	}
	var written map[string]any
	if err := json.Unmarshal(b, &written); err != nil {
		return nil, err
	}
	read := messages{}
	for key, value := range written {
		t, err := parseText(value, tag)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		read[key] = t
	}
	return read, nil
}

var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// parseText reads a text, which has one pattern or, as an object, one for each
// plural category of the language.
func parseText(value any, tag language.Tag) (text, error) {
	if s, ok := value.(string); ok {
		p, err := parsePattern(s)
		return text{plural.Other: p}, err
	}
	forms, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("must be a text, or an object of texts by plural category")
	}
	t := text{}
	for name, value := range forms {
		s, ok := value.(string)
		form, known := pluralForms[name]
		if !ok || !known {
			return nil, fmt.Errorf("%s: must be a text for a plural category", name)
		}
		p, err := parsePattern(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t[form] = p
	}
	needed := categories(tag)
	for name, form := range pluralForms {
		if _, has := t[form]; has != needed[form] {
			return nil, fmt.Errorf("must have a text for each plural category of the language and no other: %s", name)
		}
	}
	return t, nil
}

// categories are the plural categories that whole numbers have in a language,
// and other, which every language has.
func categories(tag language.Tag) map[plural.Form]bool {
	needed := map[plural.Form]bool{plural.Other: true}
	for n := range 200 {
		needed[pluralForm(tag, n)] = true
	}
	return needed
}

func pluralForm(tag language.Tag, n int) plural.Form {
	return plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
}

var (
	argument = regexp.MustCompile(`\{[1-9]\}`)
	markup   = regexp.MustCompile(`</?(strong|em)>`)
)

// matches reports whether each element of a text ends within the one around it.
func matches(s string) bool {
	var open []string
	for _, tag := range markup.FindAllString(s, -1) {
		name, ends := strings.CutPrefix(tag[1:], "/")
		switch {
		case !ends:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return false
		default:
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

// parsePattern takes a text apart.
func parsePattern(s string) (pattern, error) {
	rest := argument.ReplaceAllString(s, ".") // which keeps apart what stands around an argument
	if strings.ContainsAny(markup.ReplaceAllString(rest, ""), "<>{}") {
		return nil, errors.New("has markup other than <strong> and <em>, or an argument other than {1} to {9}")
	}
	if !matches(s) {
		return nil, errors.New("has markup that does not match")
	}
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("is empty")
	}
	s = strings.ReplaceAll(s, "&", "&amp;")
	var p pattern
	for {
		at := argument.FindStringIndex(s)
		if at == nil {
			return append(p, piece{html: s}), nil
		}
		p = append(p, piece{s[:at[0]], int(s[at[0]+1] - '0')})
		s = s[at[1]:]
	}
}

// tokens are the arguments and the markup of a pattern, in a fixed order.
func (p pattern) tokens() []string {
	var found []string
	for _, piece := range p {
		found = append(found, markup.FindAllString(piece.html, -1)...)
		if piece.arg > 0 {
			found = append(found, "{"+strconv.Itoa(piece.arg)+"}")
		}
	}
	slices.Sort(found)
	return found
}

// arguments are the numbers of those that a pattern has.
func (p pattern) arguments() []int {
	var found []int
	for _, piece := range p {
		if piece.arg > 0 {
			found = append(found, piece.arg)
		}
	}
	return found
}

// check holds the texts that were added against those in English: each must
// have the same arguments and markup. Where it counts, the words may tell the
// number instead of {1}, such as "one user".
func (all catalogue) check(added catalogue) error {
	for tag, messages := range added {
		file := messagesFile(tag)
		for key, t := range messages {
			english, ok := all[fallback][key]
			if !ok {
				return wrap(file, fmt.Errorf("%s: is not in %s.json", key, fallback))
			}
			if len(english) > 1 && len(t) == 1 && len(categories(tag)) > 1 {
				return wrap(file, fmt.Errorf("%s: must have a text for each plural category of the language", key))
			}
			for form, p := range t {
				want, got := english[plural.Other].tokens(), p.tokens()
				if form != plural.Other && !slices.Contains(got, "{1}") {
					want = slices.DeleteFunc(want, func(token string) bool { return token == "{1}" })
				}
				if !slices.Equal(want, got) {
					return wrap(file, fmt.Errorf("%s: has the arguments and markup %q; those of %s.json are %q", key, got, fallback, want))
				}
			}
		}
	}
	return nil
}

// checkOverrides holds the host's texts against those that they take the places
// of: a page gives a message its arguments, and a number where it counts. Most
// pages would fail only before a user.
func (all catalogue) checkOverrides(overrides catalogue) error {
	for tag, messages := range overrides {
		for key, t := range messages {
			replaced, ok := all[fallback][key]
			if !ok {
				continue // a message of the host's own
			}
			if len(t) > 1 && len(replaced) == 1 {
				return wrap(messagesFile(tag), fmt.Errorf("%s: must be one text, as the message counts nothing", key))
			}
			given := replaced[plural.Other].arguments()
			for _, p := range t {
				for _, arg := range p.arguments() {
					if !slices.Contains(given, arg) {
						return wrap(messagesFile(tag), fmt.Errorf("%s: has the argument {%d}, which the message does not have", key, arg))
					}
				}
			}
		}
	}
	return nil
}

// lineage returns the languages that a text is taken from, before English: of
// de-AT itself and de.
func lineage(tag language.Tag) []language.Tag {
	var tags []language.Tag
	for ; tag != language.Und; tag = tag.Parent() {
		tags = append(tags, tag)
	}
	return tags
}

// of returns the messages of a language, completed from its lineage and from
// English, and the keys of those that only English has.
func (all catalogue) of(tag language.Tag) (complete messages, missing []string) {
	own := messages{}
	for _, tag := range slices.Backward(lineage(tag)) {
		maps.Copy(own, all[tag])
	}
	complete = maps.Clone(all[fallback])
	for key := range complete {
		if own[key] == nil {
			missing = append(missing, key)
		}
	}
	maps.Copy(complete, own)
	slices.Sort(missing)
	return complete, missing
}
