package device

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/page/pagetest"
)

// TestPagesSayMessagesAlone: every text of a page is a message or data.
func TestPagesSayMessagesAlone(t *testing.T) {
	files := os.DirFS("pages")
	set, err := page.New(page.Options{
		Overrides: pagetest.Marked(t, os.DirFS("../internal/page"), files), Further: []page.Further{{Files: files, Samples: samples}},
	})
	require.NoError(t, err)
	for name, list := range samples {
		for _, sample := range list {
			w := httptest.NewRecorder()
			set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, name, pagetest.Data(sample.Data))
			require.Equal(t, http.StatusOK, w.Code, name)
			require.Empty(t, pagetest.Unsaid(t, w.Body.Bytes()), name)
		}
	}
}
