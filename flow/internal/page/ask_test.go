package page

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPanicsOfTheHost: a page is shown whole where the host's functions panic,
// as what it tells may have happened already. The log names the function.
func TestPanicsOfTheHost(t *testing.T) {
	signedIn := false
	panics := func(name string) {
		if signedIn {
			panic("no " + name)
		}
	}
	var log bytes.Buffer
	set, err := New(Options{
		Overrides: fstest.MapFS{"navigation.html": {Data: []byte("<p>{{.Host.Name}}</p>")}},
		Data:      func(*http.Request) any { panics("data"); return map[string]string{"Name": "nobody"} },
		Language:  func(*http.Request) string { panics("language"); return "" },
		TimeZone:  func(*http.Request) *time.Location { panics("zone"); return nil },
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	signedIn = true
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	moment := set.Moments(r)
	at := time.Date(2026, 3, 4, 12, 5, 0, 0, time.UTC)
	require.Equal(t, at, moment(at).At)
	w := httptest.NewRecorder()
	set.Write(w, r, http.StatusOK, "application.html", Application{Name: "Name", ClientSecret: "once", CreatedAt: moment(at)})
	require.Equal(t, http.StatusOK, w.Code, log.String())
	require.Contains(t, w.Body.String(), "once")
	require.Contains(t, w.Body.String(), "<p>nobody</p>")
	for _, name := range []string{"Data", "Language", "TimeZone"} {
		require.Contains(t, log.String(), "Config.Pages."+name+" panicked")
	}
}
