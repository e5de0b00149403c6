package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

var recordRules = []rule{
	{"records/keep", "Look returns a record as it was kept, any bytes up to MaxRecord, and changes nothing", recordsKeep},
	{"records/distinct", "records are told apart by kind and digest", recordsDistinct},
	{"records/exists", "Keep is ErrExists while there is an unexpired record, and changes nothing", recordsExists},
	{"records/absent", "what is not there is ErrNotFound", recordsAbsent},
	{"records/expiry", "a record is there until just before its expiry time, and absent at it", recordsExpiry},
	{"records/replace", "Replace gives a record another value and expiry time, if its value is the old one byte for byte", recordsReplace},
	{"records/take", "Take returns a record and removes it", recordsTake},
	{"records/one keeper", "of 50 concurrent callers who keep the same record exactly one succeeds, all others are ErrExists", recordsOneKeeper},
	{"records/one replacer", "of 50 concurrent callers who replace the same value exactly one succeeds, all others are ErrConflict", recordsOneReplacer},
	{"records/one taker", "of 50 concurrent callers who take a record exactly one gets it, all others are ErrNotFound", recordsOneTaker},
	{"records/after expiry at once", "of 50 concurrent callers who keep a record where one has expired exactly one succeeds", recordsAfterExpiry},
	{"records/slices", "changing a value after handing it in, or one handed out, changes nothing kept", recordsSlices},
}

// recordTTL is how long records live.
const recordTTL = time.Minute

// record returns a record that is not in the store yet.
func (t *trial) record() store.Record {
	return store.Record{Kind: "test.kind-1", Digest: t.digest(), Value: []byte(t.id().String()), ExpiresAt: start.Add(recordTTL)}
}

// keep keeps a new record.
func (t *trial) keep() store.Record {
	r := t.record()
	t.must(t.Keep(t.ctx, r, start), "Keep")
	return r
}

// has fails unless the store has exactly this record at a time.
func (t *trial) has(r store.Record, at time.Time, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		got, err := t.Look(t.ctx, r.Kind, r.Digest, at)
		t.must(err, "Look, %s,", what)
		t.same(got, r, "Look, %s", what)
	}
}

// hasNot fails if the store has a record at a time, or acts as if it had.
func (t *trial) hasNot(r store.Record, at time.Time, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		_, err := t.Look(t.ctx, r.Kind, r.Digest, at)
		t.want(store.ErrNotFound, err, "Look, %s,", what)
		_, err = t.Take(t.ctx, r.Kind, r.Digest, at)
		t.want(store.ErrNotFound, err, "Take, %s,", what)
		t.want(store.ErrNotFound, t.Replace(t.ctx, r, r.Value, at), "Replace, %s,", what)
	}
}

func recordsKeep(t *trial) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, value := range map[string][]byte{
		"no bytes": nil, "a zero byte": {0}, "every byte": every, "text": []byte("Ünïcödé 漢字"), "no UTF-8": {0xff, 0xfe, 0xc0},
		"something like JSON": []byte(`{"a":"\u0000"}`), "a thousand bytes": bytes.Repeat([]byte{0, 0xff}, 500),
		"as much as there may be": bytes.Repeat(every, store.MaxRecord/len(every)),
	} {
		r := t.record()
		r.Value = value
		t.must(t.Keep(t.ctx, r, start), "Keep with %s", name)
		t.has(r, start, "with %s", name)
		t.has(r, start, "with %s, again", name)
		next := r
		next.Value = append(bytes.Clone(value[:len(value)/2]), 1)
		t.must(t.Replace(t.ctx, next, value, start), "Replace with %s", name)
		t.has(next, start, "in place of %s", name)
		t.must(t.Replace(t.ctx, r, next.Value, start), "Replace by %s", name)
		got, err := t.Take(t.ctx, r.Kind, r.Digest, start)
		t.must(err, "Take with %s", name)
		t.same(got, r, "Take with %s", name)
	}
	for _, kind := range []string{"a", "0", strings.Repeat("k", 32), "par.v2-x"} {
		r := t.record()
		r.Kind = kind
		t.must(t.Keep(t.ctx, r, start), "Keep of kind %q", kind)
		t.has(r, start, "of kind %q", kind)
	}
}

func recordsDistinct(t *trial) {
	first := t.keep()
	kind, prefix, near := first, first, first
	kind.Kind, kind.Value = "another", []byte("of another kind")
	prefix.Kind, prefix.Value = first.Kind[:4], []byte("of a shorter kind")
	near.Digest[31] ^= 1
	near.Value = []byte("of another digest")
	others := []store.Record{kind, prefix, near}
	for _, r := range others {
		t.hasNot(r, start, "that was not kept")
		t.must(t.Keep(t.ctx, r, start), "Keep")
	}
	t.has(first, start, "after others were kept")
	_, err := t.Take(t.ctx, first.Kind, first.Digest, start)
	t.must(err, "Take")
	for _, r := range others {
		t.has(r, start, "after another was taken")
	}
}

func recordsExists(t *trial) {
	r := t.keep()
	t.want(store.ErrExists, t.Keep(t.ctx, r, start), "Keep of the same record")
	again := r
	again.Value, again.ExpiresAt = []byte("another"), start.Add(time.Hour)
	t.want(store.ErrExists, t.Keep(t.ctx, again, start), "Keep of another value")
	t.want(store.ErrExists, t.Keep(t.ctx, again, r.ExpiresAt.Add(-tick)), "Keep just before the record expires")
	t.has(r, start, "after others tried to keep it")
}

func recordsAbsent(t *trial) {
	t.hasNot(t.record(), start, "never kept")
	t.hasNot(store.Record{Kind: "test.kind-1", Value: nil}, start, "of no digest")
}

