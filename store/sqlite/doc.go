// Package sqlite keeps applications, grants and sessions in one SQLite file. It
// is the store for a service on one machine: durable, and with nothing to install,
// as its SQLite is compiled from C to Go and needs no cgo.
//
//	s, err := sqlite.Open(ctx, "/var/lib/example/oauthapps.db")
//	if err != nil {
//		return err // names the path, and what can be done about it
//	}
//	defer s.Close()
//
// A [Store] is a [store.Store]. Give it to oauthapp.NewRegistry and flow.New, and
// run a [store.Cleaner] on it.
//
// # What is promised
//
// A call that returned nil is durable: it survives kill -9 of the process, and loss
// of power as far as the disk keeps what it says is written (a write-ahead log
// with synchronous=FULL). A call that was refused, or whose context ended before
// it began, changed nothing; one that had begun is finished, and says what came
// of it.
//
// There is one writer, and readers, which never wait for it. Calls that write at the
// same moment share a transaction and its fsync; each of them succeeds or is
// refused by itself, and returns only when the transaction is durable.
//
// Several processes of one machine may have the same file open. A writer waits up
// to 10 seconds for that of another process, or until its context ends.
//
// # Files
//
// Beside the file stand two more, with -wal and -shm added to its name, for as
// long as it is open and after a crash; they belong to it. New files can be read
// and written by their user alone (mode 0600). Opening brings an older schema up
// to date, also if several processes do so at once, each migration in a
// transaction of its own. There is no way back: an older version of this library
// refuses the file.
//
// To back up while the service runs, let SQLite make a copy, with its command-line
// shell or any other client:
//
//	sqlite3 oauthapps.db "VACUUM INTO 'backup.db'"
//
// Do not copy the file alone while it is open: the newest writes are in the -wal
// file. What is kept of codes, tokens and client secrets is their SHA-256, so a
// copy lets nobody in, but it tells who authorized what.
//
// # Cost
//
// A live session, its code redeemed and its access and refresh tokens live, takes
// about 420 bytes of the file, and no more after any number of rotations: its row
// has the room. A grant takes about 320 bytes with its indexes. Every statement
// finds its rows by a key, so its cost grows only as the depth of the trees does. Revoking
// all tokens of an application writes one row. Until the clean-up has come to the
// grants that it ended, lists by account or owner pass over them, 100000 in a tenth of a
// second. What the clean-up removes is used again by the file, which does not shrink by
// itself: VACUUM shrinks it.
//
// Calls that write at once share an fsync: sixteen callers have 5 to 12 times the rate
// of one. BenchmarkStore measures each call beside 1000 sessions and, with
// OAUTHAPPS_BENCH_SESSIONS=1000000 in the environment, beside a million, and
// BenchmarkGroupCommit the processor's time of a shared fsync.
//
// In memory, the connection that writes caches up to 16 MB of pages, and each that reads up to
// 2 MB. There are as many of these as GOMAXPROCS, and at least 4; the last used is used first.
// While no write waits, a spare connection holds the read lock, so that reads skip two
// system calls. It lets go after 50 milliseconds, and whenever somebody writes, so that
// checkpoints come to their end.
//
// Of 100 requests beside a store.Cleaner with its defaults, 99 take less than twice as
// long as without it.
//
// # Limits
//
// The file has to be on a local disk: network file systems do not lock it
// reliably. Several machines need package postgres. Texts are UTF-8 without NUL.
//
// # Errors
//
// Besides the errors of package store, and those of contexts, a call returns what
// SQLite says, after the name of the call: it is for operators, holds no value that
// was stored, and may pass (another process keeps the lock, the disk is full).
package sqlite
