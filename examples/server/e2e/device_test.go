package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// deviceConfig is an application for golang.org/x/oauth2 that has a device
// authorization endpoint.
func deviceConfig(s *server, app application) *oauth2.Config {
	return &oauth2.Config{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret, Scopes: []string{"read", "write"},
		Endpoint: oauth2.Endpoint{DeviceAuthURL: s.URL + "/oauth/device_authorization", TokenURL: s.URL + "/oauth/token"},
	}
}

// decideOnDevice enters a code and answers the consent page.
func (b *browser) decideOnDevice(code, decision, account string) *page {
	b.t.Helper()
	consent := b.get("/device").form("/device").set("user_code", code).submit()
	require.Equal(b.t, http.StatusOK, consent.Status, "%s", consent.Body)
	form := consent.form("/device")
	if account != "" {
		form.set("account_id", account)
	}
	return form.submit("decision", decision)
}

// golang.org/x/oauth2 signs a device in, as a confidential client and as a
// public one, and learns of a denial.
func TestDeviceWithXOAuth2(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, clientType := range []string{"confidential", "public"} {
		t.Run(clientType, func(t *testing.T) {
			t.Parallel()
			b := signIn(t, s, alice)
			app := b.register(acme, "x/oauth2 "+clientType, clientType, "http://127.0.0.1/callback")
			config := deviceConfig(s, app)
			secret := oauth2.SetAuthURLParam("client_secret", app.ClientSecret) // which it sends to the token endpoint alone
			request, err := config.DeviceAuth(t.Context(), secret)
			require.NoError(t, err)
			require.Equal(t, s.URL+"/device", request.VerificationURI)
			done := b.decideOnDevice(strings.ToLower(request.UserCode), "authorize", acme)
			require.Contains(t, done.text(), "Your device is connected")
			require.NotNil(t, grantForm(b, acme, app), "it is listed before it polls")

			token, err := config.DeviceAccessToken(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status(t, config.Client(t.Context(), token), s.URL+"/v2/whoami"))
			grantForm(b, acme, app).submit()
			require.Equal(t, http.StatusUnauthorized, status(t, config.Client(t.Context(), token), s.URL+"/v2/whoami"))

			request, err = config.DeviceAuth(t.Context(), secret)
			require.NoError(t, err)
			require.Contains(t, b.decideOnDevice(request.UserCode, "deny", "").text(), "Access denied")
			_, err = config.DeviceAccessToken(t.Context(), request)
			require.ErrorContains(t, err, "access_denied")
		})
	}
}

// openid-client, which checks every answer strictly, does the same, from the
// link that has the code in it.
func TestDeviceWithOpenIDClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := nodePackage(t, "node", "openid-client")
	for _, decision := range []string{"authorize", "deny"} {
		t.Run(decision, func(t *testing.T) {
			t.Parallel()
			b := signIn(t, s, alice)
			app := b.register(alice.account, "openid-client "+decision, "public", "http://127.0.0.1/callback")
			node := newNode(t, dir, "openid-client-device.mjs")
			node.start(s, app, nil)
			link := b.get(node.question())
			require.Contains(t, link.text(), "Is this the code on your device?")
			consent := link.form("/device").submit()
			done := consent.form("/device").set("account_id", alice.account).submit("decision", decision)
			node.write(done.URL.String())
			var result struct{ Steps nodeSteps }
			node.read(&result)
			node.wait()
			if decision == "deny" {
				require.Equal(t, "access_denied", result.Steps.Refused)
				return
			}
			require.Equal(t, "read write", result.Steps.Scope)
			require.Equal(t, 1, result.Steps.WhoAmI.Data.Account.ID)
			require.True(t, result.Steps.Rotated)
		})
	}
}

// The command line shows a code, and says who logged in on another device.
func TestCommandLineExampleOnAnotherDevice(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Command line", "public", "http://127.0.0.1/callback")
	for _, decision := range []string{"authorize", "deny"} {
		t.Run(decision, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, program("cli"), "-provider", s.URL, "-client-id", app.ClientID, "-device")
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			stderr := newOutput()
			cmd.Stderr = stderr
			require.NoError(t, cmd.Start())
			last := ""
			b := b.in(t)
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
				if last = lines.Text(); len(last) == len("WDJB-MJHT") && last[4] == '-' {
					b.decideOnDevice(last, decision, alice.account)
				}
			}
			err = cmd.Wait()
			if decision == "deny" {
				require.Error(t, err)
				require.Contains(t, stderr.String(), "you chose not to authorize")
				return
			}
			require.NoError(t, err, "%s", stderr)
			require.Contains(t, last, alice.email)
		})
	}
}

