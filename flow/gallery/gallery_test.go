package gallery_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/gallery"
)

// Who lists the gallery where users are is told so; on a developer's machine
// nothing speaks against it.
func TestGalleryIsForDevelopers(t *testing.T) {
	for issuer, want := range map[string]int{
		"http://localhost:8080": 0, "http://127.0.0.1": 0, "http://[::1]:8080/base": 0, "https://localhost": 0,
		"https://id.example": 1, "https://localhost.example": 1,
	} {
		with := flow.Config{Issuer: issuer, Extensions: []flow.Extension{gallery.New(gallery.Config{})}}.Check()
		without := flow.Config{Issuer: issuer}.Check()
		require.Len(t, with, len(without)+want, issuer)
		found := slices.DeleteFunc(with, func(f flow.Finding) bool { return !strings.Contains(f.Message, "gallery") })
		require.Len(t, found, want, issuer)
		if want > 0 {
			require.Equal(t, flow.Advice, found[0].Severity)
			require.Equal(t, "Extensions", found[0].Field)
		}
	}
}

// The gallery links every page in every state, the host's own look included,
// and each of them is there, in every language.
func TestGallery(t *testing.T) {
	p := flowtest.New(t, flow.Config{Issuer: "http://localhost/base", Extensions: []flow.Extension{gallery.New(gallery.Config{})}})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	index := get("/base/oauth/gallery").Body.String()
	for _, text := range []string{"Consent <code>consent.html</code>", ">42 accounts, to one of which it has access</a>", ">Something does not work</a>", "Application form", `lang="ja"><bdi>日本語</bdi>`} {
		require.Contains(t, index, text)
	}
	samples := regexp.MustCompile(`href="(/base/oauth/gallery/[^"]+)"`).FindAllStringSubmatch(index, -1)
	require.Greater(t, len(samples), 25)
	for _, sample := range samples {
		require.Equal(t, http.StatusOK, get(sample[1]).Code, sample[1])
	}
	require.Contains(t, get("/base/oauth/gallery/consent/2?ui_locales=de").Body.String(), `<html lang="de"`)
	require.Contains(t, get("/base/oauth/gallery?ui_locales=de").Body.String(), "/base/oauth/gallery/consent/2?ui_locales=de")
	require.Contains(t, get("/base/oauth/gallery?ui_locales=de").Body.String(), `lang="de" aria-current="true"><bdi>Deutsch</bdi>`)
	p = flowtest.New(t, flow.Config{
		Issuer: "http://localhost/base", Extensions: []flow.Extension{gallery.New(gallery.Config{})},
		Pages: flow.Pages{Language: func(*http.Request) string { return "ja" }},
	})
	require.Contains(t, get("/base/oauth/gallery/consent/2").Body.String(), `<html lang="ja"`)
	require.Contains(t, get("/base/oauth/gallery/consent/2?ui_locales=de").Body.String(), `<html lang="de"`, "what is asked for wins over what the host knows")
	for _, path := range []string{"consent/0", "consent/x", "consent/99", "nothing/1"} {
		require.Equal(t, http.StatusNotFound, get("/base/oauth/gallery/"+path).Code, path)
	}
	require.False(t, strings.Contains(index, "<script"))
}

// The samples can be used for nothing: a browser sends none of their forms, and
// shows them in no frame.
func TestSamplesAreIdle(t *testing.T) {
	p := flowtest.New(t, flow.Config{Extensions: []flow.Extension{gallery.New(gallery.Config{})}})
	for _, sample := range []string{"consent/2", "error/2", "application/2", "application_form/2"} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, gallery.Path+"/"+sample, nil))
		require.Equal(t, http.StatusOK, w.Code, sample)
		policies := w.Result().Header.Values("Content-Security-Policy")
		require.Len(t, policies, 2, sample)
		require.Contains(t, policies[0], "frame-ancestors 'none'")
		require.Equal(t, "form-action 'none'", policies[1])
		require.Empty(t, w.Result().Cookies())
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
}

// Who asks for a language of ten thousand bytes does not get them back a hundred
// times over. A language that the host does not list is not shown.
func TestLanguagesAskedFor(t *testing.T) {
	p := flowtest.New(t, flow.Config{Extensions: []flow.Extension{gallery.New(gallery.Config{})}, Pages: flow.Pages{Languages: []string{"en"}}})
	get := func(locales string) string {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, gallery.Path+"?ui_locales="+locales, nil))
		require.Equal(t, http.StatusOK, w.Code)
		return w.Body.String()
	}
	require.Equal(t, get(""), get(strings.Repeat("x", 10_000)))
	require.Contains(t, get("de"), `<html lang="en"`)
	require.NotContains(t, get("de"), "Deutsch")
}
