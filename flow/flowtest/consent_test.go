package flowtest_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

var ann = flow.User{ID: "ann", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's"}, {ID: "8", Name: "Work"}}}

// A client of golang.org/x/oauth2 gets a code through the consent page, and
// tokens for it.
func TestAuthorize(t *testing.T) {
	p := flowtest.New(t, flow.Config{})
	server := httptest.NewServer(p)
	defer server.Close()
	client := oauth2.Config{
		ClientID: p.Application.ClientID, ClientSecret: p.ClientSecret,
		RedirectURL: p.Application.CallbackURLs[0],
		Endpoint:    oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + "/oauth/token"},
	}
	verifier := oauth2.GenerateVerifier()
	callback := p.Authorize(ann, client.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier)), flowtest.Answer{AccountID: "8"})
	require.Equal(t, "https://client.example/callback", callback.Scheme+"://"+callback.Host+callback.Path)
	require.Equal(t, "a state", callback.Query().Get("state"))
	token, err := client.Exchange(t.Context(), callback.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)

	var got flow.Authorization
	api := p.Require("read")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = flow.AuthorizationFrom(r.Context())
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	token.SetAuthHeader(r)
	api.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "ann", got.UserID)
	require.Equal(t, "8", got.AccountID)

	// The consent is remembered: no page is shown, and whatever was to be
	// answered there is not asked.
	again := p.Authorize(ann, client.AuthCodeURL("", oauth2.SetAuthURLParam("account_id", "8")), flowtest.Answer{Deny: true})
	require.NotEmpty(t, again.Query().Get("code"))
	denied := p.Authorize(ann, client.AuthCodeURL("", oauth2.SetAuthURLParam("prompt", "consent")), flowtest.Answer{Deny: true})
	require.Equal(t, "access_denied", denied.Query().Get("error"))
}

// The frame of a host has forms of its own, before and after that of the
// consent page.
func TestAuthorizeBesideOtherForms(t *testing.T) {
	const form = `<form method="post" action="/logout"><input type="hidden" name="request" value="x"><select name="account_id"><option>x</option></select></form>`
	p := flowtest.New(t, flow.Config{Pages: flow.Pages{Files: fstest.MapFS{
		"navigation.html": {Data: []byte(form)}, "footer.html": {Data: []byte(form)},
	}}})
	client := oauth2.Config{ClientID: p.Application.ClientID, Endpoint: oauth2.Endpoint{AuthURL: "/oauth/authorize"}}
	callback := p.Authorize(ann, client.AuthCodeURL("a state"), flowtest.Answer{AccountID: "8"})
	require.NotEmpty(t, callback.Query().Get("code"))
}

// A host that approves applications has its configuration tested without an
// operator.
func TestAuthorizeOfAServiceThatApproves(t *testing.T) {
	p := flowtest.New(t, flow.Config{Applications: flow.Applications{
		NeedsApproval: func(oauthapp.Application) bool { return true },
	}})
	require.True(t, p.Application.Standing.Approved)
	client := oauth2.Config{ClientID: p.Application.ClientID, Endpoint: oauth2.Endpoint{AuthURL: "/oauth/authorize"}}
	callback := p.Authorize(ann, client.AuthCodeURL("a state"), flowtest.Answer{})
	require.NotEmpty(t, callback.Query().Get("code"))
}

// The user ticks some of the scopes that the application can do without.
func TestAuthorizeOptionalScopes(t *testing.T) {
	p := flowtest.New(t, flow.Config{Scopes: []flow.Scope{
		{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}, {Name: "pay", Description: "Pay"},
	}})
	_, err := p.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, p.Application.ID, "flow", flow.ApplicationSettings{OptionalScopes: []string{"write", "pay"}})
	require.NoError(t, err)
	query := "?response_type=code&client_id=" + p.Application.ClientID + "&scope=read+write+pay"
	p.Authorize(ann, flowtest.Issuer+"/oauth/authorize"+query, flowtest.Answer{Scopes: []string{"pay"}})

	grants, err := p.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("ann"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	require.ElementsMatch(t, []string{"read", "pay"}, grants.Items[0].Scopes)
	require.Equal(t, "7", grants.Items[0].AccountID)
}

// More than seven accounts are a list, in which those that the application has
// access to come first, and in which the user finds any.
func TestAuthorizeOneOfManyAccounts(t *testing.T) {
	p := flowtest.New(t, flow.Config{})
	user := flow.User{ID: "ann", Name: "Ann"}
	for i := range 10 {
		id := strconv.Itoa(i + 1)
		user.Accounts = append(user.Accounts, flow.Account{ID: id, Name: "Account " + id})
	}
	authorizationURL := flowtest.Issuer + "/oauth/authorize?response_type=code&client_id=" + p.Application.ClientID
	p.Authorize(user, authorizationURL, flowtest.Answer{AccountID: "9"})
	grants, err := p.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("ann"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	require.Equal(t, "9", grants.Items[0].AccountID)

	failure := &failing{TB: t}
	other := flowtest.New(failure, flow.Config{})
	require.Panics(t, func() {
		other.Authorize(user, flowtest.Issuer+"/oauth/authorize?response_type=code&client_id="+other.Application.ClientID, flowtest.Answer{AccountID: "11"})
	})
	require.Contains(t, failure.said, `offers ["1" "2" "3" "4" "5" "6" "7" "8" "9" "10"] for account_id, and not "11"`)

	// Asked again without an account, the page suggests the one with access.
	callback := p.Authorize(user, authorizationURL+"&prompt=consent", flowtest.Answer{})
	require.NotEmpty(t, callback.Query().Get("code"))
	grants, err = p.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("ann"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1, "of the same account as before")
}
