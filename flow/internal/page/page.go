// Package page renders the HTML pages of packages flow and dashboard: the
// templates and the stylesheet, what a host overrides of them, and the headers
// that every page is sent with.
package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/text/language"
)

// Options configure a [Set].
type Options struct {
	// Overrides holds the files that replace those of the library, by name, at
	// its root. A further page, *.html, is parsed too and can be written by its
	// name. Defaults to none.
	Overrides fs.FS

	// Further are pages beyond those of this package, which the host can
	// override too.
	Further []Further

	// Data returns what the host's own layout needs, as .Host. Defaults to nil.
	// [New] calls it once, with a request for / that nobody is signed in to, to
	// check the templates.
	Data func(*http.Request) any

	// Words are texts of the host's configuration, by the keys of their
	// messages in other languages. They are in English, and hold no markup.
	Words map[string]string

	// Languages are tags of BCP 47, the default one first. Defaults to those of
	// the library, English first, and those that Overrides has messages in.
	Languages []string

	// Language returns what the host knows of the language for a request: tags
	// of BCP 47 as in Accept-Language, or "". Defaults to "".
	Language func(*http.Request) string

	// TimeZone returns what the host knows of the time zone for a request, or
	// nil. Defaults to nil, which is UTC.
	TimeZone func(*http.Request) *time.Location

	// Now tells the time, for distances from it. Defaults to time.Now.
	Now func() time.Time

	// Issuer is the URL below which pages find [StylesheetPath] and
	// [ScriptPath], without a trailing slash. Where it is one of https, users
	// reach the pages by https alone: they are sent with
	// Strict-Transport-Security.
	Issuer string

	// Documentation is the URL of the host's API documentation, Support that of
	// where it helps people; "" for none.
	Documentation, Support string

	// Logger receives the failures of templates. Defaults to slog.Default().
	Logger *slog.Logger
}

// An OptionError tells what is wrong with a field of [Options] other than its
// files.
type OptionError struct {
	Field string
	Err   error
}

func (e *OptionError) Error() string { return e.Field + ": " + e.Err.Error() }
func (e *OptionError) Unwrap() error { return e.Err }

// Further are pages that somebody else adds.
type Further struct {
	// Files has the templates, *.html at its root, and their messages,
	// messages/*.json, whose keys nobody else has.
	Files fs.FS
	// Samples are what [New] executes each page with, by the name of its file:
	// one or more for every file.
	Samples map[string][]Sample
}

// A Set is a complete set of pages. It is safe for concurrent use.
type Set struct {
	options    Options
	parts      *template.Template            // the layout and the parts of every page
	pages      map[string]*template.Template // never executed, so that editions can clone them
	editions   []*edition                    // the default one first
	matcher    language.Matcher              // of the languages of the editions
	stylesheet asset
	script     asset
	copies     map[string]bool // pages that the script is for, by their files
	path       string          // of the issuer
	nobody     any             // what Options.Data returns where nobody is signed in
}

// document is what templates receive.
type document struct {
	Page       any    // the page's own data
	Host       any    // the host's, from Options.Data
	Stylesheet string // the URL of the stylesheet
	Script     string // the URL of the script; "" on pages that have none

	Documentation, Support string // URLs of the host's; "" for none
}

// New reads, parses and executes every page with sample data, so that a broken
// template fails here, with its file named, and not before a user.
func New(o Options) (*Set, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	issuer, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, err
	}
	s := &Set{options: o, pages: map[string]*template.Template{}, copies: map[string]bool{}, path: issuer.Path}
	if s.stylesheet, err = o.asset(stylesheetFile, "text/css; charset=utf-8"); err != nil {
		return nil, err
	}
	if s.script, err = o.asset(scriptFile, "text/javascript; charset=utf-8"); err != nil {
		return nil, err
	}
	if s.editions, err = o.editions(); err != nil {
		return nil, err
	}
	tags := make([]language.Tag, len(s.editions))
	for i, l := range s.editions {
		tags[i] = l.tag
	}
	s.matcher = language.NewMatcher(tags)
	if err := s.parse(); err != nil {
		return nil, err
	}
	return s, s.check()
}

// Write sends a page: name is its file, data what that receives. The forms of a
// page of the library or of a capability may post to this service, and be
// redirected from there to formActions, which are sources of the
// Content-Security-Policy as [FormActions] returns them; those of the consent
// page and of a page that the host adds may lead anywhere. Nothing is sent
// before the page is complete; a page that fails is a 500, and logged.
func (s *Set) Write(w http.ResponseWriter, r *http.Request, status int, name string, data any, formActions ...string) {
	host := ask(s, r, "Data", s.options.Data, s.nobody)
	l := s.edition(r)
	b, err := s.execute(l, name, data, host)
	if err != nil {
		s.options.Logger.ErrorContext(r.Context(), "page failed", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	s.setHeaders(w.Header(), name, formActions)
	w.Header().Set("Content-Language", l.tag.String())
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the user went away: nobody is left to tell
	}
}

func (s *Set) execute(l *edition, name string, data, host any) ([]byte, error) {
	parsed, ok := s.pages[name]
	if !ok {
		return nil, fmt.Errorf("page %s: no such page", name)
	}
	t, err := l.page(name, parsed)
	if err != nil {
		return nil, wrap(name, err)
	}
	b, err := s.executeTemplate(t, name, data, host)
	return b, wrap(name, err)
}

func (s *Set) executeTemplate(t *template.Template, name string, data, host any) ([]byte, error) {
	d := document{
		Page: data, Host: host, Stylesheet: s.stylesheet.versioned(s.path + StylesheetPath),
		Documentation: s.options.Documentation, Support: s.options.Support,
	}
	if s.copies[name] {
		d.Script = s.script.versioned(s.path + ScriptPath)
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, layoutFile, d)
	return b.Bytes(), err
}
