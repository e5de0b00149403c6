package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var apiTokenRules = []rule{
	{"api tokens/kept", "APIToken returns a token as it was kept, with any texts, and changes nothing", apiTokensKept},
	{"api tokens/taken", "CreateAPIToken is ErrExists for an ID in use, at the limit too, and changes nothing", apiTokensTaken},
	{"api tokens/expiry", "a token is there until just before its expiry time, and absent at it", apiTokensExpiry},
	{"api tokens/limit", "a user has at most as many live tokens of both kinds as allowed", apiTokensLimit},
	{"api tokens/limit at once", "however many tokens a user creates at once, the limit holds", apiTokensLimitAtOnce},
	{"api tokens/lists", "APITokens lists what its filter selects and no more, newest first, on pages of any length", apiTokensLists},
	{"api tokens/revoke", "RevokeAPIToken ends a token that its filter selects, and returns it", apiTokensRevoke},
	{"api tokens/one revoker", "of 50 concurrent callers who revoke a token exactly one gets it, all others are ErrNotFound", apiTokensOneRevoker},
	{"api tokens/end", "EndAPITokens ends what its filter selects, in steps of any length, and nothing else", apiTokensEnd},
	{"api tokens/use", "Touch moves the last use of a token forward, and never back", apiTokensUse},
	{"api tokens/clean-up", "CleanUp removes tokens that are expired, and no others", apiTokensCleanUp},
	{"api tokens/slices", "changing the scopes that were handed in or out changes nothing kept", apiTokensSlices},
}

// apiToken returns a token that is not in the store yet.
func (t *trial) apiToken(user, account string) oauthapp.APIToken {
	return oauthapp.APIToken{
		ID: t.id(), UserID: user, AccountID: account, Name: "Name", Scopes: []string{"read", "write"},
		Digest: t.digest(), Hint: "hint", CreatedAt: start,
	}
}

// makeAPIToken keeps a new token.
func (t *trial) makeAPIToken(user, account string) oauthapp.APIToken {
	token := t.apiToken(user, account)
	t.must(t.CreateAPIToken(t.ctx, token, plenty), "CreateAPIToken")
	return token
}

func (t *trial) hasAPIToken(token oauthapp.APIToken, at time.Time, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		got, err := t.APIToken(t.ctx, token.ID, at)
		t.must(err, "APIToken, %s,", what)
		t.same(got, token, "APIToken, %s", what)
	}
}

// filterOf selects a token among others.
func filterOf(token oauthapp.APIToken) oauthapp.APITokenFilter {
	return oauthapp.APITokenFilter{UserID: token.UserID, AccountID: token.AccountID}
}

func (t *trial) hasNoAPIToken(token oauthapp.APIToken, at time.Time, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		_, err := t.APIToken(t.ctx, token.ID, at)
		t.want(store.ErrNotFound, err, "APIToken, %s,", what)
		_, err = t.RevokeAPIToken(t.ctx, filterOf(token), token.ID, at)
		t.want(store.ErrNotFound, err, "RevokeAPIToken, %s,", what)
		list, err := t.APITokens(t.ctx, filterOf(token), oauthapp.Page{Limit: 200}, at)
		t.must(err, "APITokens, %s,", what)
		if slices.ContainsFunc(list.Items, func(other oauthapp.APIToken) bool { return other.ID == token.ID }) {
			t.failf("APITokens lists a token, %s", what)
		}
	}
}

// apiTokensOf pages through the tokens that a filter selects.
func (t *trial) apiTokensOf(filter oauthapp.APITokenFilter, at time.Time) pager {
	return pager{fmt.Sprintf("APITokens of %+v", filter), func(page oauthapp.Page) ([]uuid.UUID, string, error) {
		list, err := t.APITokens(t.ctx, filter, page, at)
		return idsOf(list, err, func(token oauthapp.APIToken) uuid.UUID { return token.ID })
	}}
}

func apiTokensKept(t *trial) {
	for _, text := range []string{"u", "Ünïcödé 漢字 🙂", "a' OR '1'='1", "%_\\", strings.Repeat("x", 200)} {
		for _, account := range []string{"", text} {
			token := t.apiToken(text, account)
			token.Name, token.Hint, token.ExpiresAt = text, "h'", start.Add(time.Hour)
			t.must(t.CreateAPIToken(t.ctx, token, plenty), "CreateAPIToken of %q", text)
			t.hasAPIToken(token, start, "of %q", text)
			t.hasAPIToken(token, start, "of %q, again", text)
			got, err := t.APITokens(t.ctx, filterOf(token), oauthapp.Page{Limit: 1}, start)
			t.must(err, "APITokens of %q", text)
			t.same(got.Items, []oauthapp.APIToken{token}, "APITokens of %q", text)
		}
	}
	t.hasNoAPIToken(t.apiToken("nobody", ""), start, "never kept")
}

