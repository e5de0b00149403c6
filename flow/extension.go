package flow

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// An Extension is a capability that [Config.Extensions] turns on, such as that
// of package dnsimple. What it needs of a provider is not exported, so that
// only this module can have them.
type Extension = kernel.Extension

// extend adds what this package and each of the extensions contributes. Two
// that add the same make it fail, naming both.
func (p *Provider) extend() error {
	p.kernel = p.newKernel()
	if err := p.added.Add("flow", p.ownContribution()); err != nil {
		return err
	}
	if len(p.cfg.Resources) > 0 {
		if err := p.added.Add(kernel.ResourcesEntry, kernel.Contribution{ClaimsExtra: true}); err != nil {
			return err
		}
	}
	for i, extension := range p.cfg.Extensions {
		if extension == nil {
			return fmt.Errorf("number %d is nil", i)
		}
		contribution, err := extension.Contribute(p.kernel)
		if err == nil {
			err = p.added.Add(extension.Name(), contribution)
		} else {
			err = fmt.Errorf("%s: %w", extension.Name(), err)
		}
		if err != nil {
			return err
		}
	}
	if err := p.publishKeys(); err != nil {
		return err
	}
	p.readAdded()
	return nil
}

// newKernel returns what the extensions are lent. What they add together is not
// in it yet.
func (p *Provider) newKernel() *kernel.Kernel {
	return &kernel.Kernel{
		Profile:     p.cfg.Profile,
		Issuer:      p.cfg.Issuer,
		BasePath:    p.issuer.Path,
		Resource:    p.cfg.Resource,
		TakenScopes: p.resources[0].Scopes,
		Store:       p.cfg.Store,
		Registry:    p.registry,
		Credentials: p.credentials,
		Issue:       p.issue,
		SigningKeys: kernelSigningKeys(p.cfg.SigningKeys),
		Now:         p.now,
		Emit:        p.emit,
		Refusals:    p.recentRefusals,

		AllowedScopes: p.allowedScopes,
		GrantedScopes: p.grantedScopes,
		StillGiven:    p.stillGiven,
		RevokeLeaked: func(r *http.Request, text string) ([]oauthapp.Event, error) {
			return p.added.Revoke(p.credentials, r, text)
		},
		AgreeClientCredentials: p.agreeClientCredentials,
		RequestedScopes:        p.requestedScopesAt,
		SplitScopes:            p.splitScopes,
		RequestedResources:     p.requestedResources,
		KeptResources:          p.keptResources,

		AuthorizationParams: func() []string { return p.authorizationParams },
		JudgePushed:         p.judgePushed,
		AskCapabilities:     p.added.JudgeAuthorization,
		SignIn:              p.signIn,
		ApplicationFields:   p.added.ApplicationFields,
		OwnScopes:           p.added.OwnScopes,
		FindClient:          p.findClient,
		KeepClient:          p.keepClient,
		AskConsent: func(w http.ResponseWriter, r *http.Request, q kernel.ConsentQuestion) {
			p.askConsent(w, r, http.StatusOK, q, nil)
		},
		ManageURL:    func() string { url, _ := p.manageURL.Load().(string); return url },
		SetManageURL: func(url string) { p.manageURL.Store(url) },
		AccountPages: func() []kernel.AccountPage {
			pages := p.added.AccountPages()
			if first := p.accountPage.Load(); first != nil {
				pages = slices.Insert(pages, 0, *first)
			}
			return pages
		},
		SetAccountPage: func(a kernel.AccountPage) { p.accountPage.Store(&a) },

		ReadConsent: p.readConsent,
		Decide:      p.decideConsent,

		Exchange:       p.exchange,
		WriteJSON:      p.writeJSON,
		WriteError:     p.writeError,
		WritePageError: p.refuseOnPage,

		Host: p.host(),
	}
}

