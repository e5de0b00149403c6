package dashboard

import (
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// refusals are what requests of the application were refused for lately.
func (req *request) refusals() ([]page.Refusal, error) {
	refusals, err := req.kernel.Refusals(req.ctx, req.app.ID)
	var shown []page.Refusal
	for _, r := range refusals {
		if r.Endpoint == kernel.Resource {
			r.Endpoint = ""
		}
		shown = append(shown, page.Refusal{At: req.moment(r.At), Endpoint: r.Endpoint, Error: r.Error, Reason: r.Reason, Remedy: remedy(r)})
	}
	return shown, err
}

// remedy says in one sentence what a developer does about a refusal: what is
// known of its reason, or else of its error code.
func remedy(r kernel.Refusal) *page.Message {
	if key := byReason[r.Reason]; key != "" {
		return page.Say(key)
	}
	if slices.Contains(byError, r.Error) {
		return page.Say("remedy.error." + r.Error)
	}
	return page.Say("remedy.other")
}

// byReason has the reasons that say more than their error code.
var byReason = map[string]string{
	"wrong client secret":                                                    "remedy.wrong_secret",
	"no client secret":                                                       "remedy.no_secret",
	"malformed or missing client credentials":                                "remedy.no_credentials",
	"too many failed attempts":                                               "remedy.too_many",
	"grant_type is missing":                                                  "remedy.no_grant_type",
	"the authorization code has expired":                                     "remedy.code_expired",
	"the authorization code was used already":                                "remedy.code_used",
	"the authorization code is not valid":                                    "remedy.code_invalid",
	"code_verifier is missing":                                               "remedy.no_verifier",
	"code_verifier does not match the code_challenge":                        "remedy.wrong_verifier",
	"the application is suspended":                                           "remedy.suspended",
	"the application awaits the approval of this service":                    "remedy.unapproved",
	"the refresh token has expired":                                          "remedy.refresh_expired",
	"the refresh token was used already":                                     "remedy.refresh_used",
	"the access token has expired":                                           "remedy.access_expired",
	"the access token was replaced by newer ones, or never issued":           "remedy.access_replaced",
	"the redirect_uri does not match the one in the authorization request":   "remedy.redirect_uri_differs",
	"redirect_uri: the application has not registered it as a callback URL":  "remedy.redirect_uri_unknown",
	"redirect_uri is missing, and the application has several callback URLs": "remedy.no_redirect_uri",
}

// byError has the error codes that have a remedy.
var byError = []string{
	wire.InvalidRequest, wire.InvalidClient, wire.InvalidGrant, wire.InvalidScope, wire.UnauthorizedClient, wire.UnsupportedGrantType,
	wire.UnsupportedResponseType, wire.AccessDenied, wire.InvalidTarget, wire.LoginRequired, wire.ConsentRequired, wire.InteractionRequired,
	wire.AccountSelectionRequired, wire.RequestNotSupported, wire.RequestURINotSupported, wire.InvalidToken, wire.InsufficientScope,
	wire.TemporarilyUnavailable,
	// RFC 9449, section 5 and 8, and RFC 8628, section 3.5.
	"invalid_dpop_proof", "use_dpop_nonce", "expired_token",
}