// A television shows a QR code, and logs in whoever opened it on a phone.
func TestTelevisionExample(t *testing.T) {
	t.Parallel()
	s := start(t)
	phone := signIn(t, s, alice)
	app := phone.register(acme, "Television", "confidential", "https://app.example.com/callback")
	webapp := launch(t, "webapp", "-addr", freeAddr(t), "-provider", s.URL, "-client-id", app.ClientID, "-client-secret", app.ClientSecret)
	screen := signIn(t, s, bob) // a browser of its own
	screen.others = append(screen.others, webapp.URL)
	shown := screen.get(webapp.URL + "/tv")
	require.Contains(t, shown.Body, "<svg ")
	require.Equal(t, s.URL+"/device", shown.byID("uri"))
	require.Equal(t, shown.byID("code"), screen.get(webapp.URL+"/tv").byID("code"), "as long as it is good")
	phone.decideOnDevice(shown.byID("code"), "authorize", acme)
	me := screen.get(webapp.URL + "/tv/wait")
	require.Equal(t, webapp.URL+"/me", me.URL.String(), "%s", me.text())
	require.Contains(t, me.text(), alice.email)
}

// A server that is killed between any two steps has lost nothing.
func TestDeviceAcrossKills(t *testing.T) {
	t.Parallel()
	args := []string{"-store", sqlite(t)}
	s := start(t, args...)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Killed", "public", "http://127.0.0.1/callback")
	restart := func() {
		s.kill()
		s = start(t, args...)
		b = signIn(t, s, alice)
	}
	request, err := deviceConfig(s, app).DeviceAuth(t.Context())
	require.NoError(t, err)
	restart()
	require.Contains(t, b.decideOnDevice(request.UserCode, "authorize", alice.account).text(), "Your device is connected")
	restart()
	request.Interval = 1
	token, err := deviceConfig(s, app).DeviceAccessToken(t.Context(), request)
	require.NoError(t, err)
	restart()
	require.Equal(t, http.StatusOK, status(t, deviceConfig(s, app).Client(t.Context(), token), s.URL+"/v2/whoami"))
}

// The pages in Chromium, without scripts, on a phone and on a desk: a link with
// a code is followed from signing in to the end, and nothing is out of sight.
func TestDevicePages(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Television", "public", "http://127.0.0.1/callback")
	for _, width := range []int64{390, 1280} {
		t.Run(fmt.Sprintf("%d px wide", width), func(t *testing.T) {
			c := newChromium(t, false)
			require.NoError(t, chromedp.Do(c.ctx, chromedp.EmulateViewport(width, 844)))
			shot := func(name string) {
				t.Helper()
				folder := os.Getenv("OAUTHAPPS_TEST_SCREENSHOTS")
				if folder == "" {
					return
				}
				image, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("device-%s-%d.png", name, width)), image, 0o644))
			}
			request, err := deviceConfig(s, app).DeviceAuth(t.Context())
			require.NoError(t, err)
			c.open(request.VerificationURIComplete)
			c.signIn(alice)
			require.Contains(t, c.text("h1"), "Is this the code on your device?")
			require.Contains(t, c.text("main"), request.UserCode)
			shot("link")
			c.click(`main form button`)
			require.Contains(t, c.text("main"), "Television")
			require.Contains(t, c.text("main"), "127.0.0.1")
			shot("consent")
			c.press(`input[name="account_id"][value="` + acme + `"]`)
			c.click(`button[name="decision"][value="authorize"]`)
			require.Contains(t, c.text("h1"), "Your device is connected")
			shot("done")
			c.open(s.URL + "/device")
			shot("entry")
			c.fill("user_code", request.UserCode)
			c.click(`main form button`)
			require.Contains(t, c.text("main"), "used already")
			shot("used")
		})
	}
}
