// Package store defines what is kept, and what a backend promises about it.
//
// Programs that use the library take a backend and need little of this package:
// memory for unit tests, sqlite for a service on one machine, postgres for one on
// several. They hand it to the registry of package oauthapp and the provider of package
// flow, and start a [Cleaner]. What follows is for those who write a backend.
//
// # Verbs
//
// Each atomic step of the protocol is one method of [Store]. There are no
// transactions in the interface, and no method needs what another has read to be true
// still (UpdateApplication says which version it is based on), so a method can be one
// statement, or one round trip, of almost any database:
//
//	method                    writes                          finds it by
//	Client                    nothing                         client ID, session ID
//	Session                   nothing                         session ID
//	BeginSession              session; grant                  application, user and account
//	RedeemCode                session                         session ID
//	RotateRefreshToken        session                         session ID
//	EndSession                session                         session ID
//	Look                      nothing                         kind and digest
//	Keep, Replace, Take       record                          kind and digest
//	Touch                     grant and application; secret   ID
//	CreateApplication         application, secret             owner, to count
//	UpdateApplication         application                     ID
//	DeleteApplication         application                     ID
//	AddSecret                 secret, older secrets           application ID
//	RevokeSecret              secret                          ID
//	RevokeTokens              application                     ID
//	RevokeGrant               grant                           ID
//	Application, Usage        nothing                         ID
//	Secrets                   nothing                         application ID
//	Applications, Grants      nothing                         whatever selects, a page at a time
//	CleanUp                   what is dead, in batches        a cursor of the store's own
//
// A request for a token reads with Client and writes with RedeemCode or
// RotateRefreshToken; a bearer token is checked with Session alone.
//
// # Promises
//
// The comments on [oauthapp.Store] and [Store] are the whole contract: what is
// returned for what is absent, repeated, expired or taken stands on each method.
// Four promises carry the rest:
//
//   - Once. However many callers redeem a code, rotate a refresh token, or keep,
//     replace or take a record at the same time, one gets nil.
//   - Durable. What a method has done when it returns nil survives the process, and
//     every later call on any node sees it.
//   - Whole. What a method has not done when it returns an error it has not done in
//     part. Errors other than those named mean an outage, and are never a
//     disguised ErrNotFound: a client must not take an outage for a refusal.
//   - At once. A revocation holds from its return on, also for what is being issued
//     at that moment.
//
// # Validity is read
//
// Revoking writes one row, never one row for each token. An application carries a
// number, its epoch, that each revocation of all its tokens raises; a grant carries one
// that each revocation of the grant raises. A session keeps the two epochs that it was
// born under and is live while both are still the current ones. So Session reads
// three rows by their keys, RevokeTokens adds one to a number whatever it cuts off,
// and the rows of dead sessions wait for CleanUp.
//
// A session is one row, of the same width whatever the number of refreshes: it keeps
// the digests and times of the tokens that are still good, and the Extra that the last
// of its writes was given. Tokens carry its ID.
//
// # Writing a store
//
//  1. Lay out five tables or key spaces: applications with their epoch, by ID and by
//     client ID; secrets by application; grants by application, user and account, and
//     by whatever [oauthapp.GrantFilter] selects; sessions by ID, and records by
//     kind and digest, with no other index. Keep times as whole microseconds,
//     digests as 32 bytes, and a deleted application's IDs for ever.
//  2. Write each method so that its first write claims the row under its condition,
//     and look at how many rows that took: an UPDATE ... WHERE code_digest = ? AND
//     redeemed_at IS NULL, a compare-and-set, a script that runs alone. A read first
//     and a write after lets two callers redeem one code. Find out why nothing was
//     taken afterwards, to tell ErrUsed from ErrNotFound.
//  3. Make BeginSession meet RevokeTokens and RevokeGrant in one order: take the
//     epochs in the statement or transaction that keeps the session.
//  4. Page through lists by key: rows with an ID below that in Page.After, newest
//     first, one row more than asked for to know whether there is a next page.
//  5. Retry what the database asks to be retried inside the method, with a bound.
//     Read no clock: every time is an argument.
//  6. Run package storetest under the race detector. It tries every promise,
//     concurrency and durability among them, and leaves none out.
//
// That takes a test of ten lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New:    func(tb testing.TB) store.Store { return open(tb, tb.TempDir()) },
//			Reopen: reopen,
//		})
//	}
//
// Package memory is the one to read first: each method there is the rule on its
// interface and little else.
//
// [Store] may gain methods until version 1 of the module; afterwards new abilities are
// interfaces of their own.
package store
