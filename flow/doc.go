// Package flow is the HTTP side of a service's OAuth applications: users
// authorize applications through the web application flow (RFC 6749, section
// 4.1, with PKCE), and applications exchange codes for tokens and call the
// service's API with them.
//
// Start with [New]. It needs what only the host knows: who is signed in
// ([Config.CurrentUser] and [Config.LoginURL]), where everything is kept
// ([Config.Store]), the URL of the service ([Config.Issuer]) and what
// applications can ask for ([Config.Scopes]). The [Provider] has the endpoints,
// for a mux or as an http.Handler:
//
//	provider, err := flow.New(flow.Config{
//		Issuer:      "https://service.example",
//		Store:       store,
//		CurrentUser: currentUser,
//		LoginURL:    func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
//		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
//	})
//	provider.Mount(mux)
//	mux.Handle("/api/", provider.Require("read")(api))
//
// Package dashboard adds the pages on which developers register applications
// and users revoke what they authorized. Package flowtest serves the host's
// own tests.
//
// # Endpoints
//
// Below the path of the issuer:
//
//	GET, POST /oauth/authorize                 authorization and consent
//	                                           (RFC 6749, section 3.1)
//	POST      /oauth/token                     authorization_code,
//	                                           refresh_token (section 3.2)
//	POST      /oauth/revoke                    RFC 7009
//	POST      /oauth/introspect                RFC 7662
//	GET       /oauth/style.css                 the stylesheet of the pages
//	GET       /oauth/copy.js                   the script of pages with
//	                                           credentials, which copies them
//
// with a capability, in the package of that name:
//
//	POST      /v2/oauth/access_token           dnsimple
//	POST      /oauth/par                       par
//	POST      /oauth/register                  registration, and GET, PUT and
//	                                           DELETE below it
//	POST      /oauth/device_authorization      device
//	GET, POST /device                          device
//	POST      /oauth/global-token-revocation   globalrevocation
//	GET, POST /accounts/{account}/api_tokens   tokens, and POST below it
//	POST      /oauth/leaks                     leaks
//	GET       /oauth/gallery                   gallery, and GET below it
//	GET       /oauth/jwks                      the public keys of
//	                                           [Config.SigningKeys], with
//	                                           signedintrospection
//
// and at the root, with the issuer's or the resource's path behind them:
//
//	GET /.well-known/oauth-authorization-server   RFC 8414
//	GET /.well-known/oauth-protected-resource     RFC 9728
//
// Where an API has a host of its own, the second is at that host, where the
// answers of [Provider.Require] say that it is: hand that path to the provider
// there, too.
//
// # What is fixed
//
// There is no switch for what RFC 9700 advises against. The only response type
// is code and the only challenge method S256. A redirect URI is one that the
// application registered, byte for byte; only the port of http://127.0.0.1 and
// http://[::1] is free, and that of http://localhost for public clients. Public
// clients need PKCE. If any client sent a challenge, it is verified. A request
// that fails does not use up a code. Every authorization response names the
// issuer (RFC 9207). Nothing is read from the query string of a POST, and a
// request that has a parameter twice is refused if the endpoint acts on that
// parameter. Nobody is redirected to a client before they have signed in. A
// program that asks the authorization endpoint for JSON, with the header
// Accept, gets what a page would say as JSON.
//
// STANDARDS.md, beside this file, lists the requirements section by section,
// the choices made where a standard leaves one, and the tests that prove them.
//
// A service can be held to more, with [Config.Profile]: to FAPI 2.0, OAuth 2.1
// or MCP. PROFILES.md lists their clauses.
//
// # Consent
//
// A user says yes on a page that shows the application and what it asks for.
// For confidential clients the answer is remembered, for [Lifetimes.Session]. A
// later request for no more than the user's grant covers is then answered at
// once, if it names the account with the parameter account_id or the user has
// only one. For public clients the user is asked every time.
//
// The parameters prompt and max_age of OpenID Connect are obeyed: see
// [User.AuthenticatedAt]. With prompt=none the user is shown no page. Where one
// is needed, the application gets the error login_required, consent_required,
// account_selection_required or interaction_required instead.
//
// # Tokens
//
// A code, an access token and a refresh token are used up and replaced as
// follows:
//
//   - A code can be redeemed once. If its client presents it again with the
//     same code_verifier, the session ends with all its tokens, because
//     somebody may have stolen both (RFC 6749, section 4.1.2). Whoever has the
//     code without the verifier is refused and ends nothing.
//   - Each refresh replaces the refresh token. The previous access token stays
//     valid until it expires or until the next refresh, so that calls under way
//     do not fail.
//   - A repeated refresh gets the same tokens again, because a client may have
//     lost the answer, or run in two processes. It is a repeat if it has the
//     old refresh token and comes to the same scopes and resources; how the
//     client authenticates does not matter. This holds for
//     [Lifetimes.RotationGrace] after the first refresh, and ends when the new
//     refresh token is used. After that, an old refresh token ends the session
//     (RFC 9700, section 4.14.2). A repeat that is refused changes nothing. If
//     two refreshes at once are for different resources, one gets its token and
//     the other gets invalid_target: it asks again with the new refresh token.
//   - With the profile [FAPI2], a refresh keeps the refresh token instead, and a
//     client that lost an answer refreshes again.
//   - A refresh may ask for less than the user granted. The new refresh token
//     still stands for all of it. Scopes that the application may no longer ask
//     for, or the service no longer offers, are left out of new tokens.
//   - A refresh token expires unused after [Lifetimes.RefreshToken]; the
//     session ends [Lifetimes.Session] after the user said yes, and no token
//     outlives it.
//
// # Access follows the person
//
// The applications that a user authorized would go on after the user left an
// account, was suspended or is gone. [Config.MayAct] tells what a user may
// still give for an account. It is asked at every code exchange, refresh and
// consent, and narrows what the tokens reach. If the user may give nothing, the
// session ends, with the event token.user_access_end. So access ends with the
// next refresh, [Lifetimes.AccessToken] later at most, or at once behind a
// [Guard] with Current. For access tokens that nothing refreshes, MayAct is
// asked at every call and introspection.
//
// Without MayAct such access lasts until somebody revokes it or
// [Lifetimes.Session] is over.
//
// # Outages
//
// Where the store or the host fails, the answer is 503 and Retry-After: never a
// yes, and never a no that a client would take for the loss of its tokens. What
// failed goes to [Config.Logger]. A client whose response is lost after the
// store has kept the tokens still has the code or refresh token that it
// presented. What a repeated request gets is said above.
//
// A provider sets no deadline to the store: package postgres ends each call
// within 15 seconds, and a request makes few. Make the WriteTimeout of the
// host's http.Server longer than that: what is answered later is lost. For an
// answer sooner, give the request's context a deadline.
//
// # Cost
//
// The store is asked as seldom as can be. A call of the API and an
// introspection read once, a revocation reads once and writes once, and so does
// an exchange of a code or a refresh token, or an authorization request of a
// user who consented before. If a client introspects the token of another
// client, that is a second read. The use of a grant or a client secret is noted
// in a write of its own, about once in five minutes.
//
// Codes and tokens have a checksum, by which the provider recognises strings
// that this service cannot have issued. A call of the API with such a string
// does not reach the store. Any other request with one costs only the read that
// authenticates the client.
//
// BenchmarkCost of this package measures what each kind of request costs, over
// each store.
//
// # Many nodes
//
// A provider keeps nothing between two requests except what it counts for its
// limits, such as [Config.Limiter]. So any number of nodes, with a provider
// each, serve one service, and a browser or a client need not come back to the
// same one. They share a store on PostgreSQL, and have the same configuration,
// Keys included. Codes and tokens are kept as digests, so that no change of
// keys ends them. A revocation, like any other change, holds at every node from
// its next request on.
//
// The keys sign the forms of the pages, which live for a day at most, and take
// part in the tokens of a refresh, so that a repeat of it can be answered. A
// node refuses a form or a repeat that was made with a key it does not have. So
// a key is replaced in three steps, each only when all nodes have done the one
// before:
//
//  1. Append the new key to [Config.Keys]: all nodes verify it, none signs with
//     it.
//  2. Move it to the front: it signs, and forms that the old one signed stay
//     good.
//  3. A day later, remove the old key.
//
// Remove a key at once if others may have learnt it. Users then repeat what
// they had open, and a client that repeats a refresh at that moment is refused.
//
// Where the clocks of nodes differ, lifetimes are longer or shorter by the
// difference. Nothing else depends on a clock: neither whether a token is
// revoked, nor whether it was used before. Keep the difference well below
// [Lifetimes.RotationGrace].
package flow
