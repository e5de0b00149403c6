// Package par is a capability of package flow: pushed authorization requests
// (RFC 9126).
//
//	flow.Config{Extensions: []flow.Extension{par.New(par.Config{})}}
//
// It adds POST /oauth/par. A client sends the parameters of its authorization
// request there, authenticated as at the token endpoint, and gets a request_uri
// for them. Then it sends the browser to the authorization endpoint with the
// request_uri and its client_id alone. The push refuses what the authorization
// endpoint would refuse, in the same words. Public clients can push, too.
//
// A request_uri must be presented within a minute. Then it belongs to the
// browser that presented it, for an hour: time to sign in and to decide. It is
// used up when the user has decided. The store keeps the request, under a
// digest of the request_uri, so any node takes it, also after a restart.
//
// Parameters beside the request_uri are ignored, also prompt and login_hint. Of
// a pushed request, flow.ParseReturnTo tells a login page only whether to sign
// the user in anew.
//
// Each push is a write, and anybody can pose as a public client. So each node
// limits the pushes of public clients, and of clients that registered
// themselves or have a metadata document: from one network to 120, and then one
// a second.
//
// With [Config.Required] the service refuses requests that were not pushed. The
// profile flow.FAPI2 sets that, and demands redirect_uri in each push. One
// application has the same with [Settings], which its owner sets on the form of
// the application, and the host:
//
//	registry.SetExtra(ctx, owner, app.ID, par.Name, par.Settings{Required: true, Fixed: true})
package par

import (
	"embed"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Path is the path of the endpoint, below that of the issuer.
const Path = "/oauth/par"

// Name is the name of the capability, and of its entry in what an application
// keeps.
const Name = "par"

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// Required makes the authorization endpoint refuse requests that were not
	// pushed, of every application, with invalid_request. Defaults to taking
	// both kinds.
	Required bool
}

// Settings are what an application sets for itself, in its
// oauthapp.Application.Extra under [Name]. Its owner does so with a box of the
// form on the pages of package dashboard.
type Settings struct {
	// Required is [Config.Required] for this application alone. Its name in
	// JSON is that of RFC 9126, section 6.
	Required bool `json:"require_pushed_authorization_requests"`
	// Fixed keeps the setting as the host made it: the owner's form has no box
	// for it, and an update by the client itself (package registration) does
	// not change it.
	Fixed bool `json:"fixed,omitempty"`
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string               { return Name }
func (extension) Findings() []kernel.Finding { return nil }

//go:embed messages
var messages embed.FS

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	strict := k.Profile == kernel.FAPI2
	e.cfg.Required = e.cfg.Required || strict
	p := &endpoint{kernel: k, cfg: e.cfg, strict: strict, limiter: newLimiter(k.Now)}
	metadata := map[string]any{"pushed_authorization_request_endpoint": k.Issuer + Path}
	if e.cfg.Required {
		metadata["require_pushed_authorization_requests"] = true
	}
	var meets []kernel.Requirement
	if strict {
		meets = append(meets, kernel.PushedRequestsOnly)
	}
	return kernel.Contribution{
		Routes:             []kernel.Route{{Method: http.MethodPost, Path: Path, Handler: p.push, AnyOrigin: true}},
		JudgeAuthorization: p.judge,
		Requests:           &kernel.RequestSource{Find: p.find, Decided: p.decided},
		ApplicationField:   e.field(),
		Pages:              page.Further{Files: messages},
		Metadata:           metadata,
		Meets:              meets,
	}, nil
}

// An endpoint is that for pushes. It is safe for concurrent use.
type endpoint struct {
	kernel  *kernel.Kernel
	cfg     Config
	strict  bool // a push names its redirect_uri
	limiter *limiter
}

// field is the box with which an owner sets [Settings], nil where the host has
// set it for everybody.
func (e extension) field() *kernel.ApplicationField {
	if e.cfg.Required {
		return nil
	}
	const ticked = "true"
	return &kernel.ApplicationField{
		Name:  "require_pushed_authorization_requests",
		Label: page.Say("par.label"),
		Hint:  page.Say("par.hint"),
		Flag:  true,
		Text: func(app oauthapp.Application) (string, bool) {
			var settings Settings
			if _, err := app.ReadExtra(Name, &settings); err != nil || !settings.Required {
				return "", !settings.Fixed
			}
			return ticked, !settings.Fixed
		},
		Entry: func(_ oauthapp.Application, text string) (any, *page.Message) {
			if text != ticked {
				return nil, nil
			}
			return Settings{Required: true}, nil
		},
	}
}

// judge refuses a request that had to be pushed.
func (p *endpoint) judge(a *kernel.AuthorizationRequest) *wire.Error {
	if a.Pushed {
		return nil
	}
	if p.cfg.Required {
		return wire.Refuse(wire.InvalidRequest, "this service takes pushed authorization requests alone")
	}
	var settings Settings
	if _, err := a.Client.Application.ReadExtra(Name, &settings); err != nil {
		return wire.Internal(err)
	}
	if settings.Required {
		return wire.Refuse(wire.InvalidRequest, "the application sends pushed authorization requests alone")
	}
	return nil
}

// push takes an authorization request (RFC 9126, section 2.1).
func (p *endpoint) push(w http.ResponseWriter, r *http.Request) {
	names := p.kernel.AuthorizationParams()
	form, refusal := wire.ReadFormUnchecked(w, r, slices.Concat(names, p.kernel.ClientParams))
	if refusal == nil {
		refusal = form.Check(p.kernel.ClientParams)
	}
	if refusal != nil {
		p.kernel.WriteError(w, r, refusal)
		return
	}
	client, refusal := p.kernel.AuthenticateClient(r, form, uuid.Nil)
	if refusal == nil {
		refusal = p.limiter.admit(client.Application, p.kernel.Actor(r, "").RemoteAddr)
	}
	if refusal != nil {
		p.kernel.WriteError(w, r, refusal)
		return
	}
	var params wire.Params
	if p.strict && !form.Has("redirect_uri") { // FAPI 2.0, section 5.3.2.2, item 6
		refusal = wire.Refuse(wire.InvalidRequest, "redirect_uri is missing")
	} else {
		params, refusal = p.kernel.JudgePushed(r, client, form.Only(names))
	}
	if refusal != nil {
		p.kernel.WriteError(w, r, refusal)
		return
	}
	requestURI, refusal := p.keep(r, client.Application.ClientID, params)
	if refusal != nil {
		p.kernel.WriteError(w, r, refusal)
		return
	}
	answer := struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int64  `json:"expires_in"` // whole seconds
	}{requestURI, int64(lifetime.Seconds())}
	if err := wire.WriteJSON(w, http.StatusCreated, answer); err != nil {
		p.kernel.WriteError(w, r, wire.Internal(err))
	}
}