// ownContribution is what this package adds: the code grant, the refresh grant
// and the endpoints.
func (p *Provider) ownContribution() kernel.Contribution {
	own := kernel.Contribution{
		Routes:           p.ownRoutes(),
		Grants:           []kernel.Grant{p.codeGrant(), p.refreshGrant()},
		Metadata:         p.ownMetadata(),
		ResourceMetadata: p.ownResourceMetadata(),
		Schemes:          []kernel.Scheme{{Name: kernel.Bearer}},
		Leakable:         p.leakable(),
		ApplicationField: p.optionalScopesField(),
	}
	if p.cfg.Profile != FAPI2 { // which wants clients to have a key (section 5.3.2.1, item 6)
		own.ClientAuthentication = clientauth.Secrets(clientauth.SecretHost{
			Used: p.noteSecretUse, Adopt: p.adoptSecret,
			Network: func(r *http.Request) string { return bucket.Network(p.cfg.RemoteAddr(r)) },
		})
	}
	for _, name := range authorizationParams {
		own.AuthorizationParams = append(own.AuthorizationParams, kernel.AuthorizationParam{Name: name})
	}
	return own
}

// readAdded makes of what was added what requests need: how clients
// authenticate, and which parameters each endpoint acts on.
func (p *Provider) readAdded() {
	p.clients = p.newClients()
	p.kernel.AuthenticateClient = p.authenticateLive
	p.kernel.HasGrant = func(grantType string) bool { _, ok := p.added.Grants[grantType]; return ok }
	p.kernel.HasClientAuthentication = func(method string) bool { return slices.Contains(p.clients.Names(true), method) }
	p.authorizationParams = p.added.AuthorizationParamNames()
	p.kernel.ClientParams = p.clients.Params()
	p.revokeParams = slices.Concat(revokeParams, p.kernel.ClientParams)
	p.introspectParams = slices.Concat(introspectParams, p.kernel.ClientParams)
	p.tokenParams = slices.Concat([]string{"grant_type", "resource"}, p.kernel.ClientParams)
	for _, grant := range p.added.Grants {
		for _, name := range grant.Params {
			if !slices.Contains(p.tokenParams, name) {
				p.tokenParams = append(p.tokenParams, name)
			}
		}
	}
}

// Kernel returns what the provider lends the other packages of this module. Its
// type is internal: it is for them alone.
func (p *Provider) Kernel() *kernel.Kernel { return p.kernel }

// host is what the kernel says of the host.
func (p *Provider) host() kernel.Host {
	scopes := make(map[string]*page.Message, len(p.scopes))
	for name, scope := range p.scopes {
		scopes[name] = word("scope", name, scope.Description)
	}
	return kernel.Host{
		User:            p.kernelUser,
		LoginURL:        p.cfg.LoginURL,
		UserName:        p.cfg.Pages.UserName,
		AccountName:     p.cfg.Pages.AccountName,
		Tickets:         p.keys,
		FormSession:     p.formSession,
		CheckOrigin:     p.crossOrigin.Check,
		AwaitsApproval:  p.awaitsApproval,
		Actor:           p.actor,
		Scopes:          scopes,
		MaxApplications: p.cfg.Applications.Max,
		Logger:          p.cfg.Logger,
	}
}

// kernelUser returns who is signed in, as the kernel has it.
func (p *Provider) kernelUser(r *http.Request) (*kernel.User, error) {
	user, err := p.cfg.CurrentUser(r)
	if user == nil || err != nil {
		return nil, err
	}
	u := &kernel.User{ID: user.ID, Name: user.Name, Session: user.Session, AuthenticatedAt: user.AuthenticatedAt}
	for _, account := range user.Accounts {
		u.Accounts = append(u.Accounts, account.kernel())
		u.Memberships = append(u.Memberships, account.ID)
	}
	return u, nil
}

// grantTypes are those of the token endpoint, in alphabetical order.
func (p *Provider) grantTypes() []string { return slices.Sorted(maps.Keys(p.added.Grants)) }

// withMembers adds members to an object of JSON. Those that it has already stay
// as they are.
func withMembers(object any, members []map[string]any) any {
	if len(members) == 0 {
		return object
	}
	all := map[string]any{}
	for _, m := range members {
		maps.Copy(all, m)
	}
	b, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		return object
	}
	return all
}
