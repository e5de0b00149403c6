package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var listRules = []rule{
	{"lists/order", "pages of every size, one after the other, are the whole list once, newest first by ID", listsOrder},
	{"lists/last page", "the last page has no Next, also when it is full, and an empty list is one page", listsLastPage},
	{"lists/limit", "a page has 50 items unless asked, and at most 200", listsLimit},
	{"lists/stable", "rows that come and go between pages neither repeat nor hide another", listsStable},
	{"lists/stable at once", "rows that come and go during a list neither repeat nor hide another", listsStableAtOnce},
	{"lists/cursor", "what cannot be a cursor is a *ValidationError of the field after", listsCursor},
	{"lists/current", "lists show what was changed before they were asked for", listsCurrent},
}

// A pager lists something page by page.
type pager struct {
	name string
	page func(p oauthapp.Page) (ids []uuid.UUID, next string, err error)
}

func idsOf[T any](list oauthapp.List[T], err error, id func(T) uuid.UUID) ([]uuid.UUID, string, error) {
	var ids []uuid.UUID
	for _, item := range list.Items {
		ids = append(ids, id(item))
	}
	return ids, list.Next, err
}

func (t *trial) applicationsOf(owner oauthapp.Owner) pager {
	return pager{"Applications of " + owner.String(), func(p oauthapp.Page) ([]uuid.UUID, string, error) {
		list, err := t.Applications(t.ctx, owner, p)
		return idsOf(list, err, func(a oauthapp.Application) uuid.UUID { return a.ID })
	}}
}

func (t *trial) grantsOf(filter oauthapp.GrantFilter) pager {
	return pager{fmt.Sprintf("Grants of %+v", filter), func(p oauthapp.Page) ([]uuid.UUID, string, error) {
		list, err := t.Grants(t.ctx, filter, p)
		return idsOf(list, err, func(g oauthapp.Grant) uuid.UUID { return g.ID })
	}}
}

// all returns the whole list, in pages of at most limit.
func (t *trial) all(list pager, limit int) []uuid.UUID {
	var all []uuid.UUID
	for after := ""; ; {
		ids, next, err := list.page(oauthapp.Page{After: after, Limit: limit})
		t.must(err, "%s", list.name)
		if len(ids) > limit {
			t.failf("%s has %d items on a page of %d", list.name, len(ids), limit)
		}
		if len(ids) < limit && next != "" {
			t.failf("%s has %d items on a page of %d that is not the last", list.name, len(ids), limit)
		}
		all = append(all, ids...)
		if next == "" {
			return all
		}
		if len(all) > 100_000 {
			t.failf("%s does not end", list.name)
		}
		after = next
	}
}

// grant authorizes and returns the grant's ID, which is the one given.
func (t *trial) grant(app oauthapp.Application, user, account string, id uuid.UUID) uuid.UUID {
	b := t.sessionStart(app, user, account, "read")
	b.GrantID = id
	grant, err := t.BeginSession(t.ctx, b)
	t.must(err, "BeginSession")
	if grant.ID != id {
		t.failf("the first grant of a user has another ID than the one given")
	}
	return id
}

// shuffledIDs returns n IDs in any order, and the same newest first.
func (t *trial) shuffledIDs(n int) (shuffled, newestFirst []uuid.UUID) {
	for range n {
		shuffled = append(shuffled, t.id())
	}
	newestFirst = slices.Clone(shuffled)
	slices.Reverse(newestFirst)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled, newestFirst
}

func listsOrder(t *trial) {
	const n = 24
	shuffled, newest := t.shuffledIDs(n)
	for _, id := range shuffled {
		app := t.draft("alice")
		app.ID = id
		t.must(t.CreateApplication(t.ctx, app, nil, plenty), "CreateApplication")
		t.application("bob") // between them, to be passed over
	}
	app, other := t.application("carol"), t.application("bob")
	shuffledGrants, newestGrants := t.shuffledIDs(n)
	for i, id := range shuffledGrants {
		t.grant(app, "u", fmt.Sprint("account-", i), id)
		t.grant(other, "v", "b", idAt(1_000_000+int64(i)))
		dead := t.grant(app, "u", "dead", t.id())
		_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), dead)
		t.must(err, "RevokeGrant")
		revokeV, err := t.grantTo(other.ID, "v", "b")
		t.must(err, "Grant")
		_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("v"), revokeV.ID)
		t.must(err, "RevokeGrant")
		t.cleanUp(start)
	}
	for _, c := range []struct {
		list pager
		want []uuid.UUID
	}{
		{t.applicationsOf(oauthapp.OwnedBy("alice")), newest},
		{t.grantsOf(oauthapp.GrantsOfUser("u")), newestGrants},
		{t.grantsOf(oauthapp.GrantsToApplication(app.ID)), newestGrants},
		{t.grantsOf(oauthapp.GrantsToOwner(oauthapp.OwnedBy("carol"))), newestGrants},
		{t.grantsOf(oauthapp.GrantsToOwner(oauthapp.OwnedBy("carol")).OfUser("u")), newestGrants},
		{t.grantsOf(oauthapp.GrantsToOwner(oauthapp.AnyOwner)), newestGrants},
	} {
		for _, limit := range []int{1, 2, 3, 7, n - 1, n, n + 1, 200} {
			t.same(t.all(c.list, limit), c.want, "%s, in pages of %d", c.list.name, limit)
		}
	}
	everything := t.all(t.applicationsOf(oauthapp.AnyOwner), 5)
	if len(everything) != 2*n+2 || !slices.IsSortedFunc(everything, func(a, b uuid.UUID) int { return strings.Compare(b.String(), a.String()) }) {
		t.failf("Applications of AnyOwner lists %d, not %d, newest first", len(everything), 2*n+2)
	}
}