func apiTokensTaken(t *trial) {
	token := t.makeAPIToken("u", "")
	other := t.apiToken("v", "a")
	other.ID = token.ID
	t.want(store.ErrExists, t.CreateAPIToken(t.ctx, other, plenty), "CreateAPIToken with an ID in use")
	t.want(store.ErrExists, t.CreateAPIToken(t.ctx, token, 1), "CreateAPIToken with an ID in use, at the limit,")
	t.hasAPIToken(token, start, "whose ID somebody else wanted")
}

func apiTokensExpiry(t *trial) {
	token := t.apiToken("u", "a")
	token.ExpiresAt = start.Add(time.Hour)
	t.must(t.CreateAPIToken(t.ctx, token, plenty), "CreateAPIToken")
	t.hasAPIToken(token, token.ExpiresAt.Add(-tick), "just before it expires")
	for _, after := range []time.Duration{0, tick, time.Hour} {
		t.hasNoAPIToken(token, token.ExpiresAt.Add(after), "%v after it expired", after)
	}
	forever := t.makeAPIToken("u", "a")
	t.hasAPIToken(forever, start.Add(100*sessionTTL), "which does not expire")
}

func apiTokensLimit(t *trial) {
	first := t.makeAPIToken("u", "")
	short := t.apiToken("u", "a")
	short.ExpiresAt = start.Add(time.Hour)
	t.must(t.CreateAPIToken(t.ctx, short, 2), "CreateAPIToken below the limit")
	third := t.apiToken("u", "b")
	t.want(store.ErrLimit, t.CreateAPIToken(t.ctx, third, 2), "CreateAPIToken at the limit")
	t.hasNoAPIToken(third, start, "which was too many")
	t.must(t.CreateAPIToken(t.ctx, t.apiToken("v", "a"), 2), "CreateAPIToken of another user")
	third.CreatedAt = short.ExpiresAt
	t.must(t.CreateAPIToken(t.ctx, third, 2), "CreateAPIToken after another expired")
	_, err := t.RevokeAPIToken(t.ctx, filterOf(first), first.ID, start)
	t.must(err, "RevokeAPIToken")
	fourth := t.apiToken("u", "")
	fourth.CreatedAt = short.ExpiresAt
	t.must(t.CreateAPIToken(t.ctx, fourth, 2), "CreateAPIToken after another was revoked")
	t.want(store.ErrLimit, t.CreateAPIToken(t.ctx, t.apiToken("w", ""), 0), "CreateAPIToken with a limit of 0")
}

func apiTokensLimitAtOnce(t *trial) {
	const limit = 7
	tokens := make([]oauthapp.APIToken, crowd)
	for i := range tokens {
		tokens[i] = t.apiToken("u", []string{"", "a", "b"}[i%3])
	}
	results := t.together(crowd, func(i int) error { return t.node(i).CreateAPIToken(t.ctx, tokens[i], limit) })
	t.winners(limit, store.ErrLimit, results, "CreateAPIToken")
}

func apiTokensLists(t *trial) {
	want := map[oauthapp.APITokenFilter][]uuid.UUID{{}: nil, {UserID: "nobody"}: nil, {AccountID: "u"}: nil, {UserID: "U"}: nil}
	for range 7 {
		for _, user := range []string{"u", "v"} {
			for _, account := range []string{"", "a", "b"} {
				token := t.makeAPIToken(user, account)
				for _, filter := range []oauthapp.APITokenFilter{filterOf(token), {AccountID: account}} {
					if !filter.IsZero() {
						want[filter] = append([]uuid.UUID{token.ID}, want[filter]...)
					}
				}
			}
		}
	}
	for filter, ids := range want {
		for _, limit := range []int{1, 3, 7, 200} {
			t.same(t.all(t.apiTokensOf(filter, start), limit), ids, "APITokens of %+v by %d", filter, limit)
		}
	}
}

func apiTokensRevoke(t *trial) {
	token, other := t.makeAPIToken("u", "a"), t.makeAPIToken("u", "")
	for _, filter := range []oauthapp.APITokenFilter{{}, {UserID: "u"}, {UserID: "v", AccountID: "a"}, {AccountID: "b"}, {UserID: "u", AccountID: "b"}} {
		_, err := t.RevokeAPIToken(t.ctx, filter, token.ID, start)
		t.want(store.ErrNotFound, err, "RevokeAPIToken with the filter %+v", filter)
	}
	_, err := t.RevokeAPIToken(t.ctx, oauthapp.APITokenFilter{UserID: "v"}, other.ID, start)
	t.want(store.ErrNotFound, err, "RevokeAPIToken of a user token by another user")
	t.hasAPIToken(token, start, "which nobody revoked")
	got, err := t.RevokeAPIToken(t.ctx, oauthapp.APITokenFilter{AccountID: "a"}, token.ID, start)
	t.must(err, "RevokeAPIToken")
	t.same(got, token, "RevokeAPIToken")
	t.hasNoAPIToken(token, start, "revoked")
	t.hasAPIToken(other, start, "another than the one revoked")
}

