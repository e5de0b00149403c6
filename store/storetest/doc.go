// Package storetest tests whether a [store.Store] keeps the promises of its
// interface. It is the contract made executable: whoever writes a store for
// another database runs it and knows what is left to do.
//
// It takes a short test:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New: func(tb testing.TB) store.Store {
//				s, err := open(filepath.Join(tb.TempDir(), "test.db"))
//				if err != nil {
//					tb.Fatal(err)
//				}
//				tb.Cleanup(func() { s.Close() })
//				return s
//			},
//			Reopen: reopen, // closes s and opens its data again
//			Beside: beside, // opens the data of s once more, beside s
//		})
//	}
//
// Each rule is a subtest that opens a store of its own: -run TestStore/codes
// tries those about authorization codes alone. A rule that is broken says what
// it promises, and then what happened. No rule can be skipped; Reopen is left
// out by stores that keep nothing when their process ends, and Beside by those
// that only one process can use at a time.
//
// # Writing a store for another database
//
// Package store tells how to lay one out. Begin with a type that embeds a
// store.Store which is nil, and run the rules:
//
//	type Store struct {
//		store.Store // nil: the methods that are not written yet
//		pool        *yourdb.Pool
//	}
//
// A rule that calls a method which is not there fails and names it, and the
// others are tried. Write the methods in the order of the rules, which is the
// order in which they build on each other; what is common to many rules, such
// as Client, Usage, BeginSession and CleanUp, comes early:
//
//   - applications, standing, secrets: rows, owners, limits. What is counted and then
//     inserted must not let 50 callers at once exceed the limit; the IDs of a
//     deleted application stay taken, also after the clean-up.
//   - grants: one row for each application, user and account, however many
//     authorize at once, and a filter with four optional fields.
//   - codes, refresh, extra: each a conditional update of one row. The rules
//     called one winner fail for whatever reads first and writes after.
//   - revocation: what was begun before ends, what begins after lives, and what
//     overlaps is one or the other. Take the epochs that a session is born
//     under in the statement or transaction that keeps it.
//   - records: kept once, replaced once, taken once; each one statement.
//   - API tokens: limited for each user, revoked once, ended with their user
//     and their account.
//   - uses, lists: the greatest time wins; pages hold as rows come and go.
//   - clean-up: everything dead goes, nothing live does, in small batches.
//   - values, context: what databases are apt to change on the way. Collations
//     that fold case, times cut to milliseconds, a zero time that comes back as
//     1970.
//   - agreement: random calls in random order, answered as package memory does.
//   - durability: everything again after closing and opening.
//   - nodes: everything at once again, through two handles on the same data.
//
// # Several nodes
//
// A service of several nodes has one handle in each process, and a load
// balancer that sends the code to one and the token to the next. Beside gives
// the rules such a second handle, which must share with the first what two
// processes would share and nothing else: a pool, a file or a connection of its
// own, never the same Go value. These rules catch a store that relies on what
// one process knows. A cache of sessions or applications, however short,
// accepts what another node has revoked; a mutex, a counter or a reservation of
// names in memory holds for one node alone; a read of a replica may be late. So
// ask the database each time, and let the database decide.
//
// # Retries
//
// Databases give up calls that would have succeeded alone: for a deadlock, a
// serialization failure, a lock that somebody holds. A store owes it to its
// callers to repeat these inside the method, after a pause, a bounded number of
// times, and then to return the database's error as an outage. The rules call
// the same thing 50 times at once and allow no error but those that the
// interface names, so a store that does not retry fails them. Three things are
// easily missed:
//
//   - A failure may come with the COMMIT, after every statement has succeeded.
//     Nothing has happened until that has.
//   - The next try begins from nothing: what the one before read, counted or
//     prepared may be wrong by now, or be of another connection.
//   - A lost connection says nothing about what happened. Reads may be
//     repeated; a write that was repeated could find its own code used, and
//     report a theft that was none.
//
// # Cancelled calls
//
// A client that hangs up cancels the context of whatever it caused. A call may
// then return nil, having done all; return an error, having done nothing; or,
// where the connection broke at the end, return an error, having done all. It
// may never do half: a grant without its session, a new secret that ended the
// old ones and is not there. Nor may it take effect after it has returned, as
// the caller has gone on. A single statement, or a transaction, is never half
// done. To keep a call from taking effect later, wait until the database has
// confirmed that the statement stopped, or let it finish.
//
// Times given to the store are in the 2030s and never the real ones: a store
// that reads a clock fails. Run the rules under the race detector, and a few
// times.
//
// # Limits
//
// Concurrency is real, so a store with a race is caught with high probability
// and not with certainty. Durability is tested by an orderly end: what a power
// failure or a kill -9 does is for the store's own tests. So are the failures
// that no rule can bring about through the interface: connections killed, a
// full disk, a failing COMMIT.
package storetest
