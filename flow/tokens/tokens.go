// Package tokens is a capability of package flow: API access tokens that users
// make for themselves, without an application, for scripts and for whatever
// else acts as them.
//
//	flow.Config{Extensions: []flow.Extension{tokens.New(tokens.Config{})}}
//
// The pages are at [Path], for each account of whoever is signed in. A user
// token is for every account that its user may act for. Anybody who is signed
// in can make one, for the scopes that flow.Config.MayAct allows. An account
// token is for one account. What flow.Role says of authorized applications
// holds for it: a user with SeeGrants sees it, one with RevokeGrants can revoke
// it, and one with NoAuthorize can make none.
//
// Either token has a name and scopes, and expires or not. It is shown once; the
// store has its digest. When it was last used is known to within a few minutes.
// The pages of package dashboard, if the host has them, and those of tokens lead
// to each other. The host links either, from the settings of an account.
//
// Where the host has a flow.Config.MayAct, it is asked about a user token with
// the account "", when it is made and at each use. One that looks for a
// membership in the account finds none there, and the token would end: let it
// answer that with the scopes that the user may use at all.
//
//	MayAct: func(ctx context.Context, user, account string) ([]string, error) {
//		if account == "" {
//			return scopesOfUser(ctx, user) // none for one who is suspended or gone
//		}
//		return scopesOfMember(ctx, user, account)
//	},
//
// # The API
//
// flow.Provider.Require takes API tokens with the scheme Bearer, as access
// tokens of applications, and a handler tells them by
// flow.Authorization.IsAPIToken. A user token has no AccountID: the handler
// looks up which accounts the user may act for, as for somebody who is signed
// in. If the service has several APIs (flow.Config.Resources), only the default
// one takes API tokens. The service's resource servers can introspect them; the
// answer has no client_id. Checking one costs one read by primary key. Other
// requests cost what they cost without the capability.
//
// # Their end
//
// An API token ends when its user or somebody of its account revokes it, when
// it expires, with oauthapp.Registry.EndAccess and Erase of its user, its
// account or the whole service, and when flow.Config.MayAct says at a use that
// its user may give nothing any more. Each of these has an event, except the
// expiry.
//
// # Secret scanners
//
// An API token begins with the prefix of the service and "_ap_", has a
// checksum, and is found by the regular expression of
// credential.Format.Pattern.
package tokens

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Path is where the pages are, below the path of the issuer, as
// [http.ServeMux] writes it. What revokes a token is below it.
const Path = "/accounts/{account}/api_tokens"

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// MaxLifetime is how long a token that is made on the pages may live: 1 to
	// 3650 days, in whole days. With it, every such token expires. Defaults to
	// no limit: a token need not expire.
	MaxLifetime time.Duration
}

const (
	day     = 24 * time.Hour
	maxDays = 3650 // that a form takes
)

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string { return "tokens" }

func (x extension) Findings() []kernel.Finding {
	if x.cfg.MaxLifetime != 0 {
		return nil
	}
	return []kernel.Finding{{
		Field:     "tokens.Config.MaxLifetime",
		Message:   "API tokens need not expire. Set it, such as to 366 days, so that one that is forgotten ends.",
		Reference: "RFC 6750, section 5.3",
	}}
}

//go:embed pages
var pages embed.FS

func (x extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if most := x.cfg.MaxLifetime; most < 0 || most%day != 0 || most > maxDays*day {
		return kernel.Contribution{}, fmt.Errorf("Config.MaxLifetime must be 1 to %d days, in whole days, or 0 for no limit", maxDays)
	}
	files, err := fs.Sub(pages, "pages")
	if err != nil {
		return kernel.Contribution{}, err
	}
	e := &endpoints{k: k, maxDays: int(x.cfg.MaxLifetime / day)}
	return kernel.Contribution{
		Routes: []kernel.Route{
			{Method: http.MethodGet, Path: Path, Handler: e.list},
			{Method: http.MethodPost, Path: Path, Handler: e.create},
			{Method: http.MethodPost, Path: Path + "/{id}/revoke", Handler: e.revoke},
		},
		Tokens:      &kernel.TokenSource{Kind: credential.APIToken, Find: e.find, End: e.end},
		Leakable:    []kernel.Leakable{{Kind: credential.APIToken, Revoke: e.revokeLeaked}},
		AccountPage: &kernel.AccountPage{Label: page.Say("tokens.heading"), URL: e.path},
		Pages:       page.Further{Files: files, Samples: samples},
	}, nil
}

// find returns the token that a text stands for.
func (e *endpoints) find(ctx context.Context, token credential.Parsed, now time.Time) (oauthapp.APIToken, error) {
	found, err := e.k.Store.APIToken(ctx, token.Session, now)
	if err != nil {
		return oauthapp.APIToken{}, err
	}
	if !found.Digest.Equal(token.Digest) {
		return oauthapp.APIToken{}, store.ErrNotFound
	}
	return found, nil
}

// revokeLeaked ends a token that was found where everybody can read it.
func (e *endpoints) revokeLeaked(r *http.Request, c credential.Parsed) ([]oauthapp.Event, error) {
	token, err := e.find(r.Context(), c, e.k.Now())
	if err == nil {
		filter := oauthapp.APITokenFilter{UserID: token.UserID, AccountID: token.AccountID}
		token, err = e.k.Registry.RevokeAPIToken(r.Context(), filter, token.ID, "it was leaked")
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []oauthapp.Event{{APITokenID: token.ID, APITokenName: token.Name, UserID: token.UserID, AccountID: token.AccountID, Scopes: token.Scopes}}, nil
}

// end ends a token whose user may give nothing any more. One that has ended
// meanwhile is no failure.
func (e *endpoints) end(r *http.Request, token oauthapp.APIToken) error {
	ctx := oauthapp.WithActor(context.WithoutCancel(r.Context()), e.k.Actor(r, token.UserID))
	filter := oauthapp.APITokenFilter{UserID: token.UserID, AccountID: token.AccountID}
	_, err := e.k.Registry.RevokeAPIToken(ctx, filter, token.ID, "the user may give nothing any more")
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
