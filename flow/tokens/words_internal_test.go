package tokens

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
	set, err := page.New(page.Options{Further: []page.Further{{Files: files, Samples: samples}}})
	require.NoError(t, err)
	r := page.WithMarks(httptest.NewRequest(http.MethodGet, "/", nil), pagetest.Begin, pagetest.End)
	for name, list := range samples {
		for _, sample := range list {
			w := httptest.NewRecorder()
			set.Write(w, r, http.StatusOK, name, pagetest.Data(sample.Data))
			require.Equal(t, http.StatusOK, w.Code, name)
			require.Empty(t, pagetest.Unsaid(t, w.Body.Bytes()), name)
		}
	}
}
