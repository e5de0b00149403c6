// Package oauthapp defines what an OAuth application is and administers it:
// registration, credentials, the rules for its URLs, grants and events.
//
// Start with [NewRegistry]. A [Registry] registers applications for their
// owners, resets their client secrets, revokes every token that users gave them,
// deletes them, and lists and revokes the grants by which users authorized them:
//
//	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
//	app, secret, err := registry.Register(ctx, owner, oauthapp.Registration{
//		Name:         "Example",
//		HomepageURL:  "https://example.com",
//		CallbackURLs: []string{"https://example.com/oauth/callback"},
//	})
//	fmt.Println(app.ClientID, secret.Reveal()) // the only time the secret can be seen
//
// The HTTP side, where users authorize applications and applications exchange
// codes for tokens, is package flow. This package needs none of it: a program
// that only administers applications links no HTTP server and no driver.
//
// # Words
//
// The owner is the host's account that registered an application; a user of an
// account authorizes an application, which leaves a [Grant]. Owners, users and
// accounts are the host's own: the library keeps their IDs as opaque strings. A
// callback URL is what an application registered; the redirect_uri of RFC 6749
// is what an authorization request sends, and [MatchCallback] compares the two.
//
// # Events
//
// Config.Events receives an [Event] for every change, after it is durable: who did
// what to which application, when and from where, as [WithActor] told. An event never
// holds a secret.
//
// # Errors
//
// [ErrNotFound] also answers for what belongs to another owner, so that nobody
// learns what exists. [ErrLimit] means that there are as many applications, or live
// secrets, as allowed. Bad input is a [*ValidationError] naming every field that
// is wrong, with a sentence for whoever filled it in. An edit of an application that
// somebody updated meanwhile is a [*ConflictError], which tells what changed. An empty owner is an error that is
// none of these: the program forgot to look up who is signed in. Anything else is a
// failure of the store; what it says is for operators, not for users.
package oauthapp
