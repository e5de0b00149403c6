// Package clientcredentials is a capability of package flow: access tokens that
// an application gets for itself, without a user (RFC 6749, section 4.4).
//
//	flow.Config{Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{})}}
//
// It adds the grant type client_credentials to the token endpoint. A
// confidential application can use it once it was granted scopes for itself.
// Its owner grants those of [Config.OwnerScopes], on the form of the
// application. The host grants any, as the entry [Name] of
// oauthapp.Application.Extra, which is a [Settings]:
//
//	settings := clientcredentials.Settings{Scopes: []string{"read"}}
//	registry.SetExtra(ctx, owner, app.ID, clientcredentials.Name, settings)
//
// An application has no such scopes by default. They are apart from those that
// it may ask users for. One that has no users is registered with the callback
// URL https://unused.invalid/, which nobody can have.
//
// flow.Provider.Require refuses these tokens, as there is no user whom a
// handler could act for. A handler that takes them is behind
// flow.Provider.Guard with Applications, and recognises them by
// flow.Authorization.IsApplication. UserID and AccountID are "" then, and
// introspection has no sub and no account_id.
//
// There is no refresh token. The newest 1,000 tokens that an application got
// for itself are good: each further one ends the oldest. A token ends
//
//   - when it expires, after flow.Config.Lifetimes.AccessToken;
//   - when the client secret that the application got it with is revoked, or
//     expires after it was reset;
//   - when all tokens of the application are revoked, and when the application
//     is deleted; while it is suspended, its tokens are refused;
//   - when the application revokes it at the revocation endpoint (RFC 7009).
//
// Two things stop new tokens and leave the tokens that were issued good until
// they expire: taking scopes back, and removing the key of package
// flow/clientkeys that the client authenticates with. To end those tokens at
// once, revoke all tokens of the application.
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
	// Defaults to none: only the host grants. The owner always sees what the
	// application has, and may take it away. A scope that is not among
	// OwnerScopes can be granted again by the host alone.
	OwnerScopes []string
}

// Settings are what an application was granted for itself, in its
// oauthapp.Application.Extra under [Name].
type Settings struct {
	// Scopes are those that the application may have without a user. Names that
	// are not in flow.Config.Scopes have no effect. Empty means none.
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
		refusal = g.kernel.AgreeClientCredentials(t, granted, scopes)
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
