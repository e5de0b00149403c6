// Package store defines what is kept, and what a backend promises about it.
//
// Programs that use the library choose a backend and need little else of this
// package: memory for unit tests, sqlite for a service on one machine, postgres
// for a service on several. They hand the backend to flow.New, or to
// oauthapp.NewRegistry if they only administer, and run a [Cleaner]. The rest
// of this text is for those who write a backend.
//
// # Methods
//
// Each atomic step of the protocol is one method of [Store]. The interface has
// no transactions. No method relies on what another one has read, except
// UpdateApplication, which names the version that it is based on. So a method
// can be one statement, or one round trip, of almost any database:
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
//	SetStanding               application                     ID
//	TransferApplication       application                     ID; new owner, to count
//	DeleteApplication         application                     ID
//	AddSecret                 secret, older secrets           application ID
//	RevokeSecret              secret                          ID
//	RevokeTokens              application                     ID
//	RevokeGrant               grant                           ID
//	EndGrants                 grants or applications, in steps   user, account or owner
//	Application, Usage        nothing                         ID
//	Secrets                   nothing                         application ID
//	FindSecret                nothing                         digest
//	AdoptSecret               secret                          ID
//	Applications, Grants      nothing                         whatever selects, a page at a time
//	CreateAPIToken            API token                       user, to count
//	APIToken                  nothing                         ID
//	APITokens                 nothing                         user or account, a page at a time
//	RevokeAPIToken            API token                       ID
//	EndAPITokens              API tokens, in steps            user or account
//	CleanUp                   what is dead, in batches        a cursor of the store's own
//
// A request for a token reads with Client and writes with RedeemCode or
// RotateRefreshToken. A bearer token is checked with Session alone.
//
// # Promises
//
// The comments on [oauthapp.Store] and [Store] are the whole contract: each
// method says what it returns for what is absent, repeated, expired or taken.
// Four promises hold for all:
//
//   - Once. However many callers redeem one code, rotate one refresh token, or
//     keep, replace or take one record at the same time, exactly one of them
//     gets nil.
//   - Durable. What a method has done when it returns nil survives the process,
//     and every later call on any node sees it.
//   - Whole. A method that returns an error has not done half of its work. An
//     error other than those named means an outage. An outage is never
//     disguised as ErrNotFound, as clients would take it for a refusal.
//   - At once. A revocation holds from its return on, also for what is being
//     issued at that moment.
//
// # Validity is read
//
// Revoking writes one row, never one row for each token. An application has a
// number, its epoch, which each revocation of all its tokens raises. A grant
// has one too, which each revocation of the grant raises. A session keeps the
// two epochs that it began under, and is live while both are still current. So
// Session reads three rows by their keys, RevokeTokens adds one to a number,
// and the rows of dead sessions wait for CleanUp.
//
// A suspension is read in the same way, where the application's epoch is read.
// It ends nothing, so CleanUp leaves the sessions of a suspended application.
//
// A session is one row, as wide after any number of refreshes as after the
// first. It keeps the digests and times of the tokens that are still good, and
// the Extra of its last write. Codes and tokens carry its ID.
//
// # Writing a store
//
//  1. Lay out six tables or key spaces: applications with their epoch, by ID
//     and by client ID; secrets by application; grants by application, user and
//     account, and by whatever oauthapp.GrantFilter selects; sessions by ID and
//     records by kind and digest, both with no other index; API tokens by ID,
//     by user and by account. Keep times as whole microseconds, digests as 32
//     bytes, and a deleted application's IDs for ever.
//  2. Write each method so that its first write claims the row under its
//     condition, and look at how many rows that took: an UPDATE ... WHERE
//     code_digest = ? AND redeemed_at IS NULL, a compare-and-set, a script that
//     runs alone. A read followed by a write lets two callers redeem one code.
//     If no row was taken, find out why afterwards, to tell ErrUsed from
//     ErrNotFound.
//  3. Make BeginSession meet RevokeTokens and RevokeGrant in one order: take
//     the epochs in the statement or transaction that keeps the session.
//  4. Page through lists by key: read rows with an ID below Page.After, newest
//     first, and one row more than asked for, which tells whether there is a
//     next page.
//  5. Retry inside the method, with a bound, what the database asks to be
//     retried. Read no clock: every time is an argument.
//  6. Run package storetest under the race detector. It tries every promise,
//     concurrency and durability among them.
//
// The test has ten lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New:    func(tb testing.TB) store.Store { return open(tb, tb.TempDir()) },
//			Reopen: reopen,
//		})
//	}
//
// Read package memory first: each method there is the rule on its interface and
// little else.
//
// [Store] may gain methods until version 1 of the module. After that, new
// abilities are interfaces of their own.
package store
