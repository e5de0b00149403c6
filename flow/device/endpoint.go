package device

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
)

// endpoints are those of the capability.
type endpoints struct {
	k        *kernel.Kernel
	cfg      Config
	requests requests
	limits   *limits
}

// authorizationParams are what the device authorization endpoint acts on,
// beside the parameters of client authentication.
var authorizationParams = []string{"scope", "resource"}

// An answer is a device authorization response (RFC 8628, section 3.2).
type answer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// authorize serves the device authorization endpoint (RFC 8628, section 3.1).
func (e *endpoints) authorize(w http.ResponseWriter, r *http.Request) {
	wire.SetPragma(w)
	params, refusal := wire.ReadForm(w, r, slices.Concat(authorizationParams, e.k.ClientParams))
	var a answer
	if refusal == nil {
		a, refusal = e.begin(r, params)
	}
	if refusal != nil {
		e.k.WriteError(w, r, refusal)
		return
	}
	e.k.WriteJSON(w, r, a)
}

// begin keeps a request of a device.
func (e *endpoints) begin(r *http.Request, params wire.Params) (answer, *wire.Error) {
	client, refusal := e.k.AuthenticateClient(r, params, uuid.Nil)
	var resources []string
	if refusal == nil {
		resources, refusal = e.k.RequestedResources(params)
	}
	if refusal != nil {
		return answer{}, refusal
	}
	scopes, refusal := e.k.RequestedScopes(client.Application, params.Get("scope"), resources)
	if refusal == nil {
		refusal = e.askCapabilities(r, client, scopes, resources)
	}
	if refusal != nil {
		return answer{}, refusal
	}
	if wait := e.limits.begin(r); wait > 0 {
		return answer{}, wire.TooMany("too many devices ask for authorization from this network", wait)
	}
	if e.k.KeptResources(resources) == nil {
		resources = nil // the default one, whichever that is by then
	}
	id, err := uuid.NewV7()
	if err != nil {
		return answer{}, wire.Internal(err)
	}
	now, code := e.k.Now(), e.k.Credentials.NewDeviceCode(id)
	asked := request{
		ClientID:  client.Application.ClientID,
		SessionID: id,
		Scopes:    scopes,
		Resources: resources,
		Address:   e.k.Actor(r, "").RemoteAddr,
		At:        now,
	}
	shown, err := e.requests.keep(r.Context(), asked, code.Digest(), now.Add(e.cfg.Lifetime))
	if err != nil {
		return answer{}, wire.Outage(err)
	}
	return answer{
		DeviceCode:              code.Reveal(),
		UserCode:                shown.String(),
		VerificationURI:         e.k.Issuer + Path,
		VerificationURIComplete: e.k.Issuer + Path + "?user_code=" + shown.String(),
		ExpiresIn:               int64(e.cfg.Lifetime / time.Second),
		Interval:                int64(e.cfg.Interval / time.Second),
	}, nil
}

// askCapabilities refuses a request that another capability refuses.
func (e *endpoints) askCapabilities(r *http.Request, client store.Client, scopes, resources []string) *wire.Error {
	params := wire.Params{{Name: "client_id", Value: client.Application.ClientID}, {Name: "scope", Value: strings.Join(scopes, " ")}}
	for _, resource := range resources {
		params = append(params, wire.Param{Name: "resource", Value: resource})
	}
	return e.k.AskCapabilities(&kernel.AuthorizationRequest{HTTP: r, Client: client, Params: params, Scopes: scopes, Pushed: true})
}