func listsLastPage(t *trial) {
	app := t.application("alice")
	t.application("alice")
	t.grant(app, "u", "a", t.id())
	t.grant(app, "u", "b", t.id())
	for _, list := range []pager{t.applicationsOf(oauthapp.OwnedBy("alice")), t.grantsOf(oauthapp.GrantsOfUser("u"))} {
		for limit, wantMore := range map[int]bool{1: true, 2: false, 3: false, 0: false} {
			_, next, err := list.page(oauthapp.Page{Limit: limit})
			t.must(err, "%s", list.name)
			if (next != "") != wantMore {
				t.failf("%s, two in all, in a page of %d: Next is %q", list.name, limit, next)
			}
		}
	}
	for _, list := range []pager{t.applicationsOf(oauthapp.OwnedBy("nobody")), t.grantsOf(oauthapp.GrantsOfUser("nobody")), t.grantsOf(oauthapp.GrantFilter{})} {
		ids, next, err := list.page(oauthapp.Page{})
		t.must(err, "%s", list.name)
		if len(ids) != 0 || next != "" {
			t.failf("%s has %d items and the Next %q, not none", list.name, len(ids), next)
		}
	}
}

func listsLimit(t *trial) {
	const n = 203
	app := t.application("bob")
	for i := range n {
		t.application("alice")
		t.grant(app, "u", fmt.Sprint("account-", i), t.id())
	}
	for _, list := range []pager{t.applicationsOf(oauthapp.OwnedBy("alice")), t.grantsOf(oauthapp.GrantsOfUser("u"))} {
		for limit, want := range map[int]int{0: 50, -1: 50, 1: 1, 199: 199, 200: 200, 201: 200, 1 << 30: 200} {
			ids, next, err := list.page(oauthapp.Page{Limit: limit})
			t.must(err, "%s with limit %d", list.name, limit)
			if len(ids) != want || next == "" {
				t.failf("%s has %d items on a page with limit %d, not %d", list.name, len(ids), limit, want)
			}
			rest, next, err := list.page(oauthapp.Page{After: next, Limit: limit})
			t.must(err, "%s with limit %d", list.name, limit)
			if want := min(want, n-want); len(rest) != want || (next == "") != (2*len(ids) >= n) {
				t.failf("%s has %d items on the second page with limit %d, not %d, and the Next %q", list.name, len(rest), limit, want, next)
			}
		}
	}
}

// A churn is a list in which rows come and go: how it is listed, and how a row
// is made with an ID and removed.
type churn struct {
	list   pager
	insert func(id uuid.UUID)
	remove func(id uuid.UUID)
}

func (t *trial) churns() []churn {
	grants := func(owner, user string, filter oauthapp.GrantFilter) churn {
		app := t.application(owner)
		return churn{
			t.grantsOf(filter),
			func(id uuid.UUID) { t.grant(app, user, id.String(), id) },
			func(id uuid.UUID) {
				_, err := t.RevokeGrant(t.ctx, filter, id)
				t.must(err, "RevokeGrant")
			},
		}
	}
	return []churn{
		{
			t.applicationsOf(oauthapp.OwnedBy("alice")),
			func(id uuid.UUID) {
				app := t.draft("alice")
				app.ID = id
				t.must(t.CreateApplication(t.ctx, app, nil, plenty), "CreateApplication")
			},
			func(id uuid.UUID) {
				_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), id, start)
				t.must(err, "DeleteApplication")
			},
		},
		grants("bob", "u", oauthapp.GrantsOfUser("u")),
		grants("carol", "v", oauthapp.GrantsToOwner(oauthapp.OwnedBy("carol"))),
	}
}

