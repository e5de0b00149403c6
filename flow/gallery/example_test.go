package gallery_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/gallery"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A designer looks at the consent page in the frame of the service, in German,
// without an application, a user or a request.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer:      "http://localhost",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Pages: flow.Pages{Files: fstest.MapFS{ // os.DirFS or embed.FS in a program
			"footer.html": {Data: []byte(`<footer>Service Ltd</footer>`)},
		}},
		Extensions: []flow.Extension{gallery.New(gallery.Config{})}, // not in production
	})
	if err != nil {
		log.Fatal(err)
	}

	for _, path := range []string{gallery.Path, gallery.Path + "/consent/1?ui_locales=de"} {
		w := httptest.NewRecorder()
		provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		page := w.Body.String()
		fmt.Println(w.Code, strings.Contains(page, `<html lang="de"`), strings.Contains(page, "<footer>Service Ltd</footer>"))
	}
	// Output:
	// 200 false true
	// 200 true true
}
