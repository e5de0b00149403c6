package flow

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// metadataPath is the path of the metadata of a resource of a path, as a mux
// matches it: the well-known path stands between the host and the path (RFC
// 9728, section 3.1).
func metadataPath(path string) string {
	switch {
	case path == "/":
		return resourceMetadataPath
	case strings.HasSuffix(path, "/"):
		return resourceMetadataPath + path + "{$}"
	default:
		return resourceMetadataPath + path
	}
}

// A resourceDocument is the metadata of a resource.
type resourceDocument struct {
	host  string
	serve http.HandlerFunc
}

// documentResources makes the metadata of all resources, by path.
func (p *Provider) documentResources() (map[string][]resourceDocument, error) {
	documents := map[string][]resourceDocument{}
	for _, r := range p.resources {
		metadata := maps.Clone(p.added.ResourceMetadata)
		metadata["resource"], metadata["scopes_supported"] = r.Identifier, r.Scopes
		for name, value := range r.Metadata {
			if _, own := metadata[name]; own {
				return nil, fmt.Errorf("%s: Metadata: %q is what the library says itself", r.Identifier, name)
			}
			metadata[name] = value
		}
		u, _ := url.Parse(r.Identifier)
		path := metadataPath(u.Path)
		documents[path] = append(documents[path], resourceDocument{u.Host, jsonDocument(metadata)})
	}
	return documents, nil
}

// serveResource serves the metadata of the resources of one path, each of which
// has a host of its own. Another host gets that of the first.
func serveResource(documents []resourceDocument) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(documents, func(d resourceDocument) bool { return strings.EqualFold(d.host, r.Host) })
		documents[max(i, 0)].serve(w, r)
	}
}