func listsStable(t *trial) {
	for base, c := range t.churns() {
		id := func(n int64) uuid.UUID { return idAt(int64(base+1)*1_000_000 + n) }
		rows := make([]uuid.UUID, 12)
		for n := range rows {
			rows[n] = id(int64(n) * 10)
			c.insert(rows[n])
		}
		first, next, err := c.list.page(oauthapp.Page{Limit: 4})
		t.must(err, "%s", c.list.name)
		t.same(first, []uuid.UUID{rows[11], rows[10], rows[9], rows[8]}, "%s, first page", c.list.name)

		c.insert(id(1000)) // newer than all: on a page that was read
		c.insert(id(85))   // between rows that were read
		between := id(75)  // right behind the cursor
		c.insert(between)  //
		c.remove(rows[8])  // the last that was read, where the cursor stands
		c.remove(rows[11]) // the first that was read
		c.remove(rows[5])  // to come
		second, next, err := c.list.page(oauthapp.Page{After: next, Limit: 4})
		t.must(err, "%s", c.list.name)
		t.same(second, []uuid.UUID{between, rows[7], rows[6], rows[4]}, "%s, second page, after rows came and went", c.list.name)

		for _, row := range second { // a whole page, the cursor too
			c.remove(row)
		}
		third, next, err := c.list.page(oauthapp.Page{After: next, Limit: 4})
		t.must(err, "%s", c.list.name)
		t.same(third, []uuid.UUID{rows[3], rows[2], rows[1], rows[0]}, "%s, third page, after rows came and went", c.list.name)
		if next != "" {
			t.failf("%s has a fourth page", c.list.name)
		}
	}
}

func listsStableAtOnce(t *trial) {
	for base, c := range t.churns() {
		id := func(n int64) uuid.UUID { return idAt(int64(base+1)*1_000_000 + n) }
		stay := make([]uuid.UUID, 20)
		for n := range stay {
			stay[len(stay)-1-n] = id(int64(n) * 10)
			c.insert(stay[len(stay)-1-n])
		}
		var churning sync.WaitGroup
		churning.Add(2)
		ended := make(chan struct{})
		t.together(3, func(i int) error {
			if i > 0 {
				begun := sync.OnceFunc(churning.Done)
				defer begun()
				for n := int64(0); ; n++ {
					guest := id(n%20*10 + int64(i))
					c.insert(guest)
					begun()
					c.remove(guest)
					select {
					case <-ended:
						return nil
					default:
					}
				}
			}
			defer close(ended)
			churning.Wait()
			for range 10 {
				all := t.all(c.list, 3)
				seen := map[uuid.UUID]bool{}
				for _, id := range all {
					if seen[id] {
						t.failf("%s, while rows come and go, has one twice", c.list.name)
					}
					seen[id] = true
				}
				stayed := slices.DeleteFunc(all, func(id uuid.UUID) bool { return !slices.Contains(stay, id) })
				t.same(stayed, stay, "%s, while rows come and go, those that stay", c.list.name)
			}
			return nil
		})
	}
}

func listsCursor(t *trial) {
	app := t.application("alice")
	t.grant(app, "u", "a", t.id())
	for _, list := range []pager{
		t.applicationsOf(oauthapp.OwnedBy("alice")), t.applicationsOf(oauthapp.OwnedBy("nobody")), t.applicationsOf(oauthapp.AnyOwner),
		t.grantsOf(oauthapp.GrantsOfUser("u")), t.grantsOf(oauthapp.GrantsToApplication(app.ID)),
	} {
		for _, after := range []string{"!", " ", "not a cursor!", "é", "\x00", "\xff\xfe", "'; --", "%00", strings.Repeat("!", 100_000)} {
			_, _, err := list.page(oauthapp.Page{After: after})
			invalid, ok := errors.AsType[*oauthapp.ValidationError](err)
			if !ok || len(invalid.Fields) != 1 || invalid.Fields[0].Field != "after" || invalid.Fields[0].Message == "" {
				t.failf("%s after %.20q returned %s, not a *ValidationError of the field after", list.name, after, describe(err))
			}
		}
	}
}

func listsCurrent(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	grant := t.grant(app, "u", "a", t.id())
	for i := range 5 {
		app.Name = fmt.Sprint("Name ", i)
		t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), app), "UpdateApplication")
		app.Version++
		app.LastUsedAt = start.Add(time.Duration(i) * time.Hour)
		t.must(t.Touch(t.ctx, store.Use{GrantID: grant, At: app.LastUsedAt}), "Touch")
		apps, err := t.Applications(t.ctx, oauthapp.OwnedBy("alice"), oauthapp.Page{})
		t.must(err, "Applications")
		t.same(apps.Items, []oauthapp.Application{other, app}, "Applications after an update")
		grants, err := t.Grants(t.ctx, oauthapp.GrantsOfUser("u"), oauthapp.Page{})
		t.must(err, "Grants")
		t.same(grants.Items, []oauthapp.Grant{{
			ID: grant, ApplicationID: app.ID, UserID: "u", AccountID: "a", Scopes: []string{"read"},
			AuthorizedAt: start, LastUsedAt: app.LastUsedAt, Application: app,
		}}, "Grants after an update of the application")
	}
}
