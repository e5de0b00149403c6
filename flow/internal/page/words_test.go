package page

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/page/pagetest"
)

// TestPagesSayMessagesAlone: every text of a page is a message or data.
func TestPagesSayMessagesAlone(t *testing.T) {
	set, err := New(Options{})
	require.NoError(t, err)
	r := WithMarks(httptest.NewRequest(http.MethodGet, "/", nil), pagetest.Begin, pagetest.End)
	for page, list := range samples() {
		for _, sample := range list {
			w := httptest.NewRecorder()
			set.Write(w, r, http.StatusOK, page, pagetest.Data(sample.Data))
			require.Equal(t, http.StatusOK, w.Code, page)
			require.Empty(t, pagetest.Unsaid(t, w.Body.Bytes()), page)
		}
	}
}

// TestUnsaidIsFound: what is written in a template is found.
func TestUnsaidIsFound(t *testing.T) {
	require.Equal(t, []string{" by ", "Close", "Send"}, pagetest.Unsaid(t, []byte(
		`<html lang="en"><a lang="de" title="Auf Deutsch">Deutsch <b>jetzt</b></a><p>⟦Made <strong>⟦once⟧</strong>⟧ by ⟦Ada⟧</p><code><b>read</b></code> … 12 <button title="Close" value="x">⟦x⟧</button><input value="1x"><input type="submit" value="Send">`)))
}
