package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// nameless is a grant as the stores must have it alike: the ID of one that is
// given again is the store's own choice, as is the order of its scopes.
func nameless(g oauthapp.Grant) oauthapp.Grant {
	g.ID = uuid.Nil
	return sorted(g)
}

func (c *comparison) someFilter() oauthapp.GrantFilter {
	var filter oauthapp.GrantFilter
	if chance(60) {
		filter = filter.OfUser(someUser())
	}
	if chance(40) {
		filter = filter.ForAccount(someAccount())
	}
	if chance(40) {
		filter = filter.ToApplication(c.someApp().ID)
	}
	if chance(30) {
		filter = filter.ToOwner(someOwner())
	}
	return filter
}

// allGrants lists what a filter selects, in an order that the stores agree on.
func (c *comparison) allGrants(s store.Store, filter oauthapp.GrantFilter) ([]oauthapp.Grant, error) {
	list, err := s.Grants(c.ctx, filter, oauthapp.Page{Limit: 200})
	slices.SortFunc(list.Items, func(a, b oauthapp.Grant) int {
		return cmp.Or(strings.Compare(a.Application.ClientID, b.Application.ClientID), cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.AccountID, b.AccountID))
	})
	return list.Items, err
}

func (c *comparison) revokeGrant() {
	filter := c.someFilter()
	which := rand.IntN(3)
	_, _ = both(c, fmt.Sprintf("RevokeGrant of number %d in %+v", which, filter), func(s store.Store) (oauthapp.Grant, error) {
		all, err := c.allGrants(s, filter)
		if err != nil {
			return oauthapp.Grant{}, err
		}
		id := uuid.Max
		if which < len(all) {
			id = all[which].ID
		}
		grant, err := s.RevokeGrant(c.ctx, filter, id)
		return nameless(grant), err
	})
}

func (c *comparison) endGrantsBoth() {
	filter := c.someFilter()
	_, _ = both(c, fmt.Sprintf("EndGrants in %+v", filter), func(s store.Store) (ended oauthapp.Ended, err error) {
		for cursor := ""; ; {
			next, step, err := s.EndGrants(c.ctx, filter, cursor, 3)
			ended.Grants += step.Grants
			if filter.ApplicationID() != uuid.Nil || !filter.Owner().IsAny() { // other rounds left others of anybody
				ended.Applications += step.Applications
			}
			if err != nil || next == "" {
				return ended, err
			}
			cursor = next
		}
	})
}

func (c *comparison) readGrants(filter oauthapp.GrantFilter) {
	_, _ = both(c, fmt.Sprintf("Grants in %+v", filter), func(s store.Store) ([]oauthapp.Grant, error) {
		all, err := c.allGrants(s, filter)
		for i := range all {
			all[i] = nameless(all[i])
		}
		return all, err
	})
}
