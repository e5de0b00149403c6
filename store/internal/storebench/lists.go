package storebench

import (
	"strconv"
	"testing"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// benchmarkGrants lists grants of one application of an owner that has many,
// first those of one user for many accounts, then those of many users for one
// account.
func benchmarkGrants(b *testing.B, s store.Store, n int) {
	l := &load{Store: s, ctx: b.Context()}
	const few = 60               // more than a page, so that each list has a second one
	var app oauthapp.Application // zero until there are grants
	begin := func(b *testing.B, n int) {
		app = l.create(b, "owner")
		spread(b, seeders, 2*n, func(i int) error {
			user, account := "user", "account-"+strconv.Itoa(i)
			if i >= n {
				user, account = "user-"+strconv.Itoa(i), "account"
			}
			_, err := l.begin(app, user, account)
			return err
		})
	}
	fill := func(b *testing.B) {
		if app.ID == uuid.Nil {
			for range ownersApplications - 2 {
				begin(b, 0)
			}
			begin(b, few) // the oldest of all
			begin(b, n)
		}
	}
	list := func(b *testing.B, filter oauthapp.GrantFilter) {
		fill(b)
		for b.Loop() {
			page, err := l.Grants(l.ctx, filter, oauthapp.Page{})
			if err != nil || len(page.Items) != 50 {
				b.Fatalf("Grants lists %d grants, %v", len(page.Items), err)
			}
		}
	}
	filters := []struct {
		of     string
		filter oauthapp.GrantFilter
	}{
		{"user", oauthapp.GrantsOfUser("user")},
		{"account", oauthapp.GrantsForAccount("account")},
		{"owner", oauthapp.GrantsToOwner(oauthapp.OwnedBy("owner"))},
		{"anyone", oauthapp.GrantsToOwner(oauthapp.AnyOwner)},
	}
	for _, f := range filters {
		b.Run("Grants/live/of="+f.of, func(b *testing.B) { list(b, f.filter) })
	}
	b.Run("Grants/live/of=application", func(b *testing.B) {
		fill(b)
		list(b, oauthapp.GrantsToApplication(app.ID))
	})
	b.Run("Usage", func(b *testing.B) {
		fill(b)
		for b.Loop() {
			if usage, err := l.Usage(l.ctx, oauthapp.OwnedBy("owner"), app.ID, countedUsers); err != nil || usage.Users == 0 {
				b.Fatalf("Usage counts %d users, %v", usage.Users, err)
			}
		}
	})
	revoke := func(b *testing.B) {
		fill(b)
		_, err := l.RevokeTokens(l.ctx, oauthapp.OwnedBy("owner"), app.ID, countedUsers)
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, f := range filters {
		b.Run("Grants/dead/of="+f.of, func(b *testing.B) {
			revoke(b)
			list(b, f.filter)
		})
	}
}

func benchmarkApplications(b *testing.B, s store.Store) {
	l := &load{Store: s, ctx: b.Context()}
	for range ownersApplications {
		l.create(b, "owner")
		l.create(b, "another")
	}
	for _, owner := range []oauthapp.Owner{oauthapp.OwnedBy("owner"), oauthapp.AnyOwner} {
		b.Run("Applications/owner="+owner.String(), func(b *testing.B) {
			for b.Loop() {
				page, err := l.Applications(l.ctx, owner, oauthapp.Page{})
				if err != nil || len(page.Items) != 50 {
					b.Fatalf("Applications lists %d, %v", len(page.Items), err)
				}
			}
		})
	}
}
