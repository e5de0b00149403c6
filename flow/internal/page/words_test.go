package page

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/page/pagetest"
)

// TestPagesSayMessagesAlone: every text of a page is a message or data.
func TestPagesSayMessagesAlone(t *testing.T) {
	set, err := New(Options{Overrides: pagetest.Marked(t, os.DirFS("."))})
	require.NoError(t, err)
	for page, list := range samples() {
		for _, sample := range list {
			w := httptest.NewRecorder()
			set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, page, pagetest.Data(sample.Data))
			require.Equal(t, http.StatusOK, w.Code, page)
			require.Empty(t, pagetest.Unsaid(t, w.Body.Bytes()), page)
		}
	}
}

// TestUnsaidIsFound: what is written in a template is found.
func TestUnsaidIsFound(t *testing.T) {
	require.Equal(t, []string{" by ", "Close"}, pagetest.Unsaid(t, []byte(
		`<html lang="en"><a lang="de" title="Auf Deutsch">Deutsch <b>jetzt</b></a><p>⟦Made <strong>⟦once⟧</strong>⟧ by ⟦Ada⟧</p><code>read</code> … 12 <button title="Close">⟦x⟧</button>`)))
}
