// Package storetest tests whether a [store.Store] keeps the promises of its
// interface. It is the contract made executable: whoever writes a store for another
// database runs it and knows what is left to do.
//
// It takes a test of ten lines:
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
//			Reopen: reopen,
//		})
//	}
//
// Each rule is a subtest that opens a store of its own: -run TestStore/codes tries
// those about authorization codes alone. A rule that is broken says what it
// promises, and then what happened. No rule can be skipped; Reopen alone is left
// out by stores that keep nothing when their process ends.
//
// # Writing a store for another database
//
// Package store tells how to lay one out. With this package at hand, write it in
// the order of the rules, which is the order in which they build on each other:
//
//   - applications, secrets: rows, owners, limits. What is counted and then
//     inserted must not let 50 callers at once exceed the limit; the IDs of a
//     deleted application stay taken, also after the clean-up.
//   - grants: one row for each application, user and account, however many
//     authorize at once, and a filter with four optional fields.
//   - codes, refresh: each a conditional update of one row. The rules called one
//     winner fail for whatever reads first and writes after.
//   - revocation: what was begun before ends, what begins after lives, and what
//     overlaps is one or the other. Take the epochs that a session is born under
//     in the statement or transaction that keeps it.
//   - uses, lists: the greatest time wins; pages hold as rows come and go.
//   - clean-up: everything dead goes, nothing live does, in small batches.
//   - values, context: what databases are apt to change on the way. Collations
//     that fold case, times cut to milliseconds, a zero time that comes back as 1970.
//   - durability: everything again after closing and opening.
//
// Times given to the store are in the 2030s and never the real ones: a store that
// reads a clock fails. Run it under the race detector, and a few times.
//
// # Limits
//
// Concurrency is real, so a store with a race is caught with high probability and not
// with certainty. Durability is tested by an orderly end: what a power failure or a
// kill -9 does is for the store's own tests.
package storetest
