package dpop

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// RFC 9449, section 4.3, and RFC 3986, sections 6.2.2 and 6.2.3.
func TestNormalize(t *testing.T) {
	const api = "https://api.example/v1/me"
	for uri, want := range map[string]string{
		api:                                     api,
		api + "?a=b":                            api,
		api + "#f":                              api,
		api + "?a=b#f?g":                        api,
		api + "#f?a":                            api,
		"HTTPS://API.Example/v1/me":             api,
		"https://api.example:443/v1/me":         api,
		"https://api.example:/v1/me":            api,
		"https://api.example/v1/./x/../me":      api,
		"https://api.example/v1/%6De":           api,
		"https://api.example/v1/%2E%2e/v1/me":   api,
		"https://api.example":                   "https://api.example/",
		"https://api.example?q":                 "https://api.example/",
		"https://api.example/../..":             "https://api.example/",
		"http://api.example:80/v1/me":           "http://api.example/v1/me",
		"https://api.example:80/v1/me":          "https://api.example:80/v1/me",
		"https://api.example:8443/v1/me":        "https://api.example:8443/v1/me",
		"https://[::1]:443/v1/me":               "https://[::1]/v1/me",
		"https://[::1]:8443/v1/me":              "https://[::1]:8443/v1/me",
		"https://api.example/v1/Me":             "https://api.example/v1/Me",
		"https://api.example/v1/me/":            "https://api.example/v1/me/",
		"https://api.example//v1//me":           "https://api.example//v1//me",
		"https://api.example/a%2fb":             "https://api.example/a%2Fb",
		"https://api.example/a%3Fb":             "https://api.example/a%3Fb",
		"https://api.example/%c3%a9":            "https://api.example/%C3%A9",
		"https://api.example/a%252e":            "https://api.example/a%252e",
		"https://user:password@api.example/":    "",
		"https:///v1/me":                        "",
		"https:api.example/v1/me":               "",
		"//api.example/v1/me":                   "",
		"/v1/me":                                "",
		"api.example/v1/me":                     "",
		"ftp://api.example/v1/me":               "",
		"https://api.example/%zz":               "",
		"https://api.example/%":                 "",
		"https://api.example:port/":             "",
		"https://api.example/\n":                "",
		"":                                      "",
		"https://api.example@evil.example/v1":   "",
		"https://api.example%00.evil.example/a": "",
	} {
		got, err := normalize(uri)
		require.Equal(t, want, got, uri)
		require.Equal(t, want == "", err != nil, uri)
		if want != "" {
			again, err := normalize(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
	}
}

// What a client asked for counts, and not what a handler in front made of it,
// or what the Host header says.
func TestTargetOf(t *testing.T) {
	var got string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Host = "evil.example"
		var err error
		got, err = targetOf("https://api.example:8443", r)
		require.NoError(t, err)
	})
	r := httptest.NewRequest(http.MethodGet, "/v1/a%2Fb/me?q=1", nil)
	http.StripPrefix("/v1", handler).ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "https://api.example:8443/v1/a%2Fb/me", got)

	r.RequestURI = "" // of a request that came from no network
	handler.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "https://api.example:8443/v1/a%2Fb/me", got)

	r.RequestURI = "https://elsewhere.example/v1/me" // as sent to a proxy
	handler.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "https://api.example:8443/v1/me", got)

	r.RequestURI = "me"
	_, err := targetOf("https://api.example", r)
	require.Error(t, err)
}
