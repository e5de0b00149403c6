package storetest

import (
	"fmt"
	"math"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

func grantsUsage(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	uses := func(want oauthapp.Usage, bound int, what string) {
		got, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, bound)
		t.must(err, "Usage, %s,", what)
		t.same(got, want, "Usage with bound %d, %s", bound, what)
	}
	uses(oauthapp.Usage{}, 3, "without users")
	for user := range 4 {
		for account := range 3 {
			t.signIn(app, fmt.Sprint("user-", user), fmt.Sprint("account-", account), "read")
		}
		t.begin(other, fmt.Sprint("other-", user), "a", "read")
	}
	uses(oauthapp.Usage{Users: 4}, plenty, "with four users")
	uses(oauthapp.Usage{Users: 4}, 5, "with four users")
	uses(oauthapp.Usage{Users: 4}, 4, "with four users")
	uses(oauthapp.Usage{Users: 3, More: true}, 3, "with four users")
	uses(oauthapp.Usage{Users: 1, More: true}, 1, "with four users")

	revoke := func(user, account string) {
		grant, err := t.grantTo(app.ID, user, account)
		t.must(err, "Grant")
		_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(user), grant.ID)
		t.must(err, "RevokeGrant")
	}
	revoke("user-0", "account-0")
	uses(oauthapp.Usage{Users: 4}, 4, "with a user who has revoked one of three")
	revoke("user-0", "account-1")
	revoke("user-0", "account-2")
	uses(oauthapp.Usage{Users: 3}, 3, "with three users left")
	grant, err := t.grantTo(app.ID, "user-1", "account-1")
	t.must(err, "Grant")
	used := start.Add(time.Minute)
	t.must(t.Touch(t.ctx, store.Use{GrantID: grant.ID, At: used}), "Touch")
	uses(oauthapp.Usage{Users: 3, LastUsedAt: used}, 3, "after a use")

	ended, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, 2)
	t.must(err, "RevokeTokens")
	t.same(ended, oauthapp.Usage{Users: 2, More: true, LastUsedAt: used}, "what RevokeTokens returned")
	uses(oauthapp.Usage{LastUsedAt: used}, 3, "after all tokens were revoked")
	t.signIn(app, "user-1", "account-1", "read")
	uses(oauthapp.Usage{Users: 1, LastUsedAt: used}, 3, "after one user came back")
	ended, err = t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, 2)
	t.must(err, "RevokeTokens")
	t.same(ended, oauthapp.Usage{Users: 1, LastUsedAt: used}, "what RevokeTokens returned")
}

// Stores that count in pieces count what lies across their ends, too.
func grantsUsageOfMany(t *trial) {
	const workers, users, devoted, accounts = 8, 70, 40, 40 // of the users, the devoted one has so many grants
	app := t.application("alice")
	t.together(workers, func(worker int) error {
		for user := worker; user < users; user += workers {
			t.begin(app, fmt.Sprintf("user-%02d", user), "first", "read")
		}
		for account := worker; account < accounts-1; account += workers {
			t.begin(app, fmt.Sprintf("user-%02d", devoted), fmt.Sprint(account), "read")
		}
		return nil
	})
	for bound := 1; bound < users+2; bound++ {
		got, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, bound)
		t.must(err, "Usage")
		t.same(got, oauthapp.Usage{Users: min(users, bound), More: users > bound}, "Usage with bound %d of %d users", bound, users)
	}
	all := oauthapp.Usage{Users: users}
	got, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, math.MaxInt)
	t.must(err, "Usage without a bound")
	t.same(got, all, "Usage without a bound")
	ended, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, users)
	t.must(err, "RevokeTokens")
	t.same(ended, all, "what RevokeTokens returned")
}
