// Package gallery is a capability of package flow: one page that links every
// page of the library and of the capabilities, each in every state that it has,
// with sample data. With it a host looks at its own look, in light and dark, at
// every width and in every language, without making each state happen.
//
//	flow.Config{Extensions: []flow.Extension{gallery.New(gallery.Config{})}}
//
// It is at [Path], for anybody, and shows nothing of anybody: list it while you
// work on your pages. The forms on the samples do nothing. ?ui_locales=de shows
// them in German, and so every language that there is.
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

func (extension) Findings() []kernel.Finding { return nil }

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
		Pages: page.Further{Files: files, Samples: map[string][]any{
			"gallery.html": {index{}, index{Pages: []link{{"/", "consent.html 1"}}, Languages: []link{{"/", "en"}}}},
		}},
	}, nil
}

// index is the data of gallery.html.
type index struct{ Pages, Languages []link }

type link struct{ URL, Text string }

type gallery struct{ kernel *kernel.Kernel }

// index links every sample, in the language that was asked for.
func (g gallery) index(w http.ResponseWriter, r *http.Request) {
	query := ""
	if locales := r.URL.Query().Get("ui_locales"); locales != "" {
		query = "?" + url.Values{"ui_locales": {locales}}.Encode()
	}
	var view index
	samples := g.kernel.Samples()
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		page := strings.TrimSuffix(name, ".html")
		for i := range samples[name] {
			number := strconv.Itoa(i + 1)
			view.Pages = append(view.Pages, link{g.kernel.BasePath + Path + "/" + page + "/" + number + query, page + " " + number})
		}
	}
	for _, tag := range g.kernel.Languages() {
		view.Languages = append(view.Languages, link{g.kernel.BasePath + Path + "?ui_locales=" + tag, tag})
	}
	g.kernel.WritePage(w, page.WithLocales(r, r.URL.Query().Get("ui_locales")), http.StatusOK, "gallery.html", view)
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
	g.kernel.WritePage(w, page.WithLocales(r, r.URL.Query().Get("ui_locales")), http.StatusOK, name, samples[number-1])
}
