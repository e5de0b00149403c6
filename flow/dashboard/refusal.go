package dashboard

import (
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
func remedy(r kernel.Refusal) string {
	for _, known := range []struct {
		texts map[string]string
		key   string
	}{{byReason, r.Reason}, {byError, r.Error}} {
		if text := known.texts[known.key]; text != "" {
			return text
		}
	}
	return "Correct the request as the error says, or update the library that sends it."
}

// byReason has the reasons that say more than their error code.
var byReason = map[string]string{
	"wrong client secret":                                                    "Compare the client secret with those above by its last characters; if it is lost, reset it.",
	"no client secret":                                                       "Send the client secret, by HTTP Basic or as client_secret in the body.",
	"malformed or missing client credentials":                                "Send client_id and client_secret in the body, or both by HTTP Basic, form-encoded.",
	"too many failed attempts":                                               "Stop repeating requests with credentials that fail, correct them, and wait as long as Retry-After says.",
	"grant_type is missing":                                                  "Send grant_type in a form in the body: application/x-www-form-urlencoded, not JSON.",
	"the authorization code has expired":                                     "Exchange the code as soon as the callback gets it.",
	"the authorization code was used already":                                "Exchange each code once: to present it again ends the session.",
	"the authorization code is not valid":                                    "Send the code as the callback got it, decoded once, from the application that it was issued to.",
	"code_verifier is missing":                                               "Keep the code_verifier of each authorization request and send it with its code.",
	"code_verifier does not match the code_challenge":                        "Keep the code_verifier of each authorization request and send it with its own code.",
	"the application is suspended":                                           "Ask the operator of this service, who suspended the application.",
	"the application awaits the approval of this service":                    "Ask the operator of this service to approve the application; users of its own account can authorize it already.",
	"the refresh token has expired":                                          "Have the user authorize the application again.",
	"the refresh token was used already":                                     "Keep the refresh token of every answer and use the newest: an old one ends the session.",
	"the access token has expired":                                           "Refresh the access token and call again; this is normal once its time is up.",
	"the access token was replaced by newer ones, or never issued":           "Use the access token of the latest answer on all threads and machines.",
	"the redirect_uri does not match the one in the authorization request":   "Send the redirect_uri of the authorization request with its code, character by character.",
	"redirect_uri: the application has not registered it as a callback URL":  "Send one of the callback URLs above, character by character, or add the one that was sent to them.",
	"redirect_uri is missing, and the application has several callback URLs": "Name one of the callback URLs above as redirect_uri.",
}

// byError has the error codes.
var byError = map[string]string{
	wire.InvalidRequest:           "Correct the parameter that the reason names.",
	wire.InvalidClient:            "Check the client ID and the client secret that are sent.",
	wire.InvalidGrant:             "Have the user authorize the application again.",
	wire.InvalidScope:             "Ask for scopes that this service offers and the application may ask for.",
	wire.UnauthorizedClient:       "Ask the operator of this service what the application may do.",
	wire.UnsupportedGrantType:     "Send one of the grant types that the reason names.",
	wire.UnsupportedResponseType:  "Send response_type=code.",
	wire.AccessDenied:             "The user said no or cannot authorize it: offer them to try again.",
	wire.InvalidTarget:            "Leave out resource, or send the address of this service's API.",
	wire.LoginRequired:            "Send the user here without prompt=none, so that they can sign in.",
	wire.ConsentRequired:          "Send the user here without prompt=none, so that they can be asked.",
	wire.InteractionRequired:      "Send the user here without prompt=none, so that they can be asked.",
	wire.AccountSelectionRequired: "Send the user here without prompt=none, or name the account with account_id.",
	wire.RequestNotSupported:      "Send the parameters themselves instead of a request object.",
	wire.RequestURINotSupported:   "Send the parameters themselves instead of request_uri.",
	wire.InvalidToken:             "Get a new access token with the refresh token, or have the user authorize the application again.",
	wire.InsufficientScope:        "Have the user authorize the scope that this call needs.",
	// RFC 9449, section 5 and 8, and RFC 8628, section 3.5.
	"invalid_dpop_proof":        "Make a new DPoP proof for each request, for its method and URI, with the key that the token is bound to.",
	"use_dpop_nonce":            "Send the request again with the nonce of its answer in the DPoP proof; the first time this is normal.",
	"expired_token":             "Begin again: the user took too long to enter the code.",
	wire.TemporarilyUnavailable: "Wait as long as Retry-After says before the next request.",
}