func apiTokensOneRevoker(t *trial) {
	for range 4 {
		token := t.makeAPIToken("u", "a")
		results := t.together(crowd, func(i int) error {
			_, err := t.node(i).RevokeAPIToken(t.ctx, filterOf(token), token.ID, start)
			return err
		})
		t.winners(1, store.ErrNotFound, results, "RevokeAPIToken of one token")
	}
}

// endAPITokens ends what a filter selects, in steps.
func (t *trial) endAPITokens(filter oauthapp.GrantFilter, limit int) (ended int) {
	cursor := ""
	for range 1000 {
		next, n, err := t.EndAPITokens(t.ctx, filter, cursor, limit)
		t.must(err, "EndAPITokens of %+v", filter)
		ended += n
		if next == "" {
			return ended
		}
		cursor = next
	}
	t.failf("EndAPITokens of %+v does not come to an end", filter)
	return ended
}

func apiTokensEnd(t *trial) {
	app := t.application("alice")
	for _, limit := range []int{0, 1, 3, plenty} {
		for _, filter := range []oauthapp.GrantFilter{
			oauthapp.GrantsOfUser("u"), oauthapp.GrantsForAccount("a"), oauthapp.GrantsOfUser("u").ForAccount("a"),
			oauthapp.GrantsToApplication(app.ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")), oauthapp.GrantsOfUser("u").ToApplication(app.ID),
			oauthapp.GrantsToOwner(oauthapp.AnyOwner), {}, oauthapp.GrantsOfUser("u").ForAccount(""), oauthapp.GrantsOfUser(""),
		} {
			t.endAPITokens(oauthapp.GrantsToOwner(oauthapp.AnyOwner), plenty)
			var ended, left []oauthapp.APIToken
			for range 3 {
				for _, user := range []string{"u", "v"} {
					for _, account := range []string{"", "a", "b"} {
						token := t.makeAPIToken(user, account)
						selected := filter.EndsAPITokens() && (filter.UserID() == "" || filter.UserID() == user) && (filter.AccountID() == "" || filter.AccountID() == account)
						if selected {
							ended = append(ended, token)
						} else {
							left = append(left, token)
						}
					}
				}
			}
			if got := t.endAPITokens(filter, limit); got != len(ended) {
				t.failf("EndAPITokens of %+v in steps of %d says %d, not %d", filter, limit, got, len(ended))
			}
			for _, token := range ended {
				t.hasNoAPIToken(token, start, "ended by %+v", filter)
			}
			for _, token := range left {
				t.hasAPIToken(token, start, "not selected by %+v", filter)
			}
		}
	}
}

func apiTokensUse(t *trial) {
	token, other := t.makeAPIToken("u", ""), t.makeAPIToken("u", "")
	for _, minute := range []int{5, 9, 7} {
		at := start.Add(time.Duration(minute) * time.Minute)
		t.must(t.Touch(t.ctx, store.Use{APITokenID: token.ID, At: at}), "Touch")
		if at.After(token.LastUsedAt) {
			token.LastUsedAt = at
		}
		t.hasAPIToken(token, start, "used after %d minutes", minute)
	}
	t.hasAPIToken(other, start, "never used")
	t.must(t.Touch(t.ctx, store.Use{APITokenID: t.id(), At: start}), "Touch of a token that is not there")
}

func apiTokensCleanUp(t *trial) {
	const n = 20
	now := start.Add(time.Hour)
	var dead, live []oauthapp.APIToken
	for i := range n {
		token := t.apiToken("u", "")
		token.ExpiresAt = now.Add(-time.Duration(i%2) * time.Minute)
		dead = append(dead, token)
		token = t.apiToken("u", "")
		if i%2 == 0 {
			token.ExpiresAt = now.Add(tick)
		}
		live = append(live, token)
		t.must(t.CreateAPIToken(t.ctx, dead[i], plenty), "CreateAPIToken")
		t.must(t.CreateAPIToken(t.ctx, live[i], plenty), "CreateAPIToken")
	}
	if removed := t.cleanUpBy(now, 3); removed < n {
		t.failf("CleanUp says that it removed %d rows; %d API tokens were expired", removed, n)
	}
	for i := range n {
		t.hasNoAPIToken(dead[i], start, "asked for as of before it expired, after the clean-up")
		t.hasAPIToken(live[i], now, "after the clean-up")
	}
}

func apiTokensSlices(t *trial) {
	token := t.apiToken("u", "a")
	given := token
	given.Scopes = slices.Clone(token.Scopes)
	t.must(t.CreateAPIToken(t.ctx, given, plenty), "CreateAPIToken")
	given.Scopes[0] = "spoiled"
	t.hasAPIToken(token, start, "after its caller changed the scopes it had given")
	got, err := t.APIToken(t.ctx, token.ID, start)
	t.must(err, "APIToken")
	got.Scopes[0] = "spoiled"
	list, err := t.APITokens(t.ctx, filterOf(token), oauthapp.Page{}, start)
	t.must(err, "APITokens")
	list.Items[0].Scopes[1] = "spoiled"
	t.hasAPIToken(token, start, "after a caller changed the scopes handed out")
}
