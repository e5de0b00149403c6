package dashboard

import (
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// itself tells what the application does without a user, nil for nothing: it
// may not, and has got no token since all were revoked.
func (req *request) itself() (*page.Itself, error) {
	scopes := req.kernel.OwnScopes(req.app)
	usage, err := req.kernel.Store.Usage(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID, 1)
	if err != nil || len(scopes) == 0 && usage.Itself.Tokens == 0 {
		return nil, err
	}
	return &page.Itself{
		Scopes:     req.scopes(scopes),
		Tokens:     usage.Itself.Tokens,
		IssuedAt:   req.moment(usage.Itself.IssuedAt),
		LastUsedAt: req.moment(usage.Itself.LastUsedAt),
	}, nil
}
