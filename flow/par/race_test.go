package par_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/par"
)

// Of 50 decisions about one request at once, on two nodes, one counts.
func TestDecisionsAtOnce(t *testing.T) {
	h := newHost(t, par.Config{})
	h.config.Events = nil
	nodes := []http.Handler{h.node(), h.node()}
	requestURI := h.push(h.request(h.public))
	b := h.browser()
	page := b.open(h.public, requestURI)
	yes, no := form(t, page, "authorize"), form(t, page, "deny")
	answers := atOnce(func(i int) *httptest.ResponseRecorder {
		one := &browser{t, nodes[i%2], map[string]string{}}
		for name, value := range b.cookies {
			one.cookies[name] = value
		}
		return one.send(http.MethodPost, "/oauth/authorize", []url.Values{yes, no}[i/2%2])
	})
	require.Equal(t, map[int]int{http.StatusSeeOther: 1, http.StatusBadRequest: 49}, answers)
}

// Of 50 browsers that present one request at once, one has it.
func TestPresentationsAtOnce(t *testing.T) {
	h := newHost(t, par.Config{})
	h.config.Events = nil
	nodes := []http.Handler{h.node(), h.node()}
	requestURI := h.push(h.request(h.public))
	answers := atOnce(func(i int) *httptest.ResponseRecorder {
		one := &browser{t, nodes[i%2], map[string]string{"signed_in": "1"}}
		w := one.open(h.public, requestURI)
		if w.Code != http.StatusOK && len(w.Result().Cookies()) > 0 {
			w.Code = 0 // it would lose the cookie of another answer
		}
		return w
	})
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 49}, answers)
}

// atOnce counts the answers to 50 requests by their status.
func atOnce(send func(i int) *httptest.ResponseRecorder) map[int]int {
	const n = 50
	answers := make([]*httptest.ResponseRecorder, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = send(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	count := map[int]int{}
	for _, w := range answers {
		count[w.Code]++
	}
	return count
}
