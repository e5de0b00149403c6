package device_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

func backends(t *testing.T) map[string]store.Store {
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return map[string]store.Store{"memory": memory.New(), "sqlite": file}
}

// atOnce runs calls at the same time.
func atOnce(calls ...func()) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for _, call := range calls {
		wait.Go(func() {
			<-start
			call()
		})
	}
	close(start)
	wait.Wait()
}

// Of 50 polls at once, on two nodes, one gets tokens, and they are good.
func TestOnePollOfManyGetsTheTokens(t *testing.T) {
	for name, backend := range backends(t) {
		t.Run(name, func(t *testing.T) {
			s := newService(t, backend, device.Config{})
			nodes := []*service{s, s.other()}
			c := s.ask()
			s.authorize(c)
			answers := make([]map[string]any, 50)
			calls := make([]func(), len(answers))
			for i := range calls {
				calls[i] = func() { _, _, answers[i] = nodes[i%2].poll(c) }
			}
			atOnce(calls...)
			var good []map[string]any
			for _, answer := range answers {
				if answer["access_token"] != nil {
					good = append(good, answer)
					continue
				}
				require.Equal(t, "invalid_grant", answer["error"])
			}
			require.Len(t, good, 1)
			require.Equal(t, http.StatusNoContent, s.call(good[0]))
			require.Len(t, s.events.of(oauthapp.TokenIssued), 1)
		})
	}
}

// Whoever decides at the same time, there is one decision: the pages say it,
// and the device gets it.
func TestDecisionsAtOnce(t *testing.T) {
	for name, backend := range backends(t) {
		t.Run(name, func(t *testing.T) {
			s := newService(t, backend, device.Config{})
			nodes := []*service{s, s.other(), s.other()}
			for round := range 30 {
				s.network = "192.0.2." + strconv.Itoa(round) // whose limit no other round has used up
				for _, n := range nodes {
					n.network = s.network
				}
				people["x"], people["y"] = named(2*round), named(2*round+1)
				c := s.ask()
				formOfX, formOfY := consentForm(t, s.enter("x", c.user)), consentForm(t, s.enter("y", c.user))
				pages := make([]string, 3)
				decide := func(i int, person, decision string, form []string) func() {
					form = append([]string{"decision", decision}, form...)
					return func() { pages[i] = nodes[i].postForm(device.Path, person, form...).Body.String() }
				}
				atOnce(decide(0, "x", "authorize", formOfX), decide(1, "y", "authorize", formOfY), decide(2, "x", "deny", formOfX))
				_, code, answer := s.poll(c)
				won := 0
				for i, page := range pages {
					if strings.Contains(page, "used already") {
						continue
					}
					won++
					if i == 2 {
						require.Contains(t, page, "Access denied")
						require.Equal(t, "access_denied", code)
						continue
					}
					require.Contains(t, page, "Your device is connected")
					require.Empty(t, code)
					session := s.events.of(oauthapp.TokenIssued)
					require.Equal(t, named(2*round+i).ID, session[len(session)-1].UserID)
					require.Equal(t, http.StatusNoContent, s.call(answer))
				}
				require.Equal(t, 1, won, pages)
			}
		})
	}
}

// A person who presses the button twice is told that it is done, and nothing
// ends.
func TestSameAnswerTwiceAtOnce(t *testing.T) {
	s := begin(t)
	other := s.other()
	c := s.ask()
	form := append(consentForm(t, s.enter("ada", c.user)), "decision", "authorize", "account_id", "11")
	calls := make([]func(), 10)
	pages := make([]string, len(calls))
	for i := range calls {
		node := []*service{s, other}[i%2]
		calls[i] = func() { pages[i] = node.postForm(device.Path, "ada", form...).Body.String() }
	}
	atOnce(calls...)
	for _, page := range pages {
		require.Contains(t, page, "Your device is connected")
	}
	require.Len(t, s.events.of(oauthapp.GrantCreated), 1)

	again := func(person string, form []string, decision string) string {
		return s.postForm(device.Path, person, append(form, "decision", decision, "account_id", "11")...).Body.String()
	}
	form = form[:4]
	require.Contains(t, again("ada", form, "authorize"), "Your device is connected")
	require.Contains(t, again("ada", form, "deny"), "used already")
	require.Contains(t, again("bob", form, "authorize"), "used already")
	require.Len(t, s.events.of(oauthapp.GrantCreated), 1)
	s.requirePoll(c, "")
	require.Contains(t, again("ada", form, "authorize"), "Your device is connected")

	c = s.ask()
	form = consentForm(t, s.enter("ada", c.user))
	require.Contains(t, again("ada", form, "deny"), "Access denied")
	require.Contains(t, again("ada", form, "deny"), "Access denied")
	require.Contains(t, again("ada", form, "authorize"), "used already")
	require.Len(t, s.events.of(oauthapp.GrantDenied), 1)
	s.requirePoll(c, "access_denied")
}
