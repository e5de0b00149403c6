package e2e

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A documentServer serves JSON documents by https.
type documentServer struct {
	*httptest.Server
	paths *http.ServeMux
	roots string // the file of the certificate that it is trusted by
}

func newDocumentServer(t *testing.T) *documentServer {
	paths := http.NewServeMux()
	s := &documentServer{httptest.NewTLSServer(paths), paths, filepath.Join(t.TempDir(), "roots.pem")}
	t.Cleanup(s.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(s.roots, certificate, 0o600))
	return s
}

// serve answers a path with a document, from then on. It is called once for a
// path.
func (s *documentServer) serve(path string, document map[string]any) {
	s.paths.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	})
}
