package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// A browser is a person at a browser without JavaScript: it keeps cookies,
// follows redirects on the server's own origin, reads HTML, and submits forms
// with every field that they carry. It is not safe for concurrent use.
type browser struct {
	t      testing.TB
	origin string   // of the server: where paths lead
	others []string // origins of clients whose pages it visits too
	client *http.Client
}

func newBrowser(t testing.TB, s *server) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{t: t, origin: s.URL}
	b.client = &http.Client{
		Jar: jar,
		CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			if !b.own(req.URL) {
				return http.ErrUseLastResponse // a redirect to a client, left to the test
			}
			return nil
		},
	}
	return b
}

// in is the same browser, in a subtest.
func (b *browser) in(t testing.TB) *browser {
	return &browser{t, b.origin, b.others, b.client}
}

// own reports whether the browser goes where a URL leads.
func (b *browser) own(u *url.URL) bool {
	return origin(u) == b.origin || slices.Contains(b.others, origin(u))
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// A page is what the browser shows after a request.
type page struct {
	browser *browser
	URL     *url.URL
	Status  int
	Header  http.Header
	Body    string
	root    *html.Node
}

// get opens a path of the server, or a whole URL.
func (b *browser) get(path string) *page {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.origin + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, path, nil)
	require.NoError(b.t, err)
	return b.do(req)
}

// post sends a form, as a browser does that shows a page of the same origin.
func (b *browser) post(path string, fields url.Values) *page {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.origin + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, path, strings.NewReader(fields.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", origin(req.URL))
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(req)
}

func (b *browser) do(req *http.Request) *page {
	b.t.Helper()
	req.Header.Set("Accept", "text/html")
	resp, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	root, err := html.Parse(strings.NewReader(string(body)))
	require.NoError(b.t, err)
	return &page{b, resp.Request.URL, resp.StatusCode, resp.Header, string(body), root}
}

// redirect is where the page sends the browser on another origin.
func (p *page) redirect() *url.URL {
	p.browser.t.Helper()
	require.Contains(p.browser.t, []int{http.StatusFound, http.StatusSeeOther}, p.Status, "%s:\n%s", p.URL, p.Body)
	u, err := url.Parse(p.Header.Get("Location"))
	require.NoError(p.browser.t, err)
	return u
}

// text is all that the page shows, with runs of white space as one space.
func (p *page) text() string { return text(p.root) }

// byID is the text of the element with an id, "" if there is none.
func (p *page) byID(id string) string {
	for n := range p.root.Descendants() {
		if attr(n, "id") == id {
			return text(n)
		}
	}
	return ""
}

// links are the targets of the page's links, resolved.
func (p *page) links() []*url.URL {
	var links []*url.URL
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && attr(n, "href") != "" {
			if u, err := p.URL.Parse(attr(n, "href")); err == nil {
				links = append(links, u)
			}
		}
	}
	return links
}

// A form is one of a page's forms, with the values it would be submitted with.
type form struct {
	page   *page
	node   *html.Node
	action *url.URL
	fields url.Values
}

// forms are the page's forms that are posted.
func (p *page) forms() []*form {
	var forms []*form
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attr(n, "method"), "post") {
			continue
		}
		action, err := p.URL.Parse(attr(n, "action"))
		require.NoError(p.browser.t, err)
		forms = append(forms, &form{p, n, action, fieldsOf(n)})
	}
	return forms
}

// form is the one posted to a path. It fails the test if there is none.
func (p *page) form(path string) *form {
	p.browser.t.Helper()
	var actions []string
	for _, f := range p.forms() {
		if f.action.Path == path {
			return f
		}
		actions = append(actions, f.action.Path)
	}
	p.browser.t.Fatalf("%s (status %d) has no form for %s, only for %q:\n%s", p.URL, p.Status, path, actions, p.Body)
	return nil
}

// set fills in a field. The form must have it: a person can fill in no other.
func (f *form) set(name, value string) *form {
	f.page.browser.t.Helper()
	for n := range f.node.Descendants() {
		if attr(n, "name") == name {
			f.fields.Set(name, value)
			return f
		}
	}
	f.page.browser.t.Fatalf("the form for %s has no field %q:\n%s", f.action, name, f.page.Body)
	return nil
}

// submit presses the form's button. Where several differ by name and value, the
// name and value of the one to press are given.
func (f *form) submit(button ...string) *page {
	f.page.browser.t.Helper()
	if len(button) == 2 {
		f.set(button[0], button[1])
	}
	return f.page.browser.post(f.action.String(), f.fields)
}

// fieldsOf collects what a form submits if nobody changes it (HTML,
// "constructing the entry list"), without its buttons.
func fieldsOf(form *html.Node) url.Values {
	fields := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" || has(n, "disabled") {
			continue
		}
		switch n.Data {
		case "input":
			switch strings.ToLower(attr(n, "type")) {
			case "submit", "button", "image", "reset", "file":
			case "checkbox", "radio":
				if has(n, "checked") {
					fields.Add(name, attr(n, "value"))
				}
			default:
				fields.Add(name, attr(n, "value"))
			}
		case "textarea":
			fields.Add(name, rawText(n))
		case "select":
			fields.Add(name, selected(n))
		}
	}
	return fields
}

func selected(list *html.Node) string {
	var first, chosen string
	seen := false
	for n := range list.Descendants() {
		if n.Type != html.ElementNode || n.Data != "option" {
			continue
		}
		if !seen {
			first, seen = attr(n, "value"), true
		}
		if has(n, "selected") {
			chosen = attr(n, "value")
		}
	}
	if chosen != "" {
		return chosen
	}
	return first
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// text leaves a space between blocks, so that their words do not run together.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script":
			b.WriteString(d.Data)
		case d.Type == html.ElementNode && !inline[d.Data]:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

var inline = map[string]bool{"a": true, "abbr": true, "b": true, "bdi": true, "code": true, "em": true, "i": true, "span": true, "strong": true, "time": true, "wbr": true}
