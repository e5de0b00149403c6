package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// An internet is a name server and an origin for all of its addresses.
type internet struct {
	*Fetcher
	t       testing.TB
	server  *httptest.Server
	names   map[string][]netip.Addr
	lookups atomic.Int64
	dialled chan netip.AddrPort
	now     time.Time
}

var public = netip.MustParseAddr("93.184.216.34")

// newInternet serves every https URL of the host example.com, whose certificate
// httptest has, with a handler.
func newInternet(t testing.TB, handler http.HandlerFunc, cfg ...Config) *internet {
	i := &internet{
		t:       t,
		server:  httptest.NewTLSServer(handler),
		names:   map[string][]netip.Addr{"example.com": {public}},
		dialled: make(chan netip.AddrPort, 1000),
		now:     time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
	}
	t.Cleanup(i.server.Close)
	c := Config{}
	if len(cfg) > 0 {
		c = cfg[0]
	}
	c.Roots, c.Now = []*x509.Certificate{i.server.Certificate()}, func() time.Time { return i.now }
	f, err := New(c)
	require.NoError(t, err)
	f.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		i.lookups.Add(1)
		addresses, ok := i.names[host]
		if !ok {
			return nil, errors.New("no such host")
		}
		return append([]netip.Addr{}, addresses...), nil
	}
	f.dial = func(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
		i.dialled <- address
		return new(net.Dialer).DialContext(ctx, "tcp", i.server.Listener.Addr().String())
	}
	i.Fetcher = f
	return i
}

const document1 = `{"client_id":"https://example.com/client"}`

func answerWith(body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write([]byte(body))
	}
}

func (i *internet) get(url string) ([]byte, error) { return i.Get(i.t.Context(), url, "user") }

func TestGet(t *testing.T) {
	var seen *http.Request
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		answerWith(document1, "Set-Cookie", "a=b")(w, r)
	})
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	body, err := i.get("https://example.com/client?a=b")
	require.NoError(t, err)
	require.Equal(t, document1, string(body))
	require.Equal(t, "/client?a=b", seen.URL.RequestURI())
	require.Equal(t, "example.com", seen.Host)
	require.Empty(t, seen.Header.Get("Cookie")+seen.Header.Get("Authorization")+seen.Header.Get("Referer"))
	require.Equal(t, netip.AddrPortFrom(public, 443), <-i.dialled)

	_, err = i.get("https://example.com:8443/client")
	require.NoError(t, err)
	require.Equal(t, netip.AddrPortFrom(public, 8443), <-i.dialled)
}

func TestURLs(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	for _, url := range []string{
		"", "https://", "http://example.com/c", "HTTPS://example.com/c", "https:example.com/c", "//example.com/c", "ftp://example.com/c", "file:///etc/passwd",
		"https://user@example.com/c", "https://user:pass@example.com/c", "https://@example.com/c", "https://example.com/c#f", "https://example.com/c#",
		"https://example.com:/c", "https://example.com:0/c", "https://example.com:65536/c", "https://example.com:a/c", "https://exa mple.com/c",
		"https://example.com\\@evil.example/c", "https://example.com/\x00", "https://exämple.com/c", "https://intranet/c", "https://example..com/c", "https://.example.com/c",
		"https://example.com./c", "https://0x7f.1\\/c", "https://2130706433/c", "https://[::1%25lo]/c", "https://[::ffff:93.184.216.34]/c", "https://[::ffff:10.0.0.1]/c",
		"https://%31%32%37.0.0.1/c", "https://example.com/" + strings.Repeat("a", maxURL),
	} {
		_, err := i.get(url)
		require.ErrorIs(t, err, ErrURL, url)
	}
	require.Empty(t, i.dialled)
	require.Zero(t, i.lookups.Load())
}

// special addresses, one of each kind that leads somewhere else than to a
// public host.
var specialAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9", "168.63.129.16", "169.254.169.254", "169.254.170.2",
	"172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::5db8:d822", "64:ff9b:1::a00:1", "100::1",
	"2001::1", "2001:0:4136:e378::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:a9fe:a9fe::1", "2002:7f00:1::", "3fff::1", "5f00::1",
	"fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
}

