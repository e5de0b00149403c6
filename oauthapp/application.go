package oauthapp

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// ClientType is the client type of RFC 6749, section 2.1.
type ClientType string

const (
	// Confidential applications run on a server and keep a client secret.
	Confidential ClientType = "confidential"
	// Public applications run on a user's device; they have no secret and
	// always use PKCE.
	Public ClientType = "public"
)

// An Application is a client of RFC 6749, as its developer registered it.
type Application struct {
	ID       uuid.UUID // version 7; names the application to its owner
	ClientID string    // names it to the flow, never reused; unreserved characters only, or an https URL if it has no owner

	// Owner is the host's account that registered it; opaque. It is "" for an
	// application that registered itself.
	Owner       string
	Name        string
	Description string // "" if the developer gave none
	HomepageURL string

	// CallbackURLs has at least one URL. Order and bytes are as registered.
	CallbackURLs []string

	Type ClientType // fixed at registration

	// Scopes are the scopes that the application may ask users for, sorted.
	// Empty means every scope that the service offers.
	Scopes []string

	// Standing is what the service decided about the application.
	Standing Standing

	// Extra holds what the capabilities of package flow keep with the
	// application: a JSON object with an entry of each, under its name. It has
	// at most MaxExtra bytes, and none if there is no entry. A store keeps and
	// returns it unchanged.
	Extra []byte

	CreatedAt  time.Time
	UpdatedAt  time.Time
	LastUsedAt time.Time // when any grant was last used, to within a few minutes; zero if never

	// Version counts the updates. It begins at 0. An update names the version
	// that it is based on and is refused if that is not the newest.
	Version int64
}

// Registration returns the fields that a developer can edit, with the
// application's version. Use it to fill in a form or to change some of the
// fields:
//
//	app, err := registry.Application(ctx, owner, id)
//	reg := app.Registration()
//	reg.Description = "Backs up your files"
//	app, err = registry.Update(ctx, owner, id, reg)
func (a Application) Registration() Registration {
	return Registration{
		ClientID: a.ClientID, Name: a.Name, Description: a.Description, HomepageURL: a.HomepageURL,
		CallbackURLs: slices.Clone(a.CallbackURLs), Type: a.Type, Scopes: slices.Clone(a.Scopes),
		Version: a.Version,
	}
}

// edit copies the fields that a developer can edit from reg.
func (a *Application) edit(reg Registration, at time.Time) {
	a.Name, a.Description, a.HomepageURL = reg.Name, reg.Description, reg.HomepageURL
	a.CallbackURLs, a.Scopes = slices.Clone(reg.CallbackURLs), slices.Clone(reg.Scopes)
	a.UpdatedAt = at
}

// A Page asks for part of a list. Lists are ordered newest first and paginated
// by key: every page costs the same, and rows that come and go neither repeat
// nor hide others.
type Page struct {
	// After is the Next of the page before, "" for the first page. Any other
	// string gives a [*ValidationError] of field "after".
	After string
	// Limit is the greatest number of rows to return. Below 1 means 50, above
	// 200 means 200.
	Limit int
}

// A List is one page of a list.
type List[T any] struct {
	Items []T
	Next  string // for Page.After; "" on the last page
}

// Usage tells what revoking an application's tokens cuts off.
type Usage struct {
	Users      int       // users with a live grant, counted up to a bound
	More       bool      // whether there are more users than the bound
	LastUsedAt time.Time // of the application; zero if never used
	Itself     OwnUsage  // without a user
}

// OwnUsage tells of the access tokens that an application got for itself,
// without a user, since all its tokens were last revoked.
type OwnUsage struct {
	Tokens     int       // how many it got
	IssuedAt   time.Time // when it got the last; zero if none
	LastUsedAt time.Time // when one was last used; zero if never
}
