// Package sqlite keeps applications, grants and sessions in one SQLite file. It
// is the store for a service on one machine. It is durable and needs nothing to
// be installed: its SQLite is compiled from C to Go, without cgo.
//
//	s, err := sqlite.Open(ctx, "/var/lib/example/oauthapps.db")
//	if err != nil {
//		return err // names the path, and what can be done about it
//	}
//	defer s.Close()
//
// A [Store] is a [store.Store]. Give it to oauthapp.NewRegistry and flow.New,
// and run a [store.Cleaner] on it.
//
// # What is promised
//
// A call that returned nil is durable. It survives kill -9 of the process, and
// loss of power if the disk keeps what it reports as written (a write-ahead log
// with synchronous=FULL). A call that was refused, or whose context ended
// before it began, changed nothing. A call that has begun runs to its end,
// whatever its context, and returns its outcome.
//
// There is one writer. Readers never wait for it. Calls that write at the same
// moment share a transaction and its fsync. Each of them succeeds or is refused
// by itself, and returns only when the transaction is durable.
//
// Several processes of one machine may have the same file open. A call that
// writes waits for another process up to 10 seconds, or until its context ends.
//
// # Files
//
// Two more files, with -wal and -shm added to the name, belong to the file.
// They are there while it is open and after a crash. New files can be read and
// written by their user alone (mode 0600). Opening brings an older schema up to
// date, each migration in a transaction of its own; several processes may do so
// at once. An older version of this library refuses to open the file. Stop the
// processes of the previous version before that: one that has the file open
// during a migration fails afterwards or, if the migration changed nothing that
// it uses, goes on without what is new.
//
// To back up while the service runs, let SQLite make a copy, with its
// command-line shell or any other client:
//
//	sqlite3 oauthapps.db "VACUUM INTO 'backup.db'"
//
// Do not copy the file alone while it is open: the newest writes are in the
// -wal file. Codes, tokens and client secrets are kept as their SHA-256, so a
// copy lets nobody in. It does tell who authorized what.
//
// To restore one, stop all processes that have the file open, remove the file
// with its -wal and -shm, and copy the backup to its place. A -wal that stays
// is taken for that of the backup: it damages it, or brings back what came
// after it.
//
// # Cost
//
// A live session takes about 420 bytes of the file once its code is redeemed,
// and no more after any number of rotations. A grant takes about 320 bytes with
// its indexes. Every statement finds its rows by a key, so its cost grows only
// with the depth of the trees. Revoking all tokens of an application writes one
// row. Lists by user or account pass over the grants that this ended until the
// clean-up has removed them. The file uses again the space of removed rows. It
// does not shrink by itself: VACUUM shrinks it.
//
// BenchmarkStore measures each call beside 1000 sessions and, with
// OAUTHAPPS_BENCH_SESSIONS=1000000 in the environment, beside a million.
// BenchmarkGroupCommit measures the processor's time of a shared fsync.
//
// The connection that writes caches up to 16 MB of pages in memory, and each
// connection that reads up to 2 MB. There are GOMAXPROCS connections that read,
// and at least 4; the last used is used first. While no write waits, a spare
// connection holds the read lock, so that reads skip two system calls. It lets
// go after 50 milliseconds and before each write, so that checkpoints come to
// their end.
//
// # Limits
//
// The file must be on a local disk, as network file systems do not lock it
// reliably. Several machines need package postgres. Texts are UTF-8 without
// NUL.
//
// # Errors
//
// A call returns the errors of package store, those of contexts, and otherwise
// what SQLite says, after the name of the call. That text is for operators and
// holds no value that was stored. Such an error may pass: another process keeps
// the lock, or the disk is full.
package sqlite
