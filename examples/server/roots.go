package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// loadRoots reads root certificates from a PEM file. Without a path there are
// none.
func loadRoots(path string) ([]*x509.Certificate, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("-metadata-ca: %w", err)
	}
	var roots []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("-metadata-ca %s: want certificates alone, found %q", path, block.Type)
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("-metadata-ca %s: %w", path, err)
		}
		roots = append(roots, root)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("-metadata-ca %s: want certificates in PEM, found none", path)
	}
	return roots, nil
}
