package flow

import (
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// checkResources refuses a request for a token that is for another API than
// [Config.Resource], which is what every token is for (RFC 8707, section 2). A
// client that was sent here by the metadata of somebody else's API asks for
// that one: it is not to carry a token there that opens this one. Who names
// none asks for what there is.
func (p *Provider) checkResources(params wire.Params) *wire.Error {
	for _, param := range params {
		// URL libraries add a slash to a URL without a path.
		if param.Name == "resource" && param.Value != "" && strings.TrimSuffix(param.Value, "/") != strings.TrimSuffix(p.cfg.Resource, "/") {
			return wire.Refuse(InvalidTarget, "resource is not the API of this service: "+p.cfg.Resource)
		}
	}
	return nil
}
