// Package oauthapp defines what an OAuth application is and administers it:
// registration, credentials, the rules for its URLs, grants and events.
//
// Start with [NewRegistry]. A [Registry] registers applications for their
// owners, resets their client secrets, revokes their tokens and deletes them.
// It also lists and revokes grants, which record that a user authorized an
// application:
//
//	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
//	app, secret, err := registry.Register(ctx, account, oauthapp.Registration{
//		Name:         "Example",
//		HomepageURL:  "https://example.com",
//		CallbackURLs: []string{"https://example.com/oauth/callback"},
//	})
//	fmt.Println(app.ClientID, secret.Reveal()) // the only time the secret can be seen
//
// Package flow is the HTTP side: users authorize applications there, and
// applications exchange codes for tokens. This package does not import it, so a
// program that only administers applications links no HTTP server and no
// database driver.
//
// # Words
//
// The owner is the host's account that registered an application. A user who
// authorizes an application for an account leaves a [Grant]. Owners, users and
// accounts belong to the host: the library keeps their IDs as opaque strings. A
// callback URL is what an application registered. The redirect_uri of RFC 6749
// is what an authorization request sends. [MatchCallback] compares the two.
//
// # Events
//
// Config.Events receives an [Event] for every change, after it is durable. The
// event tells who did what to which application, when and from where. Who and
// from where come from [WithActor]. An event never holds a secret.
//
// # Errors
//
// [ErrNotFound] means that nothing with that ID exists, or that it belongs to
// another owner: the two look alike, so that nobody learns what exists.
// [ErrLimit] means that there are as many applications, or live secrets, as
// allowed. A [*ValidationError] reports bad input: it names every field that is
// wrong, with a sentence for the person who filled it in. A [*ConflictError]
// reports that somebody updated the application since the version that was
// edited, and tells what changed.
//
// An empty [Owner], and a [GrantFilter] with an empty criterion, are mistakes
// of the program, which forgot to look up who is signed in. Their errors are
// none of the above. Any other error is a failure of the store. Its text is for
// operators, not for users.
package oauthapp
