package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// Where a provider serves what pages load, below the path of its issuer.
const (
	StylesheetPath = "/oauth/style.css"
	ScriptPath     = "/oauth/copy.js"
)

const (
	stylesheetFile = "style.css"
	scriptFile     = "copy.js"
)

// An asset is a file that pages load, by a URL with its digest, so that it is
// cached for good and a new one is used at once.
type asset struct {
	name, contentType string
	content           []byte
	digest            string
}

// asset returns the host's file of that name, or else the library's.
func (o Options) asset(name, contentType string) (asset, error) {
	content, err := o.readFile(name)
	digest := sha256.Sum256(content)
	return asset{name, contentType, content, base64.RawURLEncoding.EncodeToString(digest[:12])}, err
}

// versioned is the URL of the asset with its digest.
func (a asset) versioned(url string) string { return url + "?v=" + a.digest }

func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+a.digest+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.digest {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.content))
}

// Stylesheet serves the stylesheet, and Script the script that pages with
// credentials have.
func (s *Set) Stylesheet() http.Handler { return s.stylesheet }
func (s *Set) Script() http.Handler     { return s.script }
