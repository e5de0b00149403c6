// Package clientcredentials is a capability of package flow: access tokens that
// an application gets for itself, without a user (RFC 6749, section 4.4).
//
//	flow.Config{Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{})}}
//
// It adds the grant type client_credentials to the token endpoint. A
// confidential application can use it once it was granted scopes for itself: by
// the host, as the entry [Name] of its oauthapp.Application.Extra, which is a
// [Settings], or by its owner on the form of the application, see
// [Config.OwnerScopes].
//
//	registry.SetExtra(ctx, owner, app.ID, clientcredentials.Name, clientcredentials.Settings{Scopes: []string{"read"}})
//
// An application has no such scopes by default. They are apart from those that
// it may ask users for. One that has no users is registered with the callback
// URL https://unused.invalid/, which nobody can have.
//
// flow.Provider.Require refuses these tokens, as there is no user whom a
// handler could act for. A handler that takes them is behind
// flow.Provider.Guard with Applications. It tells them by
// flow.Authorization.IsApplication. UserID and AccountID are then "", which is
// the ID of no user, and introspection has no sub and no account_id.
//
// There is no refresh token. Of the tokens that an application got for itself
// the newest 1,000 are good: the oldest goes with each one more. A token ends
//
//   - with its time;
//   - with the client secret that it was got with: when that is revoked, and
//     when that expires because the secret was reset;
//   - when all tokens of the application are revoked, while it is suspended,
//     and when it is deleted;
//   - at the revocation endpoint (RFC 7009).
//
// Two things end the issue of new tokens alone, and those that are there live
// on for flow.Config.Lifetimes.AccessToken at most: scopes that are taken back,
// and a key of package flow/clientkeys that the client authenticated with and
// that is removed. Who must end them at once revokes all tokens.
package clientcredentials

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// GrantType is the grant type (RFC 6749, section 4.4.2).
const GrantType = "client_credentials"

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// OwnerScopes are the scopes that the owner of a confidential application
	// may grant it for itself, on its form. Each is one of flow.Config.Scopes.
	// Defaults to none: the host alone grants. Either way the owner sees what
	// the application has, and may take it away; what the host granted, only
	// the host grants again.
	OwnerScopes []string
}

// Settings are what an application was granted for itself, in its
// oauthapp.Application.Extra under [Name].
type Settings struct {
	// Scopes are those that the application may have without a user. Those
	// that flow.Config.Scopes lacks have no effect.
	Scopes []string `json:"scopes"`
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

// Name is the name of the capability, and of its entry in what an application
// keeps.
const Name = "clientcredentials"

type extension struct{ cfg Config }

func (extension) Name() string               { return Name }
func (extension) Findings() []kernel.Finding { return nil }

//go:embed messages
var messages embed.FS

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	for _, scope := range e.cfg.OwnerScopes {
		if _, offered := k.Scopes[scope]; !offered {
			return kernel.Contribution{}, fmt.Errorf("Config.OwnerScopes: %q is not one of flow.Config.Scopes", scope)
		}
	}
	g := &grant{kernel: k}
	return kernel.Contribution{
		Pages:  page.Further{Files: messages},
		Grants: []kernel.Grant{{Type: GrantType, Params: []string{"scope"}, Exchange: g.exchange}},
		OwnScopes: func(app oauthapp.Application) []string {
			if app.Type == oauthapp.Public {
				return nil
			}
			granted, _ := grantedTo(app) // without what cannot be read, there is no token
			return g.offered(granted)
		},
		ApplicationField: ownerField(slices.Clone(e.cfg.OwnerScopes)),
	}, nil
}

// grantedTo returns what an application was granted for itself.
func grantedTo(app oauthapp.Application) ([]string, error) {
	var settings Settings
	_, err := app.ReadExtra(Name, &settings)
	return settings.Scopes, err
}

type grant struct{ kernel *kernel.Kernel }

// exchange answers a token request of an application for itself. The client was
// authenticated.
func (g *grant) exchange(t *kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
	granted, err := grantedTo(t.Client.Application)
	if err != nil {
		return kernel.Tokens{}, wire.Internal(err)
	}
	granted = g.offered(granted)
	scopes, refusal := g.judge(t, granted)
	if refusal == nil {
		refusal = g.kernel.AgreeItself(t, granted, scopes)
	}
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	issued, refusal := g.kernel.Issue.Application(t, scopes)
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	g.kernel.Emit(t.HTTP, t.Issued(oauthapp.TokenIssued, &issued))
	return issued, nil
}

// offered returns which of some scopes the service has.
func (g *grant) offered(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		_, ok := g.kernel.Scopes[scope]
		return !ok
	})
}

// judge returns the scopes that an application asks for, of those that it was
// granted for itself: all of them where it names none (RFC 6749, section 3.3).
func (g *grant) judge(t *kernel.TokenRequest, granted []string) ([]string, *wire.Error) {
	if t.Public() {
		return nil, wire.Refuse(wire.UnauthorizedClient, "a public client cannot act for itself")
	}
	if len(granted) == 0 {
		return nil, wire.Refuse(wire.UnauthorizedClient, "the application was granted no scopes for itself")
	}
	asked := g.kernel.SplitScopes(t.Params.Get("scope"))
	if len(asked) == 0 {
		asked = granted
	}
	app := t.Client.Application
	app.Scopes = granted // in place of those that it may ask users for
	return g.kernel.RequestedScopes(app, strings.Join(asked, " "), nil)
}

// ownerField is where the owner of an application grants it scopes for itself,
// of those that the host lets owners grant, and takes away any that it has.
func ownerField(owners []string) *kernel.ApplicationField {
	choices := func(app oauthapp.Application) []string {
		granted, _ := grantedTo(app)
		all := slices.Concat(owners, granted)
		slices.Sort(all)
		return slices.Compact(all)
	}
	return &kernel.ApplicationField{
		Name:   "application_scopes",
		Label:  page.Say("clientcredentials.label"),
		Hint:   page.Say("clientcredentials.hint"),
		Scopes: choices,
		Text: func(app oauthapp.Application) (string, bool) {
			granted, err := grantedTo(app)
			granted = slices.Sorted(slices.Values(granted)) // as the boxes are
			return strings.Join(granted, " "), err == nil && app.Type != oauthapp.Public && len(choices(app)) > 0
		},
		Entry: func(app oauthapp.Application, text string) (any, *page.Message) {
			asked := strings.Fields(text)
			if len(asked) == 0 {
				return nil, nil
			}
			if app.Type == oauthapp.Public {
				return nil, page.Say("clientcredentials.public")
			}
			allowed := choices(app)
			for _, scope := range asked {
				if !slices.Contains(allowed, scope) {
					return nil, page.Say("clientcredentials.unknown", strconv.Quote(scope))
				}
			}
			slices.Sort(asked)
			return Settings{Scopes: slices.Compact(asked)}, nil
		},
	}
}
