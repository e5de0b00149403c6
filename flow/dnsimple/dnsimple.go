// Package dnsimple is a capability of package flow: a token endpoint for
// clients that were written for the API of DNSimple.
//
//	flow.Config{Extensions: []flow.Extension{dnsimple.New(dnsimple.Config{})}}
//
// It adds POST /v2/oauth/access_token, which exchanges a code. The body is a
// form or a JSON object of strings, in which several resources are an array.
// The access token lives for [Config.AccessTokenTTL] and comes without a
// refresh token.
//
// The answer has an account_id. It is a number if the account's ID is a decimal
// number up to 2^53-1, which every JSON parser keeps exactly. Otherwise it is a
// string.
//
// Its error codes are those of that API: if redirect_uri or state differs from
// that of the authorization request, the error is invalid_request.
//
// Everything else is as on the token endpoint, PKCE and exact redirect URIs
// included.
package dnsimple

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// Path is the path of the token endpoint, below that of the issuer.
const Path = "/v2/oauth/access_token"

// defaultAccessTokenTTL is how long a client of that API expects a token to
// live without use.
const defaultAccessTokenTTL = 30 * 24 * time.Hour

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// AccessTokenTTL is how long the access tokens of this endpoint live: 1
	// second or more. None lives longer than flow.Config.Lifetimes.Session.
	// Defaults to 30 days.
	AccessTokenTTL time.Duration
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension {
	if cfg.AccessTokenTTL == 0 {
		cfg.AccessTokenTTL = defaultAccessTokenTTL
	}
	return extension{cfg}
}

type extension struct{ cfg Config }

func (extension) Name() string { return "dnsimple" }

// longAccessTokenTTL is what Check finds long.
const longAccessTokenTTL = time.Hour

func (e extension) Findings() []kernel.Finding {
	if e.cfg.AccessTokenTTL <= longAccessTokenTTL {
		return nil
	}
	return []kernel.Finding{{
		Field:     "Extensions",
		Reference: "RFC 6750, section 5.3",
		Message: "Clients of package dnsimple get access tokens that are good for " + kernel.Words(e.cfg.AccessTokenTTL) +
			", with nothing to refresh. Leave it out once no client needs it.",
	}}
}

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if e.cfg.AccessTokenTTL < time.Second {
		return kernel.Contribution{}, fmt.Errorf("Config.AccessTokenTTL must be 1 second or more")
	}
	endpoint := tokenEndpoint{kernel: k, terms: kernel.Terms{
		LongLived:    e.cfg.AccessTokenTTL,
		CompareState: true,
		Mismatch:     wire.InvalidRequest,
	}}
	return kernel.Contribution{
		Routes: []kernel.Route{{Method: http.MethodPost, Path: Path, Handler: endpoint.serve, AnyOrigin: true, IssuesTokens: true}},
	}, nil
}

const grantType = "authorization_code"

// params are what the endpoint acts on, beside the parameters of client
// authentication.
var params = []string{"grant_type", "code", "redirect_uri", "code_verifier", "state", "resource"}

type tokenEndpoint struct {
	kernel *kernel.Kernel
	terms  kernel.Terms
}

// An answer is a successful one.
type answer struct {
	AccessToken string          `json:"access_token"`
	TokenType   string          `json:"token_type"`
	ExpiresIn   int64           `json:"expires_in"`
	Scope       string          `json:"scope"` // never null, which OAuth clients refuse
	AccountID   json.RawMessage `json:"account_id"`
}

func (e tokenEndpoint) serve(w http.ResponseWriter, r *http.Request) {
	form, refusal := wire.ReadFormOrJSON(w, r, slices.Concat(params, e.kernel.ClientParams))
	if refusal == nil && form.Get("grant_type") != grantType {
		refusal = wire.Refuse(wire.InvalidRequest, "grant_type must be "+grantType)
	}
	if refusal != nil {
		e.kernel.WriteError(w, r, refusal)
		return
	}
	t, issued, refusal := e.kernel.Exchange(r, form, e.terms)
	if refusal != nil {
		e.kernel.WriteError(w, r, refusal)
		return
	}
	e.kernel.WriteJSON(w, r, answer{
		AccessToken: issued.Access,
		TokenType:   issued.Type,
		ExpiresIn:   issued.ExpiresIn(t.Now),
		Scope:       strings.Join(issued.Scopes, " "),
		AccountID:   accountNumber(t.Client.Session.AccountID),
	})
}

// maxExactNumber is the largest integer that every JSON parser keeps exactly
// (RFC 8259, section 6). JavaScript rounds larger ones, to the ID of another
// account.
const maxExactNumber = 1<<53 - 1

// accountNumber returns an account's ID as the number that the clients expect,
// or as a string where it is no canonical decimal number up to maxExactNumber.
func accountNumber(id string) json.RawMessage {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil && n <= maxExactNumber && strconv.FormatUint(n, 10) == id {
		return json.RawMessage(id)
	}
	b, _ := json.Marshal(id) // a string always marshals
	return b
}
