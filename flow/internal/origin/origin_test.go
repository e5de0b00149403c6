package origin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/origin"
)

func TestCheck(t *testing.T) {
	const issuer = "https://id.example"
	for name, tt := range map[string]struct {
		site, origin, host string
		refused            bool
	}{
		"no browser":                         {},
		"own page":                           {site: "same-origin", origin: issuer},
		"own page without a referrer":        {site: "same-origin", origin: "null"},
		"typed in":                           {site: "none"},
		"old browser":                        {origin: issuer},
		"old browser, behind a proxy":        {origin: issuer, host: "10.0.0.1:8080"},
		"old browser without a referrer":     {origin: "null"},
		"cross-site":                         {site: "cross-site", origin: "https://evil.example", refused: true},
		"cross-site without an origin":       {site: "cross-site", refused: true},
		"cross-site and sandboxed":           {site: "cross-site", origin: "null", refused: true},
		"same-site":                          {site: "same-site", origin: "https://evil.id.example", refused: true},
		"same-site and sandboxed":            {site: "same-site", origin: "null", refused: true},
		"unknown site":                       {site: "elsewhere", origin: "null", refused: true},
		"old browser, other origin":          {origin: "https://evil.example", refused: true},
		"old browser, other port":            {origin: "https://id.example:8443", refused: true},
		"old browser, null in other letters": {origin: "NULL", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(issuer)
			require.NoError(t, err)
			guard, err := origin.NewGuard(u)
			require.NoError(t, err)
			r := httptest.NewRequest(http.MethodPost, issuer+"/form", nil)
			if tt.host != "" {
				r.Host = tt.host
			}
			for header, value := range map[string]string{"Sec-Fetch-Site": tt.site, "Origin": tt.origin} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			require.Equal(t, tt.refused, guard.Check(r) != nil)
		})
	}
}

func TestLookingIsNotChecked(t *testing.T) {
	guard, err := origin.NewGuard(&url.URL{Scheme: "https", Host: "id.example"})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "https://id.example/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	require.NoError(t, guard.Check(r))
}

func TestIssuerWithoutOrigin(t *testing.T) {
	_, err := origin.NewGuard(&url.URL{})
	require.Error(t, err)
}