// A host none of whose addresses, or one of whose addresses, is special is
// never connected to.
func TestSpecialAddresses(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	for _, text := range specialAddresses {
		address := netip.MustParseAddr(text)
		require.False(t, isPublic(address), text)
		for _, addresses := range [][]netip.Addr{{address}, {public, address}, {address, public}} {
			i.now = i.now.Add(time.Hour)
			i.names["rebound.example.com"] = addresses
			_, err := i.get("https://rebound.example.com/c")
			require.ErrorIs(t, err, ErrURL, text)
		}
		i.now = i.now.Add(time.Hour)
		host := text
		if address.Is6() {
			host = "[" + text + "]"
		}
		_, err := i.get("https://" + host + "/c")
		require.ErrorIs(t, err, ErrURL, text)
	}
	for _, name := range []string{"localhost", "LOCALHOST", "a.localhost"} {
		_, err := i.get("https://" + name + "/c")
		require.ErrorIs(t, err, ErrURL, name)
	}
	require.Empty(t, i.dialled)
	for _, text := range []string{"93.184.216.34", "1.1.1.1", "8.8.8.8", "172.32.0.1", "198.20.0.1", "2606:4700::1", "2a00::1", "2620:4f:8001::1"} {
		require.True(t, isPublic(netip.MustParseAddr(text)), text)
	}
}

// The name is resolved once: what it resolves to after it was checked leads
// nowhere.
func TestRebinding(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	i.lookup = func(context.Context, string) ([]netip.Addr, error) {
		if i.lookups.Add(1) > 1 {
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		}
		return []netip.Addr{public}, nil
	}
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
	require.EqualValues(t, 1, i.lookups.Load())
	require.Equal(t, public, (<-i.dialled).Addr())
	require.Empty(t, i.dialled)
}

