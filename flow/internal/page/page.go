// Package page renders the HTML pages of packages flow and dashboard: the
// templates and the stylesheet, what a host overrides of them, and the headers
// that every page is sent with.
package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

//go:embed files
var embedded embed.FS

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

// Further are pages that somebody else adds.
type Further struct {
	// Files has the templates, *.html at its root, and their messages,
	// messages/*.json, whose keys nobody else has.
	Files fs.FS
	// Samples are what [New] executes each page with, by the name of its file:
	// one or more for every file.
	Samples map[string][]any
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
}

// The files that are no pages but parts of every page.
const layoutFile = "layout.html"

var partFiles = []string{layoutFile, "head.html", "navigation.html", "footer.html"}

// pageParts are what every page defines, and the layout shows.
var pageParts = []string{"title", "main"}

const consentFile = "consent.html"

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

// readFile returns the host's file of that name, or else the library's.
func (o Options) readFile(name string) ([]byte, error) {
	if o.Overrides != nil {
		b, err := fs.ReadFile(o.Overrides, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, wrap(name, err)
		}
	}
	for _, further := range o.Further {
		b, err := fs.ReadFile(further.Files, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, wrap(name, err)
		}
	}
	b, err := embedded.ReadFile(path.Join("files", name))
	return b, wrap(name, err)
}

func wrap(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("page %s: %w", file, err)
}

// pageNames lists the pages of the library, the further ones, and those that
// the host adds.
func (o Options) pageNames() ([]string, error) {
	names := slices.Clone(pageFiles)
	for _, further := range o.Further {
		files, err := fs.Glob(further.Files, "*.html")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if slices.Contains(names, name) || slices.Contains(partFiles, name) {
				return nil, fmt.Errorf("page %s: is there already", name)
			}
			if len(further.Samples[name]) == 0 {
				return nil, fmt.Errorf("page %s: has no sample to try it with", name)
			}
			names = append(names, name)
		}
	}
	if o.Overrides == nil {
		return names, nil
	}
	files, err := fs.Glob(o.Overrides, "*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if !slices.Contains(names, name) && !slices.Contains(partFiles, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (s *Set) parse() error {
	parts := template.New(layoutFile).Funcs(s.editions[0].funcs())
	for _, name := range partFiles {
		if err := s.parseFile(parts, name); err != nil {
			return err
		}
	}
	s.parts = parts
	names, err := s.options.pageNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		t, err := parts.Clone()
		if err != nil {
			return wrap(name, err)
		}
		if err := s.parseFile(t, name); err != nil {
			return err
		}
		for _, part := range pageParts {
			if t.Lookup(part) == nil {
				return fmt.Errorf("page %s: defines no template %q", name, part)
			}
		}
		s.pages[name] = t
	}
	return nil
}

func (s *Set) parseFile(t *template.Template, name string) error {
	text, err := s.options.readFile(name)
	if err != nil {
		return err
	}
	if name != layoutFile {
		t = t.New(name)
	}
	s.copies[name] = bytes.Contains(text, []byte("data-copy="))
	_, err = t.Parse(string(text))
	return wrap(name, err)
}

// Samples are data for every page, by the name of its file, that shows it in
// each of its states.
func (s *Set) Samples() map[string][]any {
	all := samples()
	for _, further := range s.options.Further {
		maps.Copy(all, further.Samples)
	}
	return all
}

// check executes every page with each of its samples, in the default language:
// messages of the others have the same arguments.
func (s *Set) check() error {
	host, err := s.sampleHost()
	if err != nil {
		return err
	}
	for name, samples := range s.Samples() {
		for _, sample := range samples {
			if _, err := s.execute(s.editions[0], name, sample, host); err != nil {
				return err
			}
		}
	}
	return s.checkLayout(host)
}

// checkLayout executes the layout with parts that can be found in the outcome:
// a layout that leaves them out makes pages without anything to read or to
// press.
func (s *Set) checkLayout(host any) error {
	const page, mark = "error.html", "mark-of-"
	t, err := s.parts.Clone()
	if err != nil {
		return wrap(layoutFile, err)
	}
	for _, part := range pageParts {
		if _, err := t.New(part).Parse(mark + part); err != nil {
			return wrap(layoutFile, err)
		}
	}
	b, err := s.executeTemplate(t, page, samples()[page][0], host)
	if err != nil {
		return wrap(layoutFile, err)
	}
	for _, part := range pageParts {
		if !bytes.Contains(b, []byte(mark+part)) {
			return fmt.Errorf("page %s: leaves out {{template %q .}}, which every page defines", layoutFile, part)
		}
	}
	return nil
}