func recordsExpiry(t *trial) {
	for _, after := range []time.Duration{recordTTL, recordTTL + tick, 10 * sessionTTL} {
		r := t.keep()
		t.has(r, r.ExpiresAt.Add(-tick), "just before it expires")
		now := start.Add(after)
		t.hasNot(r, now, "%v after it was kept, which lives %v", after, recordTTL)
		again := r
		again.Value, again.ExpiresAt = []byte("again"), now.Add(tick)
		t.must(t.Keep(t.ctx, again, now), "Keep where a record has expired")
		t.has(again, now, "kept where one has expired")
		t.want(store.ErrExists, t.Keep(t.ctx, again, now), "Keep of a record kept where one had expired")
	}
	late := t.keep()
	late.ExpiresAt = start.Add(time.Hour)
	t.must(t.Replace(t.ctx, late, late.Value, start), "Replace")
	t.has(late, late.ExpiresAt.Add(-tick), "whose life was prolonged")
	late.ExpiresAt = start.Add(tick)
	t.must(t.Replace(t.ctx, late, late.Value, start), "Replace")
	t.hasNot(late, late.ExpiresAt, "whose life was cut short")

	dead := t.record()
	dead.ExpiresAt = start
	t.must(t.Keep(t.ctx, dead, start), "Keep of what expires now")
	t.hasNot(dead, start, "that expired as it was kept")
}

func recordsReplace(t *trial) {
	r := t.keep()
	old := r.Value
	next := r
	next.Value, next.ExpiresAt = []byte{0, 1, 0xff}, start.Add(2*recordTTL)
	near := bytes.Clone(old)
	near[len(near)-1] ^= 1
	for name, other := range map[string][]byte{
		"nothing": nil, "a prefix": old[:len(old)-1], "a longer value": append(bytes.Clone(old), 0), "one that differs in a bit": near, "the new value": next.Value,
	} {
		t.want(store.ErrConflict, t.Replace(t.ctx, next, other, start), "Replace of %s", name)
	}
	t.has(r, start, "after other values were replaced")
	t.must(t.Replace(t.ctx, next, old, start), "Replace")
	t.has(next, start, "replaced")
	t.want(store.ErrConflict, t.Replace(t.ctx, r, old, start), "Replace of the value before")
	t.must(t.Replace(t.ctx, next, next.Value, start), "Replace by the same")
	t.has(next, start, "replaced by the same")
}

func recordsTake(t *trial) {
	r := t.keep()
	got, err := t.Take(t.ctx, r.Kind, r.Digest, r.ExpiresAt.Add(-tick))
	t.must(err, "Take")
	t.same(got, r, "Take")
	t.hasNot(r, start, "after it was taken")
	r.Value = []byte("again")
	t.must(t.Keep(t.ctx, r, start), "Keep of what was taken")
	t.has(r, start, "kept again")
}

// rivals returns copies of a record with values of their own.
func (t *trial) rivals(r store.Record) []store.Record {
	rivals := slices.Repeat([]store.Record{r}, crowd)
	for i := range rivals {
		rivals[i].Value = fmt.Appendf(nil, "value-%d", i)
	}
	return rivals
}

func recordsOneKeeper(t *trial) {
	for range 4 {
		rivals := t.rivals(t.record())
		results := t.together(crowd, func(i int) error { return t.node(i).Keep(t.ctx, rivals[i], start) })
		t.winners(1, store.ErrExists, results, "Keep of one record")
		t.has(rivals[slices.Index(results, nil)], start, "as the one who kept it said")
	}
}

func recordsAfterExpiry(t *trial) {
	for range 4 {
		r := t.keep()
		now := r.ExpiresAt
		r.ExpiresAt = now.Add(recordTTL)
		rivals := t.rivals(r)
		results := t.together(crowd, func(i int) error { return t.node(i).Keep(t.ctx, rivals[i], now) })
		t.winners(1, store.ErrExists, results, "Keep where a record has expired")
		t.has(rivals[slices.Index(results, nil)], now, "as the one who kept it said")
	}
}

func recordsOneReplacer(t *trial) {
	for range 4 {
		r := t.keep()
		rivals := t.rivals(r)
		results := t.together(crowd, func(i int) error { return t.node(i).Replace(t.ctx, rivals[i], r.Value, start) })
		t.winners(1, store.ErrConflict, results, "Replace of one value")
		t.has(rivals[slices.Index(results, nil)], start, "as the one who replaced it said")
	}
}

func recordsOneTaker(t *trial) {
	for range 4 {
		r := t.keep()
		taken := make([]store.Record, crowd)
		results := t.together(crowd, func(i int) (err error) {
			taken[i], err = t.node(i).Take(t.ctx, r.Kind, r.Digest, start)
			return err
		})
		t.winners(1, store.ErrNotFound, results, "Take of one record")
		t.same(taken[slices.Index(results, nil)], r, "Take")
		t.hasNot(r, start, "after it was taken")
	}
}

func recordsSlices(t *trial) {
	r := t.record()
	given := r
	given.Value = append(make([]byte, 0, 100), r.Value...)
	t.must(t.Keep(t.ctx, given, start), "Keep")
	spoilBytes(given.Value)
	t.has(r, start, "after its caller changed the value it had given")
	got, err := t.Look(t.ctx, r.Kind, r.Digest, start)
	t.must(err, "Look")
	spoilBytes(got.Value)
	t.has(r, start, "after a caller changed the value handed out")

	given.Value = append(make([]byte, 0, 100), "replaced"...)
	t.must(t.Replace(t.ctx, given, r.Value, start), "Replace")
	spoilBytes(given.Value)
	r.Value = []byte("replaced")
	t.has(r, start, "after its caller changed the value it had replaced it with")
}
