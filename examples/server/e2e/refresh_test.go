//go:build unix

package e2e

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// Processes of one client that refresh at once, with the refresh token that
// they share, all get the same tokens, wherever each of them asks.
func TestRefreshAtOnce(t *testing.T) {
	t.Parallel()
	const callers = 16
	for name, servers := range map[string]func(*testing.T) (front *server, nodes []*server){
		"memory": func(t *testing.T) (*server, []*server) { s := start(t); return s, []*server{s} },
		"SQLite": func(t *testing.T) (*server, []*server) { s := start(t, "-store", sqlite(t)); return s, []*server{s} },
		"three nodes": func(t *testing.T) (*server, []*server) {
			c := startCluster(t, newDatabase(t).dsn())
			return c.server, c.nodes
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front, nodes := servers(t)
			b := signIn(t, front, alice)
			for _, clientType := range []string{"public", "confidential"} {
				app := b.register(acme, "At once, "+clientType, clientType, callback)
				newest := front.tokens(t, b, app, acme)
				for range 3 { // what they all got is good for the next time
					refreshToken := newest.str("refresh_token")
					answers := atOnce(callers, func(i int) answer { return nodes[i%len(nodes)].refresh(t, app, refreshToken) })
					newest = requireSameTokens(t, answers)
					require.NotEqual(t, refreshToken, newest.str("refresh_token"))
					for _, node := range nodes {
						require.Equal(t, http.StatusOK, node.whoami(t, newest.str("access_token")).Status)
					}
				}
			}
		})
	}
}

// atOnce makes n calls at the same time.
func atOnce(n int, call func(i int) answer) []answer {
	var calls sync.WaitGroup
	answers := make([]answer, n)
	begin := make(chan struct{})
	for i := range answers {
		calls.Go(func() {
			<-begin
			answers[i] = call(i)
		})
	}
	close(begin)
	calls.Wait()
	return answers
}

// requireSameTokens asserts that all answers are the same tokens, and returns
// one of them.
func requireSameTokens(t *testing.T, answers []answer) answer {
	t.Helper()
	for _, a := range answers {
		require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		require.NotEmpty(t, a.str("refresh_token"))
		require.Equal(t, answers[0].str("refresh_token"), a.str("refresh_token"))
		require.Equal(t, answers[0].str("access_token"), a.str("access_token"))
	}
	return answers[0]
}

// golang.org/x/oauth2 keeps its sign-in over a network that loses answers, and
// over one that sends requests twice. While it does not know how the client is
// to authenticate, it sends a refresh that failed again by itself, in another
// way.
func TestXOAuth2OverABadNetwork(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	for style, authStyle := range map[string]oauth2.AuthStyle{
		"auto": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "params": oauth2.AuthStyleInParams,
	} {
		for _, fault := range []badNetwork{{lost: 1}, {lost: 3}, {repeats: true}, {lost: 1, repeats: true}} {
			t.Run(style, func(t *testing.T) {
				app := b.in(t).register(acme, "Badly connected", "confidential", callback)
				first := s.tokens(t, b.in(t), app, acme)
				config := oauth2.Config{
					ClientID: app.ClientID, ClientSecret: app.ClientSecret,
					Endpoint: oauth2.Endpoint{TokenURL: s.URL + "/oauth/token", AuthStyle: authStyle},
				}
				network := &badNetwork{lost: fault.lost, repeats: fault.repeats}
				ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: network})
				token := &oauth2.Token{RefreshToken: first.str("refresh_token")}
				source := config.TokenSource(ctx, token)

				failed := 0
				refreshed, err := source.Token()
				for ; err != nil; refreshed, err = source.Token() {
					failed++
					require.ErrorIs(t, err, errLost)
				}
				require.LessOrEqual(t, failed, fault.lost)
				if style == "auto" && fault.lost == 1 {
					require.Zero(t, failed, "it has sent the request again by itself")
				}
				require.Greater(t, network.sent, 1, "nothing went wrong")
				require.NotEqual(t, first.str("refresh_token"), refreshed.RefreshToken)
				require.Equal(t, http.StatusOK, s.whoami(t, refreshed.AccessToken).Status)

				// It is the newest: the next refresh takes it.
				again, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshed.RefreshToken}).Token()
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, s.whoami(t, again.AccessToken).Status)
			})
		}
	}
}

var errLost = errors.New("the answer was lost")

// A badNetwork is a transport that loses the answers to its first requests, and
// may send each request twice. What is lost was answered all the same.
type badNetwork struct {
	lost    int // answers
	repeats bool
	sent    int
}

// RoundTrip implements http.RoundTripper. It is for one request at a time.
func (n *badNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	send := func() (*http.Response, error) {
		n.sent++
		r := r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		return wire.Transport.RoundTrip(r)
	}
	lose := func() error {
		resp, err := send()
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	if n.repeats {
		if err := lose(); err != nil {
			return nil, err
		}
	}
	if n.lost > 0 {
		n.lost--
		if err := lose(); err != nil {
			return nil, err
		}
		return nil, errLost
	}
	return send()
}

// The server is killed after a refresh was written and before it was answered.
// The client asks another node, and the one that takes its place, and goes on
// with the same tokens.
func TestKillBetweenWriteAndAnswer(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	slow := newSlowLink(t, db)
	args := []string{"-key-file", filepath.Join(t.TempDir(), "key"), "-rotation-grace", grace.String()}
	doomed := start(t, append(args, "-store", slow.dsn)...)
	other := start(t, append(args, "-store", db.dsn(), "-issuer", doomed.URL)...)
	b := signIn(t, doomed, alice)
	app := b.register(acme, "Unanswered", "public", callback)
	first := doomed.tokens(t, b, app, acme)
	conn := db.connect(t)

	slow.down.Store(true)
	answered := make(chan error, 1)
	go func() {
		fields := app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.str("refresh_token")}})
		resp, err := wire.PostForm(doomed.URL+"/oauth/token", fields)
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	written := func() (yes bool) {
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM oauth_sessions WHERE previous_refresh_token_digest IS NOT NULL)`).Scan(&yes)
		return err == nil && yes
	}
	require.Eventually(t, written, patience, time.Millisecond)
	doomed.kill()
	require.Error(t, <-answered, "it was answered before it was killed")

	instead := start(t, append(args, "-store", db.dsn(), "-issuer", doomed.URL)...)
	second := requireSameTokens(t, atOnce(16, func(i int) answer {
		return []*server{other, instead}[i%2].refresh(t, app, first.str("refresh_token"))
	}))
	require.Equal(t, http.StatusOK, instead.whoami(t, second.str("access_token")).Status)
	third := instead.refresh(t, app, second.str("refresh_token"))
	require.Equal(t, http.StatusOK, third.Status, "%s", third.Body)
}

// A slowLink is a link to a database that delivers what the database says a
// second late, once it is down.
type slowLink struct {
	dsn  string
	down atomic.Bool
}

func newSlowLink(t *testing.T, db database) *slowLink {
	t.Helper()
	target, err := url.Parse(db.dsn())
	require.NoError(t, err)
	address := target.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	target.Host = listener.Addr().String()
	link := &slowLink{dsn: target.String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address)
			if err != nil {
				near.Close()
				continue
			}
			go func() {
				defer far.Close()
				_, _ = io.Copy(far, near) // until the server is gone
			}()
			go link.deliver(near, far)
		}
	}()
	return link
}

func (l *slowLink) deliver(near, far net.Conn) {
	defer near.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := far.Read(buffer)
		if l.down.Load() {
			time.Sleep(time.Second)
		}
		if n > 0 {
			if _, err := near.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
