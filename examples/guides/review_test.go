package guides

import (
	"context"
	"fmt"
	"time"

	"github.com/oauthapps/oauthapps/flow"
)

// # A security review
//
// Provider.Check lists what to think about before others rely on the service,
// warnings first, each with its remedy and the section that recommends it. Log
// it at start, and let a test of yours fail on a warning.
//
// What it cannot see is yours to answer:
//
//  1. Is TLS required on every path, and does the proxy append to
//     X-Forwarded-For what Config.RemoteAddr reads?
//  2. Are the cookies of the sign-in Secure, HttpOnly and SameSite=Lax, and is
//     there a limit on sign-ins?
//  3. Does every handler behind Require look up what the user may do there? The
//     token says what the application may do, and not what the user may.
//  4. Does EndAccess run wherever a user leaves or is suspended?
//  5. Who reaches what calls Registry with AnyOwner, such as the pages of your
//     support desk, and does your audit log have it?
//  6. Are user and account IDs never given to somebody else?
//  7. Do your logs leave out Authorization headers, form bodies and the query
//     of the callback?
//  8. Do secret scanners know your prefix? credential.Format.Pattern is the
//     regular expression; package leaks has an endpoint for their reports.
//  9. Does the store outlive a restart, as that of package memory does not? Is
//     it backed up, and does a store.Cleaner run?
//  10. Do you know what to do after a restore? operating_test.go says it.
func Example_review() {
	cfg := service()
	cfg.Lifetimes.AccessToken = 24 * time.Hour
	provider := must(flow.New(cfg))
	for _, finding := range must(provider.Check(context.Background())) {
		if finding.Severity == flow.Warning {
			fmt.Println(finding.Field)
		}
	}
	// Output:
	// Keys
	// Lifetimes.AccessToken
	// MayAct
}