func (s *Set) sampleHost() (host any, err error) {
	if s.options.Data == nil {
		return nil, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("page data of a request that nobody is signed in to: %v", p)
		}
	}()
	r, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		return nil, err
	}
	return s.options.Data(r), nil
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

// Write sends a page: name is its file, data what that receives. The forms of a
// page of the library or of a capability may post to this service, and be
// redirected from there to formActions, which are sources of the
// Content-Security-Policy as [FormActions] returns them; those of the consent
// page and of a page that the host adds may lead anywhere. Nothing is sent
// before the page is complete; a page that fails is a 500, and logged.
func (s *Set) Write(w http.ResponseWriter, r *http.Request, status int, name string, data any, formActions ...string) {
	var host any
	if s.options.Data != nil {
		host = s.options.Data(r)
	}
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

func (s *Set) setHeaders(h http.Header, name string, formActions []string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", s.contentSecurityPolicy(name, formActions))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()")

	// Every page can have a form, be it in the host's layout. With no-referrer
	// browsers would send it with "Origin: null", which tells nobody that it is
	// our own.
	h.Set("Referrer-Policy", "same-origin")

	if h.Get("Cross-Origin-Opener-Policy") == "" {
		h.Set("Cross-Origin-Opener-Policy", s.openerPolicy(name))
	}
	if strings.HasPrefix(s.options.Issuer, "https:") && h.Get("Strict-Transport-Security") == "" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// openerPolicy lets the pages on the way through the authorization endpoint be
// opened as a pop-up, the host's login page among them. Any other value than
// unsafe-none, same-origin-allow-popups included, cuts a pop-up off from the
// client's page that opened it, also after it has returned to the client's
// origin. All other pages are cut off from whatever opened them. A policy that
// is set already stays.
func (s *Set) openerPolicy(name string) string {
	if s.isHosts(name) || name == consentFile || name == "error.html" {
		return "unsafe-none"
	}
	return "same-origin"
}

// isHosts reports whether a page is one that the host adds.
func (s *Set) isHosts(name string) bool {
	return !slices.Contains(pageFiles, name) &&
		!slices.ContainsFunc(s.options.Further, func(f Further) bool { return len(f.Samples[name]) > 0 })
}

// contentSecurityPolicy allows a page nothing but its stylesheets, images and
// forms, and one with credentials the script that copies them, by its exact
// URL.
//
// Browsers hold every redirect that follows a form against form-action. What
// follows the form of the consent page is the client, which may go on from its
// callback URL to any place, such as an application on the user's device. What
// follows a login form, on a page of the host's, is the authorization endpoint,
// and then a client. So these pages have no form-action.
func (s *Set) contentSecurityPolicy(name string, formActions []string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	if s.copies[name] {
		b.WriteString("; script-src " + s.options.Issuer + ScriptPath)
	}
	if s.isHosts(name) || name == consentFile {
		return b.String()
	}
	b.WriteString("; form-action 'self'")
	for _, source := range formActions {
		if isSource(source) {
			b.WriteString(" " + source)
		}
	}
	return b.String()
}

// FormActions returns the sources that let the answer to a form lead to the
// targets, where somebody signs in who was signed out meanwhile. Browsers hold
// the policy against every redirect that follows the form, and a login that
// goes on to an identity provider at an origin of its own must not be stopped
// there. So these are schemes, which still keep the form from javascript and
// data.
func FormActions(targets ...string) []string {
	sources := []string{"https:"}
	for _, target := range targets {
		if u, err := url.Parse(target); err == nil && u.Scheme != "" {
			sources = append(sources, u.Scheme+":")
		}
	}
	slices.Sort(sources)
	return slices.Compact(sources)
}

// isSource refuses what would end the directive, begin another one or be a
// keyword.
func isSource(source string) bool {
	for _, c := range []byte(source) {
		if c <= ' ' || c >= 0x7f || c == ';' || c == ',' || c == '\'' || c == '"' || c == '*' {
			return false
		}
	}
	return source != ""
}