// Loopback addresses are fetched while the issuer is on one, and nothing else
// that is special is.
func TestLoopback(t *testing.T) {
	for issuer, allowed := range map[string]bool{
		"http://127.0.0.1:8080": true, "https://localhost": true, "http://[::1]:80": true, "https://127.1.2.3": true,
		"": false, "https://id.example": false, "https://localhost.example.com": false, "https://127.0.0.1.example.com": false, "https://example.com/127.0.0.1": false,
		"https://127.0.0.1@example.com": false, "https://10.0.0.1": false,
	} {
		i := newInternet(t, answerWith(document1), Config{Issuer: issuer})
		_, port, err := net.SplitHostPort(i.server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = i.get("https://127.0.0.1:" + port + "/c")
		require.Equal(t, allowed, err == nil, "%s: %v", issuer, err)
		_, err = i.get("https://10.0.0.1/c")
		require.ErrorIs(t, err, ErrURL, issuer)
	}
}

func TestAnswersThatAreNoDocuments(t *testing.T) {
	redirect := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/c" {
				http.Redirect(w, r, "https://example.com/other", status)
				return
			}
			answerWith(document1)(w, r)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(document1))
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"moved":               {redirect(301), ErrDocument},
		"found":               {redirect(302), ErrDocument},
		"see other":           {redirect(303), ErrDocument},
		"temporary redirect":  {redirect(307), ErrDocument},
		"permanent redirect":  {redirect(308), ErrDocument},
		"created":             {status(201), ErrDocument},
		"partial":             {status(206), ErrDocument},
		"not found":           {status(404), ErrGone},
		"gone":                {status(410), ErrGone},
		"too many requests":   {status(429), ErrUnreachable},
		"internal error":      {status(500), ErrUnreachable},
		"unavailable":         {status(503), ErrUnreachable},
		"HTML":                {answerWith(document1, "Content-Type", "text/html"), ErrDocument},
		"text":                {answerWith(document1, "Content-Type", "text/plain"), ErrDocument},
		"no type":             {answerWith(document1, "Content-Type", ""), ErrDocument},
		"image+json":          {answerWith(document1, "Content-Type", "image/x+json"), ErrDocument},
		"compressed":          {answerWith("\x1f\x8b", "Content-Encoding", "gzip"), ErrDocument},
		"too long":            {answerWith(`{"a":"` + strings.Repeat("a", DefaultSize) + `"}`), ErrDocument},
		"not JSON":            {answerWith("{"), ErrDocument},
		"nothing":             {answerWith(""), ErrDocument},
		"two objects":         {answerWith("{}{}"), ErrDocument},
		"array":               {answerWith("[{}]"), ErrDocument},
		"string":              {answerWith(`"a"`), ErrDocument},
		"null":                {answerWith("null"), ErrDocument},
		"invalid UTF-8 name":  {answerWith("{\"a\xff\":1,\"a\xfe\":2}"), ErrDocument},
		"deep":                {answerWith(`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`), ErrDocument},
		"deep objects":        {answerWith(strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)), ErrDocument},
		"member twice":        {answerWith(`{"client_id":"a","client_id":"b"}`), ErrDocument},
		"member twice inside": {answerWith(`{"a":[{"b":1,"c":{"b":2},"b":3}]}`), ErrDocument},
		"escaped member":      {answerWith(`{"client_id":"a","client\u005fid":"b"}`), ErrDocument},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(document1))
		}, ErrUnreachable},
		"huge header": {answerWith(document1, "X-Header", strings.Repeat("a", 64<<10)), ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInternet(t, test.handler)
			body, err := i.get("https://example.com/c")
			require.ErrorIs(t, err, test.want)
			require.Nil(t, body)
			require.LessOrEqual(t, len(i.dialled), 1)
		})
	}
	for name, handler := range map[string]http.HandlerFunc{
		"parameters":          answerWith(document1, "Content-Type", "Application/JSON; charset=utf-8"),
		"registered suffix":   answerWith(document1, "Content-Type", "application/client+json"),
		"as long as it may":   answerWith(`{"a":"` + strings.Repeat("a", DefaultSize-8) + `"}`),
		"one name, two sides": answerWith(`{"a":{"b":1},"c":{"b":2},"d":["b","b"],"b":"b"}`),
		"any number":          answerWith(`{"a":1e999999}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newInternet(t, handler).get("https://example.com/c")
			require.NoError(t, err)
		})
	}
}

// What a body is compressed to is nothing that this service asks for, so that a
// small one cannot become a large one.
func TestNothingIsDecompressed(t *testing.T) {
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "identity", r.Header.Get("Accept-Encoding"))
		answerWith(document1)(w, r)
	})
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
}

func TestCertificates(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	i.names["other.example.org"] = []netip.Addr{public}
	_, err := i.get("https://other.example.org/c") // the certificate is for another name
	require.ErrorIs(t, err, ErrUnreachable)
	var hostname x509.HostnameError
	require.ErrorAs(t, err, &hostname)

	i.roots = x509.NewCertPool()
	_, err = i.get("https://example.com/c")
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)

	old := newInternet(t, answerWith(document1))
	server := httptest.NewUnstartedServer(answerWith(document1))
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // what must be refused
	server.StartTLS()
	defer server.Close()
	old.server, old.roots = server, x509.NewCertPool()
	old.roots.AddCert(server.Certificate())
	_, err = old.get("https://example.com/c")
	require.ErrorIs(t, err, ErrUnreachable)
}

// An origin that is slow in whatever it does is left after the deadline.
func TestDeadline(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"accepts and says nothing": func(net.Conn) {},
		"slow header": func(c net.Conn) {
			for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + strings.Repeat("X-A: a\r\n", 100)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		},
		"slow body": func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"))
			for {
				if _, err := c.Write([]byte(" ")); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		},
		"information without end": func(c net.Conn) {
			for {
				if _, err := c.Write([]byte("HTTP/1.1 103 Early Hints\r\n\r\n")); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			certificate := newInternet(t, answerWith(document1)).server.TLS.Certificates[0]
			synctest.Test(t, func(t *testing.T) {
				root, err := x509.ParseCertificate(certificate.Certificate[0])
				require.NoError(t, err)
				f, err := New(Config{Roots: []*x509.Certificate{root}})
				require.NoError(t, err)
				f.lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{public}, nil }
				var serving sync.WaitGroup
				defer serving.Wait()
				f.dial = func(context.Context, netip.AddrPort) (net.Conn, error) {
					near, far := net.Pipe()
					serving.Go(func() {
						conn := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{certificate}})
						defer far.Close()
						if _, err := conn.Read(make([]byte, 4096)); err == nil {
							serve(conn)
						}
						_, _ = far.Read(make([]byte, 1)) // until the other side has gone
					})
					return near, nil
				}
				began := time.Now()
				_, err = f.Get(t.Context(), "https://example.com/c", "user")
				require.ErrorIs(t, err, ErrUnreachable)
				require.LessOrEqual(t, time.Since(began), deadline)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // a name server, and hosts that accept no connection
		f, err := New(Config{})
		require.NoError(t, err)
		f.lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		began := time.Now()
		_, err = f.Get(t.Context(), "https://example.com/c", "user")
		require.ErrorIs(t, err, ErrUnreachable)
		require.LessOrEqual(t, time.Since(began), deadline)

		f.lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{public, public.Next(), public.Next().Next(), public.Prev()}, nil
		}
		f.dial = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		began = time.Now()
		_, err = f.Get(t.Context(), "https://example.com/c", "user")
		require.ErrorIs(t, err, ErrUnreachable)
		require.LessOrEqual(t, time.Since(began), deadline)
	})
}

// An address that refuses is no reason to give up while there is another.
func TestSecondAddress(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	i.names["example.com"] = []netip.Addr{netip.MustParseAddr("2606:4700::1"), public}
	reach := i.dial
	i.dial = func(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
		if address.Addr() != public {
			return nil, errors.New("network is unreachable")
		}
		return reach(ctx, address)
	}
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
}

func TestOneFetchAtATime(t *testing.T) {
	const callers = 50
	var fetched atomic.Int64
	enough := make(chan struct{})
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		<-enough
		answerWith(document1, "Cache-Control", "no-store")(w, r)
	})
	gone, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for n := range callers {
		waiting.Go(func() {
			ctx := t.Context()
			if n == 0 {
				ctx = gone // whoever leaves takes the fetch from nobody
			}
			_, err := i.Get(ctx, "https://example.com/c", fmt.Sprint(n))
			if n > 0 {
				require.NoError(t, err)
			}
		})
	}
	require.Eventually(t, func() bool { return fetched.Load() == 1 }, 5*time.Second, time.Millisecond)
	leave()
	time.Sleep(50 * time.Millisecond) // for the others to be there
	close(enough)
	waiting.Wait()
	require.EqualValues(t, 1, fetched.Load())
}

// The budgets hold for an origin with many documents, for one network with many
// hosts, for one user, for all who are nobody, and for everybody together.
func TestBudgets(t *testing.T) {
	for name, test := range map[string]struct {
		url  func(n int) string
		user func(n int) string
		want int
	}{
		"origin":  {func(n int) string { return fmt.Sprintf("https://example.com/%d", n) }, func(n int) string { return fmt.Sprint(n) }, 10},
		"network": {func(n int) string { return fmt.Sprintf("https://h%d.example.com/c", n) }, func(n int) string { return fmt.Sprint(n) }, 60},
		"user":    {func(n int) string { return fmt.Sprintf("https://s%d.example.com/c", n) }, func(int) string { return "mallory" }, 20},
		"nobody":  {func(n int) string { return fmt.Sprintf("https://s%d.example.com/c", n) }, func(int) string { return "" }, 10},
		"all":     {func(n int) string { return fmt.Sprintf("https://s%d.example.com/c", n) }, func(n int) string { return fmt.Sprint(n) }, 120},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInternet(t, answerWith(document1))
			for n := range 500 {
				i.names[fmt.Sprintf("h%d.example.com", n)] = []netip.Addr{public}
				i.names[fmt.Sprintf("s%d.example.com", n)] = []netip.Addr{netip.AddrFrom4([4]byte{8, 8, byte(n / 250), byte(n % 250)})}
			}
			got := 0
			for n := range 500 {
				_, err := i.Get(t.Context(), test.url(n), test.user(n))
				if err == nil {
					got++
					continue
				}
				require.ErrorIs(t, err, ErrBusy)
			}
			require.Equal(t, test.want, got)
			i.now = i.now.Add(time.Hour)
			_, err := i.Get(t.Context(), test.url(499), test.user(499))
			require.NoError(t, err)
		})
	}
}

// Who uses up every budget with other documents keeps nobody from learning what
// a document that is known says now. That has a budget, too.
func TestRenewals(t *testing.T) {
	i := newInternet(t, answerWith(document1, "Cache-Control", "max-age=0"))
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
	for n := range 500 {
		i.names[fmt.Sprintf("h%d.example.com", n)] = []netip.Addr{public}
		_, _ = i.get(fmt.Sprintf("https://example.com/%d", n))
		_, _ = i.Get(t.Context(), fmt.Sprintf("https://h%d.example.com/c", n), fmt.Sprint(n))
	}
	_, err = i.get("https://example.com/other")
	require.ErrorIs(t, err, ErrBusy)
	for range 10 {
		_, err = i.Refresh(t.Context(), "https://example.com/c", "user")
		require.NoError(t, err)
	}
	_, err = i.Refresh(t.Context(), "https://example.com/c", "user")
	require.ErrorIs(t, err, ErrBusy)
}

// What is kept costs no budget and no fetch.
func TestKept(t *testing.T) {
	for name, test := range map[string]struct {
		header      []string
		fresh       time.Duration // for how long it is not fetched again
		unreachable time.Duration // for how long it is used while the origin is away
	}{
		"says nothing": {nil, defaultFresh, 24 * time.Hour},
		"max-age":      {[]string{"Cache-Control", "public, Max-Age=60"}, time.Minute, 24 * time.Hour},
		"s-maxage":     {[]string{"Cache-Control", "max-age=60, s-maxage=120"}, 2 * time.Minute, 24 * time.Hour},
		"age":          {[]string{"Cache-Control", "max-age=60", "Age", "20"}, 40 * time.Second, 24 * time.Hour},
		"old":          {[]string{"Cache-Control", "max-age=60", "Age", "100"}, 0, 24 * time.Hour},
		"too long":     {[]string{"Cache-Control", "max-age=99999999999"}, time.Hour, 24 * time.Hour},
		"zero":         {[]string{"Cache-Control", "max-age=0"}, 0, 24 * time.Hour},
		"malformed":    {[]string{"Cache-Control", "max-age=-1"}, 0, 24 * time.Hour},
		"no-cache":     {[]string{"Cache-Control", "no-cache, max-age=60"}, 0, 24 * time.Hour},
		"no-store":     {[]string{"Cache-Control", "max-age=60, no-store"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var fetched int
			away := false
			i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
				fetched++
				if away {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				answerWith(document1, test.header...)(w, r)
			})
			_, err := i.get("https://example.com/c")
			require.NoError(t, err)
			began := i.now
			if test.fresh > 0 {
				i.now = began.Add(test.fresh - time.Second)
				_, err = i.get("https://example.com/c")
				require.NoError(t, err)
				require.Equal(t, 1, fetched)
			}
			away = true
			i.now = began.Add(test.fresh)
			for ; i.now.Before(began.Add(test.unreachable)); i.now = i.now.Add(time.Hour) {
				_, err = i.get("https://example.com/c")
				require.NoError(t, err, i.now)
				if i.now.Equal(began.Add(test.fresh)) {
					_, err = i.get("https://example.com/c")
					require.NoError(t, err)
					require.Equal(t, 2, fetched, "a minute is between two attempts")
				}
			}
			i.now = began.Add(test.unreachable)
			_, err = i.get("https://example.com/c")
			require.ErrorIs(t, err, ErrUnreachable)
		})
	}
}

// An origin that answers with something else has withdrawn its document, and a
// document that changed is the new one.
func TestWithdrawn(t *testing.T) {
	handler := answerWith(document1, "Cache-Control", "max-age=60")
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) })
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
	handler = answerWith(`{"changed":true}`, "Cache-Control", "max-age=60")
	i.now = i.now.Add(time.Minute)
	body, err := i.get("https://example.com/c")
	require.NoError(t, err)
	require.JSONEq(t, `{"changed":true}`, string(body))

	handler = answerWith("<html>")
	i.now = i.now.Add(time.Minute)
	body, at, err := i.GetDated(t.Context(), "https://example.com/c", "user")
	require.NoError(t, err, "a page in between withdraws nothing")
	require.JSONEq(t, `{"changed":true}`, string(body))
	require.Equal(t, i.now.Add(-time.Minute), at)

	handler = http.NotFound
	i.now = i.now.Add(time.Minute)
	_, err = i.get("https://example.com/c")
	require.ErrorIs(t, err, ErrGone)
	handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	_, err = i.get("https://example.com/c")
	require.ErrorIs(t, err, ErrUnreachable, "nothing of it is left")
}

// Refresh asks the origin, and what it answers is what everybody gets.
func TestRefresh(t *testing.T) {
	handler := answerWith(document1)
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) })
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
	handler = answerWith(`{"changed":true}`)
	body, err := i.Refresh(t.Context(), "https://example.com/c", "user")
	require.NoError(t, err)
	require.JSONEq(t, `{"changed":true}`, string(body))
	body, err = i.get("https://example.com/c")
	require.NoError(t, err)
	require.JSONEq(t, `{"changed":true}`, string(body))

	handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	_, err = i.Refresh(t.Context(), "https://example.com/c", "user")
	require.ErrorIs(t, err, ErrUnreachable)
	_, err = i.get("https://example.com/c")
	require.NoError(t, err, "others have what is kept")
}

// A caller may need a document more often than it says.
func TestMinFresh(t *testing.T) {
	for _, directive := range []string{"no-store", "no-cache", "max-age=0", "max-age=10"} {
		fetched := 0
		i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
			fetched++
			answerWith(document1, "Cache-Control", directive)(w, r)
		}, Config{MinFresh: time.Minute})
		for range 20 {
			_, err := i.get("https://example.com/c")
			require.NoError(t, err)
			i.now = i.now.Add(2 * time.Second)
		}
		require.Equal(t, 1, fetched, directive)
		i.now = i.now.Add(20 * time.Second)
		_, err := i.get("https://example.com/c")
		require.NoError(t, err)
		require.Equal(t, 2, fetched, directive)
	}
}

// What the caller does not accept is no document: it is not kept, and what was
// kept before stands.
func TestCheck(t *testing.T) {
	handler := answerWith(`{"bad":true}`)
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) }, Config{Check: func(url string, body []byte) error {
		require.Equal(t, "https://example.com/c", url)
		if strings.Contains(string(body), "bad") {
			return errors.New("it is bad")
		}
		return nil
	}})
	_, err := i.get("https://example.com/c")
	require.ErrorIs(t, err, ErrDocument)
	require.ErrorContains(t, err, "it is bad")
	handler = answerWith(document1)
	_, err = i.get("https://example.com/c")
	require.NoError(t, err)
	handler = answerWith(`{"bad":true}`)
	i.now = i.now.Add(defaultFresh)
	body, err := i.get("https://example.com/c")
	require.NoError(t, err)
	require.Equal(t, document1, string(body))
}

func TestCheckPanics(t *testing.T) {
	i := newInternet(t, answerWith(document1), Config{Check: func(string, []byte) error { panic("host") }})
	_, err := i.get("https://example.com/c")
	require.ErrorIs(t, err, ErrUnreachable)
}

func TestMemoryIsBounded(t *testing.T) {
	i := newInternet(t, answerWith(document1))
	for n := range 2 * maxKept {
		i.keep(fmt.Sprintf("https://example.com/%d", n), i.document(make([]byte, MaxSize), nil), nil)
	}
	require.Equal(t, maxKept, i.kept.Len())
}

func TestConfig(t *testing.T) {
	for _, size := range []int{-1, MaxSize + 1} {
		_, err := New(Config{MaxSize: size})
		require.ErrorContains(t, err, "MaxSize")
	}
	i := newInternet(t, answerWith(`{"a":"`+strings.Repeat("a", 10<<10)+`"}`), Config{MaxSize: 20 << 10})
	_, err := i.get("https://example.com/c")
	require.NoError(t, err)
}

// FuzzParse: whatever is accepted is an https URL whose host is the one that is
// resolved, and no address that is special passes as one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/c", "https://example.com:8443/c?a#b", "https://127.0.0.1/c", "https://[::1]/c", "https://a@b.example/c", "https://0x7f.0.0.1/", "https://a.b\\@c.d/",
		"https://[::ffff:1.2.3.4]/", "https://a.example:99999/", "https://%61.example/", "http://a.example/", "https://ａ.example/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rawURL string) {
		u, err := parse(rawURL)
		if err != nil {
			require.ErrorIs(t, err, ErrURL)
			return
		}
		require.Equal(t, "https", u.Scheme)
		require.Nil(t, u.User)
		require.Empty(t, u.Fragment)
		require.True(t, strings.HasPrefix(strings.ToLower(rawURL), "https://"+u.Host))
		require.LessOrEqual(t, len(rawURL), maxURL)
	})
}

// FuzzCheckObject: what is accepted is an object that encoding/json reads, and
// that is the same after it was written again without its second members.
func FuzzCheckObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":[{"b":1}]},"b":null}`, `[]`, `{"a":[[[[]]]]}`, `{"a":1}{}`, `{"":"","\u0000":1}`, `{"a":"a","b":"a"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkObject(body) != nil {
			return
		}
		require.LessOrEqual(t, depth(body), maxDepth)
		require.Equal(t, byte('{'), strings.TrimLeft(string(body), " \t\r\n")[0])
	})
}

// depth is how deep a JSON text is nested, at most.
func depth(body []byte) (deepest int) {
	open, inString, escaped := 0, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case inString:
		case b == '{' || b == '[':
			open++
			deepest = max(deepest, open)
		case b == '}' || b == ']':
			open--
		}
	}
	return deepest
}
