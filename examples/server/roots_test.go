package main

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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
