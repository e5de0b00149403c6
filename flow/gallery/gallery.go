// Package gallery is a capability of package flow: one page that links every
// page of the library and of the capabilities, each in every state that it has,
// with sample data. With it a host looks at its own look, in light and dark, at
// every width and in every language, without making each state happen.
//
//	flow.Config{Extensions: []flow.Extension{gallery.New(gallery.Config{})}}
//
// It is at [Path]. Anybody can open it, and it shows nothing of anybody, but it
// is of no use to your users: list it while you work on your pages.
// [flow.Config.Check] advises against it where the issuer is no loopback host.
// Browsers send no form of a sample. Add ?ui_locales=de to see them in
// German, or any other language that there is.
package gallery

import (
	"embed"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// Path is where the gallery is, below the path of the issuer. Each sample is
// below it.
const Path = "/oauth/gallery"

//go:embed pages
var embedded embed.FS

// Config configures the capability. It has no settings.
type Config struct{}

// New returns the capability, for flow.Config.Extensions.
func New(Config) flow.Extension { return extension{} }

type extension struct{}

func (extension) Name() string { return "gallery" }

func (extension) Findings() []kernel.Finding {
	return []kernel.Finding{{
		Field:     "Extensions",
		Message:   "Anybody can open the gallery, and send users to its samples: they are pages of this service, and what they say is not so. List it where you work on your pages, and leave it out where users are.",
		Reference: "RFC 6749, section 10.11",
		Public:    true,
	}}
}

func (extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	files, err := fs.Sub(embedded, "pages")
	if err != nil {
		return kernel.Contribution{}, err
	}
	g := gallery{k}
	return kernel.Contribution{
		Routes: []kernel.Route{
			{Method: http.MethodGet, Path: Path, Handler: g.index},
			{Method: http.MethodGet, Path: Path + "/{page}/{number}", Handler: g.sample},
		},
		Pages: page.Further{Files: files, Samples: map[string][]page.Sample{"gallery.html": {{Data: index{}}, {Data: index{
			Languages: []link{{"/", "English", "en"}, {"/", "Deutsch", "de"}},
			Pages:     []pageOf{{"Consent", "consent.html", []link{{URL: "/", Text: "One account"}}}},
		}}}}},
	}, nil
}

// index is the data of gallery.html.
type index struct {
	Languages []link
	Pages     []pageOf
}

// pageOf is a page of the service with its states.
type pageOf struct {
	Name, File string
	States     []link
}

type link struct{ URL, Text, Language string }

type gallery struct{ kernel *kernel.Kernel }

// index links every sample, in the language that was asked for.
func (g gallery) index(w http.ResponseWriter, r *http.Request) {
	base, locales := g.kernel.BasePath+Path, asked(r)
	query := ""
	if locales != "" {
		query = "?" + url.Values{"ui_locales": {locales}}.Encode()
	}
	var view index
	samples := g.kernel.Samples()
	for _, file := range slices.Sorted(maps.Keys(samples)) {
		name := strings.TrimSuffix(file, ".html")
		of := pageOf{Name: title(name), File: file}
		for i, sample := range samples[file] {
			if sample.State != "" {
				of.States = append(of.States, link{URL: base + "/" + name + "/" + strconv.Itoa(i+1) + query, Text: sample.State})
			}
		}
		if len(of.States) > 0 {
			view.Pages = append(view.Pages, of)
		}
	}
	for _, tag := range g.kernel.Languages() {
		view.Languages = append(view.Languages, link{base + "?ui_locales=" + tag, languageName(tag), tag})
	}
	g.kernel.WritePage(w, page.WithLanguage(r, locales), http.StatusOK, "gallery.html", view)
}

// title makes a file's name one for people.
func title(file string) string {
	words := strings.ReplaceAll(file, "_", " ")
	words = strings.ToUpper(words[:1]) + words[1:]
	return strings.Replace(words, "Api ", "API ", 1)
}

// languageName is what those who speak a language call it.
func languageName(tag string) string {
	parsed, err := language.Parse(tag)
	if name := display.Self.Name(parsed); err == nil && name != "" {
		return name
	}
	return tag
}

// sample shows one page in one of its states.
func (g gallery) sample(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("page") + ".html"
	samples := g.kernel.Samples()[name]
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || number < 1 || number > len(samples) {
		http.NotFound(w, r)
		return
	}
	g.kernel.WritePage(idle{w}, page.WithLanguage(r, asked(r)), http.StatusOK, name, samples[number-1].Data)
}

// maxLocales bounds, in bytes, the languages that are asked for: every link of
// the index repeats them.
const maxLocales = 100

// asked returns the languages that are asked for, or "".
func asked(r *http.Request) string {
	locales := r.URL.Query().Get("ui_locales")
	if len(locales) > maxLocales {
		return ""
	}
	return locales
}

// idle adds a second policy to a page: browsers send none of its forms, whose
// fields and addresses are those of the pages that it shows.
type idle struct{ http.ResponseWriter }

func (w idle) WriteHeader(status int) {
	w.Header().Add("Content-Security-Policy", "form-action 'none'")
	w.ResponseWriter.WriteHeader(status)
}
