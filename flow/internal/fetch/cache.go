package fetch

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A document is one that was fetched. It does not change.
type document struct {
	body       []byte
	at         time.Time // when it was fetched
	freshUntil time.Time
	staleUntil time.Time // zero for one that is not kept
}

// defaultFresh is for a document that does not say how long it is good.
const defaultFresh = 5 * time.Minute

// document is a body with what its header says of keeping it.
func (f *Fetcher) document(body []byte, header http.Header) *document {
	now := f.cfg.Now()
	fresh, keep := freshness(header)
	stale := f.cfg.MaxStale
	if !keep {
		stale = f.cfg.MinFresh
	}
	if stale == 0 {
		return &document{body: body, at: now}
	}
	return &document{
		body:       body,
		at:         now,
		freshUntil: now.Add(max(min(fresh, f.cfg.MaxFresh), f.cfg.MinFresh)),
		staleUntil: now.Add(stale),
	}
}

// freshness reads how long an answer is good, and whether it may be kept at all
// (RFC 9111, sections 4.2 and 5.2.2). Expires is not read.
func freshness(header http.Header) (fresh time.Duration, keep bool) {
	var maxAge, shared *time.Duration
	noCache := false
	for directive := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store":
			return 0, false
		case "no-cache":
			noCache = true
		case "max-age":
			maxAge = seconds(value)
		case "s-maxage":
			shared = seconds(value)
		}
	}
	if shared != nil {
		maxAge = shared
	}
	switch {
	case noCache:
		return 0, true
	case maxAge == nil:
		return defaultFresh, true
	}
	if age := seconds(header.Get("Age")); age != nil {
		return max(*maxAge-*age, 0), true
	}
	return *maxAge, true
}

// seconds reads a number of seconds, up to a year. What is none counts as 0,
// and nothing as nil.
func seconds(value string) *time.Duration {
	if value == "" {
		return nil
	}
	const year = 365 * 24 * 60 * 60
	n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // of a number too large it is the largest
		n = 0
	}
	d := time.Duration(min(n, year)) * time.Second
	return &d
}
