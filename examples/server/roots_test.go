package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadRoots(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	block := func(typ string, bytes []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: bytes}) }
	certificate := block("CERTIFICATE", server.Certificate().Raw)
	file := filepath.Join(t.TempDir(), "roots.pem")

	for _, c := range []struct {
		name    string
		content []byte
		roots   int
		says    string
	}{
		{"two certificates", slices.Concat([]byte("# ours\n"), certificate, certificate), 2, ""},
		{"no PEM", server.Certificate().Raw, 0, "found none"},
		{"a key too", slices.Concat(certificate, block("PRIVATE KEY", []byte("x"))), 0, "PRIVATE KEY"},
		{"a broken certificate", slices.Concat(certificate, block("CERTIFICATE", []byte("x"))), 0, "x509"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, c.content, 0o600))
			roots, err := loadRoots(file)
			require.Len(t, roots, c.roots)
			if c.says != "" {
				require.ErrorContains(t, err, "-metadata-ca "+file)
				require.ErrorContains(t, err, c.says)
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}

	roots, err := loadRoots("")
	require.NoError(t, err)
	require.Empty(t, roots)
}

// The documents of clients are fetched from servers with such certificates.
func TestMetadataCA(t *testing.T) {
	var documents *httptest.Server
	documents = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"client_id": documents.URL + "/client.json", "client_name": "Example of a document", "redirect_uris": []string{documents.URL + "/callback"},
			"token_endpoint_auth_method": "none",
		})
	}))
	defer documents.Close()
	documents.Config.ErrorLog = log.New(io.Discard, "", 0)
	file := filepath.Join(t.TempDir(), "roots.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: documents.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, certificate, 0o600))
	query := url.Values{
		"response_type": {"code"}, "client_id": {documents.URL + "/client.json"}, "redirect_uri": {documents.URL + "/callback"},
		"code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-metadata-ca", file}, "Example of a document"},
		{nil, "document cannot be fetched"},
	} {
		s := startServing(t, append(c.args, "-store", "memory")...)
		b := (&browser{t: t, url: s.url}).another()
		b.signIn()
		require.Contains(t, b.get(authorizePath+"?"+query.Encode()).text, c.says)
		s.stopped(t)
	}
}
