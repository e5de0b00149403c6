package guides

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"

	"github.com/oauthapps/oauthapps/flow"
)

// # Guard an API
//
// Provider.Require lets through what has an access token with the scopes, and
// answers everything else as RFC 6750 says. The handler asks AuthorizationFrom
// for whom it acts. Look up the user and the account there as for a person who
// is signed in: a token says what the application may do, not what the user
// may.
//
// Provider.Guard is Require with more to ask for: one of several APIs
// (Resource), tokens that applications have for themselves (Applications), and
// MayAct at every call (Current).
//
// # Answer for itself
//
// A service whose API has a sign-in of its own as well, or another form of
// errors, calls Provider.Authenticate. It returns what the token stands for, or
// a *flow.Error with the status, the code and the phrase to answer with, and
// with what the header has to have, such as the nonce of package dpop. That
// header names the schemes, too: WWW-Authenticate has "Bearer", and "DPoP"
// where dpop is listed. Any other error is a mistake of the configuration.
// Answer that as well: without an authorization the handler must not go on.
func Example_api() {
	provider := must(flow.New(service()))
	domains := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, err := provider.Authenticate(r, flow.Guard{Scopes: []string{"read"}})
		if refusal, ok := errors.AsType[*flow.Error](err); ok {
			maps.Copy(w.Header(), refusal.Header)
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(refusal.Status)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": refusal.Description})
			return
		}
		if err != nil {
			http.Error(w, "Something is wrong on our side.", http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode("domains of " + authorization.AccountID)
	})

	r := httptest.NewRequest(http.MethodGet, "/domains", nil)
	r.Header.Set("Authorization", "Bearer of-somebody-else")
	w := httptest.NewRecorder()
	domains.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"message":"the access token is not valid"}
}
