package e2e

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The policy of the consent page lets the answer to its form reach the client,
// wherever that may be: browsers hold form-action against redirects too.
func TestConsentReachesTheClient(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	c.signInTo(s)
	c.ignoreCertificates()

	arrived := make(chan *url.URL, 1)
	client := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		arrived <- r.URL
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Client</title><h1>Back at the client</h1>"))
	})
	secure := httptest.NewUnstartedServer(client)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser tries once without the exception
	secure.StartTLS()
	defer secure.Close()
	loopback := httptest.NewServer(client)
	defer loopback.Close()
	loopback6 := httptest.NewUnstartedServer(client)
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		missing(t, "IPv6", "give the loopback interface its address ::1")
	}
	loopback6.Listener.Close()
	loopback6.Listener = listener
	loopback6.Start()
	defer loopback6.Close()

	for name, origin := range map[string]string{
		"https": secure.URL, "http on 127.0.0.1": loopback.URL, "http on [::1]": loopback6.URL, "http on localhost": strings.Replace(loopback.URL, "127.0.0.1", "localhost", 1),
	} {
		app := b.register(acme, name, "public", origin+"/callback")
		for _, decision := range []string{"authorize", "deny"} {
			c.open(s.authorizeURL(app, newVerifier(), "account_id", acme, "state", decision))
			require.Equal(t, http.StatusOK, c.click(`button[name="decision"][value="`+decision+`"]`), name)
			require.Equal(t, "Back at the client", c.text("h1"), name)
			require.Equal(t, decision, (<-arrived).Query().Get("state"), name)
			require.True(t, strings.HasPrefix(c.location(), origin+"/callback?"), "%s: %s", name, c.location())
		}
	}

	// A private-use scheme leads out of the browser, which tries to open the
	// application.
	app := b.register(acme, "private-use scheme", "public", "com.example.app:/callback")
	left := c.leaving("com.example.app:")
	c.open(s.authorizeURL(app, newVerifier(), "account_id", acme, "state", "native"))
	c.press(`button[name="decision"][value="authorize"]`)
	u := left()
	require.Equal(t, "/callback", u.Path)
	require.Equal(t, "native", u.Query().Get("state"))
	require.NotEmpty(t, u.Query().Get("code"))
}

// A client may go on from its https callback: to the application on the user's
// device that waits for the code, as claude.ai does, or to a server that a
// developer runs there.
func TestClientsGoOnFromTheirCallback(t *testing.T) {
	t.Parallel()
	for _, decision := range []string{"authorize", "deny"} {
		// Each has a browser of its own: one that has tried to open an
		// application may not take the next click.
		t.Run(decision, func(t *testing.T) { testClientGoesOn(t, decision) })
	}
}

func testClientGoesOn(t *testing.T, decision string) {
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	c.signInTo(s)
	c.ignoreCertificates()

	developer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Client</title><h1>At the developer's</h1>"))
	}))
	defer developer.Close()
	next := map[string]string{
		"/to-server":      strings.Replace(developer.URL, "127.0.0.1", "localhost", 1) + "/signed-in",
		"/to-application": "claude://signed-in",
	}
	client := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, next[r.URL.Path]+"?"+r.URL.RawQuery, http.StatusFound)
	}))
	client.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser tries once without the exception
	client.StartTLS()
	defer client.Close()

	app := b.register(acme, "To a server, "+decision, "confidential", client.URL+"/to-server")
	c.open(s.authorizeURL(app, newVerifier(), "account_id", acme, "state", "on"))
	require.Equal(t, http.StatusOK, c.click(`button[name="decision"][value="`+decision+`"]`))
	require.Equal(t, "At the developer's", c.text("h1"))
	require.True(t, strings.HasPrefix(c.location(), next["/to-server"]+"?"), c.location())

	app = b.register(acme, "To an application, "+decision, "confidential", client.URL+"/to-application")
	left := c.leaving("claude:")
	c.open(s.authorizeURL(app, newVerifier(), "account_id", acme, "state", decision))
	c.press(`button[name="decision"][value="` + decision + `"]`)
	require.Equal(t, decision, left().Query().Get("state"))
}

// leaving returns a function that waits for the browser to open a URL of a
// scheme, and returns that.
func (c *chromium) leaving(scheme string) func() *url.URL {
	c.t.Helper()
	left := make(chan string, 16)
	require.NoError(c.t, chromedp.Listen(c.ctx, func(event any) {
		if event, ok := event.(*network.EventRequestWillBeSent); ok && strings.HasPrefix(event.Request.URL, scheme) {
			left <- event.Request.URL
		}
	}))
	return func() *url.URL {
		c.t.Helper()
		select {
		case to := <-left:
			u, err := url.Parse(to)
			require.NoError(c.t, err)
			return u
		case <-c.ctx.Done():
			c.t.Fatal("the browser did not try to open " + scheme)
			return nil
		}
	}
}

// ignoreCertificates lets a browser open servers whose certificate it does not
// know.
func (c *chromium) ignoreCertificates() {
	c.t.Helper()
	_, err := chromedp.Call(c.ctx, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
	require.NoError(c.t, err)
}
