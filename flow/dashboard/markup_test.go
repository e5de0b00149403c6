package dashboard_test

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// element returns the element with an ID.
func (a *answer) element(id string) *html.Node {
	a.t.Helper()
	for n := range a.root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	require.Fail(a.t, "no element", id)
	return nil
}

func (a *answer) title() string {
	for n := range a.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "title" {
			return textOf(n)
		}
	}
	return ""
}

// checkInert fails if anything on the page could run or load something.
func (a *answer) checkInert() {
	a.t.Helper()
	for n := range a.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" {
			require.True(a.t, strings.HasPrefix(attr(n, "src"), "/oauth/copy.js?v=") && n.FirstChild == nil, a.Body)
			continue
		}
		require.NotContains(a.t, []string{"iframe", "object", "embed", "img", "svg", "style", "base", "template", "math"}, n.Data, a.Body)
		for _, at := range n.Attr {
			require.False(a.t, strings.HasPrefix(at.Key, "on") || at.Key == "style" || at.Key == "srcdoc", "%s=%s", at.Key, at.Val)
			if at.Key == "href" || at.Key == "action" || at.Key == "src" || at.Key == "formaction" {
				value := strings.ToLower(strings.TrimSpace(at.Val))
				require.True(a.t, strings.HasPrefix(value, "/") || strings.HasPrefix(value, "#") || strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://"), at.Val)
			}
		}
	}
}

func TestMarkupIsInert(t *testing.T) {
	payloads := []string{
		`<script>alert(1)</script>`,
		`"><svg onload=alert(1)>`,
		`' autofocus onfocus='alert(1)`,
		`</title></textarea></code><img src=x onerror=alert(1)>`,
		`{{7*7}}${7*7}<%=7*7%>`,
		`<!--`,
		`&lt;b&gt;&#x3C;script>`,
	}
	for _, payload := range payloads {
		t.Run(payload, func(t *testing.T) {
			s := newSite(t)
			s.user.Name = payload
			s.user.Accounts = administered("1", payload, "2", payload)
			app, _ := s.register("1", "name", payload, "description", payload, "homepage_url", "https://a.example/?q=%22onx=%22")
			s.authorize(app, payload, "1", "read")
			s.authorize(app, "1", "1", "read")
			for _, target := range []string{
				list("1"), list("1") + "/new", pathOf(app), pathOf(app, "edit"), pathOf(app, "revoke"), pathOf(app, "delete"),
				pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke"),
			} {
				s.open(target).checkInert()
			}
			require.Contains(t, s.open(pathOf(app)).text(), strings.Join(strings.Fields(payload), " "))
			require.Equal(t, payload, s.open(pathOf(app, "edit")).form(pathOf(app)).Get("name"))

			// What is refused is shown again, too.
			refused := s.submit(list("1")+"/new", list("1"), "name", payload, "description", payload, "homepage_url", "javascript:"+payload, "callback_url", payload)
			require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
			refused.checkInert()
			require.Equal(t, payload, refused.form(list("1")).Get("callback_url"))
			refused = s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", payload+"x")
			refused.checkInert()
		})
	}
}

func TestLongAndForeignNames(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{
		strings.Repeat("長", 100),
		strings.Repeat("Donaudampfschiff", 6),
		"مرحبا بالعالم",
		"Ünïcödé 🌦️",
		"a  b",
	} {
		require.LessOrEqual(t, utf8.RuneCountInString(name), 100)
		app, _ := s.register("1", "name", name, "description", strings.Repeat("词", 1000))
		require.Equal(t, name, app.Name)
		require.Contains(t, s.open(list("1")).Body, name)
		require.Contains(t, s.open(pathOf(app)).Body, name)
		gone := s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", name)
		require.Equal(t, http.StatusSeeOther, gone.Status, name)
	}
}
