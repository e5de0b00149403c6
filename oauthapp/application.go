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

// An Application is a client of RFC 6749 as its developer registered it.
type Application struct {
	ID       uuid.UUID // version 7; names the application to its owner
	ClientID string    // names it on the wire; unreserved characters only, never reused

	Owner       string // the host's account that registered it; opaque
	Name        string
	Description string // "" where the developer gave none
	HomepageURL string

	// CallbackURLs has at least one URL, in the order given, byte for byte.
	CallbackURLs []string

	Type ClientType // fixed at registration

	// Scopes are what the application may ask users for, sorted.
	// Empty means every scope that the service offers.
	Scopes []string

	CreatedAt  time.Time
	UpdatedAt  time.Time
	LastUsedAt time.Time // of any user's grant, within a few minutes; zero if never used

	// Version counts the updates: 0 for an application as it was registered. An
	// update names the version that it is based on and is refused for another one.
	Version int64
}

// Registration returns what a developer can edit of the application, based on its
// version, to fill in a form or to change part of it:
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

// edit takes over what a developer can edit.
func (a *Application) edit(reg Registration, at time.Time) {
	a.Name, a.Description, a.HomepageURL = reg.Name, reg.Description, reg.HomepageURL
	a.CallbackURLs, a.Scopes = slices.Clone(reg.CallbackURLs), slices.Clone(reg.Scopes)
	a.UpdatedAt = at
}

// A Page asks for part of a list. Lists are ordered newest first and paginated by
// key, so that a page costs the same wherever it stands in the list and stays
// right while rows come and go.
type Page struct {
	// After is the Next of the page before, "" for the first page.
	// What is no such string is treated as a [*ValidationError] of field "after".
	After string
	// Limit is how many rows to return at most. Below 1 means 50, above 200 means 200.
	Limit int
}

// A List is one page of a list.
type List[T any] struct {
	Items []T
	Next  string // for Page.After; "" on the last page
}

// Usage tells what revoking an application's tokens cuts off.
type Usage struct {
	Users      int       // users with a live grant, exact up to a bound
	More       bool      // there are more users than the bound
	LastUsedAt time.Time // of the application; zero if never used
}
