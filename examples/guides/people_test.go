package guides

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
)

// # Your users, their accounts and their roles
//
// Config.CurrentUser is called with each request that needs to know who is
// signed in. Look up the session of your own cookie there, and return
//
//   - a user with the accounts that they may act for;
//   - nil, if nobody is signed in: the browser is sent to Config.LoginURL;
//   - an error, if you cannot tell: the answer is 503.
//
// The IDs are yours. They are kept with what a user authorizes, so give none of
// them to somebody else later. A service without accounts gives each user one
// account of their own.
//
// Account.Role says what the user may do in an account. The zero Role is a
// member's: they authorize applications, and take back what they authorized.
// Add ManageApplications for developers, SeeGrants and RevokeGrants for those
// who look after the account, or give an Administrator all of them. It says
// nothing of scopes: which of them a user may give for an account, such as
// "read" alone for a member, is what Config.MayAct returns. The guide to people
// who leave has more of it.
//
// Pages.AccountName and Pages.UserName give the names of accounts and users of
// whom CurrentUser has said nothing, such as who registered an application.
// Without them pages show IDs.
//
// User.Session is the ID of your session. With it, a form of the pages is good
// in that session alone; the pages set no cookie of their own then.
//
// # The page to sign in on
//
// Config.LoginURL gives it the path to go on to. That comes back from a
// browser, so anybody may have written it. Send nobody there but through
// flow.ParseReturnTo: its ReturnTo leads nowhere else than to your service.
//
// It tells what the application asked for, too. Where Anew is set, show the
// form to somebody who is signed in as well; User.AuthenticatedAt then says
// that they have signed in anew. Hint is whom to fill in.
func Example_people() {
	sessions := map[string]string{"a-session": "ann"} // your own table
	cfg := service()
	cfg.CurrentUser = func(r *http.Request) (*flow.User, error) {
		cookie, err := r.Cookie("session")
		if err != nil {
			return nil, nil
		}
		id, ok := sessions[cookie.Value]
		if !ok {
			return nil, nil
		}
		return &flow.User{ID: id, Name: "Ann", Session: cookie.Value, Accounts: []flow.Account{
			{ID: "7", Name: "Ann's account", Role: flow.Administrator},
			{ID: "8", Name: "Acme Inc", Role: flow.ManageApplications | flow.SeeGrants},
			{ID: "9", Name: "Globex"}, // a member there
		}}, nil
	}
	provider := must(flow.New(cfg))
	pages := must(dashboard.New(dashboard.Config{Provider: provider}))

	for _, request := range []struct{ session, account, page string }{
		{"a-session", "7", ""}, {"a-session", "8", "/new"}, {"a-session", "9", ""}, {"a-session", "9", "/new"},
		{"a-session", "10", ""}, {"", "7", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, pages.Path(request.account)+request.page, nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: request.session})
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		fmt.Println(r.URL.Path, w.Code)
	}

	for _, returnTo := range []string{"/oauth/authorize?client_id=zonewatch&login_hint=ann", "//evil.example"} {
		signIn := flow.ParseReturnTo(returnTo)
		fmt.Printf("%s %q\n", signIn.ReturnTo, signIn.Hint)
	}
	// Output:
	// /accounts/7/oauth_applications 200
	// /accounts/8/oauth_applications/new 200
	// /accounts/9/oauth_applications 200
	// /accounts/9/oauth_applications/new 403
	// /accounts/10/oauth_applications 404
	// /accounts/7/oauth_applications 303
	// /oauth/authorize?client_id=zonewatch&login_hint=ann "ann"
	// / ""
}
