package page

import (
	"bytes"
	"flag"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files anew")

// eachSample calls f with every page as it is sent for each of its samples.
func eachSample(t *testing.T, f func(t *testing.T, name string, body []byte)) {
	set, err := New(Options{})
	require.NoError(t, err)
	for page, list := range samples() {
		for i, sample := range list {
			name := fmt.Sprintf("%s-%d.html", strings.TrimSuffix(page, ".html"), i)
			t.Run(name, func(t *testing.T) {
				w := httptest.NewRecorder()
				set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, page, sample.Data)
				require.Equal(t, http.StatusOK, w.Code)
				f(t, name, w.Body.Bytes())
			})
		}
	}
}

var version = regexp.MustCompile(`\?v=[\w-]+`)

func TestGolden(t *testing.T) {
	written := map[string]bool{}
	eachSample(t, func(t *testing.T, name string, body []byte) {
		body = version.ReplaceAll(body, []byte("?v=DIGEST"))
		file := filepath.Join("testdata", name)
		written[file] = true
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, body, 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err, "run the test with -update")
		require.Equal(t, string(want), string(body))
	})
	files, err := filepath.Glob("testdata/*.html")
	require.NoError(t, err)
	for _, file := range files {
		require.True(t, written[file], "%s is of no page", file)
	}
}

// TestTagsMatch finds what HTML parsers mend in silence.
func TestTagsMatch(t *testing.T) {
	void := []string{"meta", "link", "input", "br"}
	eachSample(t, func(t *testing.T, _ string, body []byte) {
		var open []string
		for z := html.NewTokenizer(bytes.NewReader(body)); ; {
			kind := z.Next()
			if kind == html.ErrorToken {
				require.ErrorIs(t, z.Err(), io.EOF)
				break
			}
			name, _ := z.TagName()
			switch tag := string(name); {
			case kind == html.StartTagToken && !slices.Contains(void, tag):
				open = append(open, tag)
			case kind == html.EndTagToken:
				require.NotEmpty(t, open, tag)
				require.Equal(t, open[len(open)-1], tag)
				open = open[:len(open)-1]
			}
		}
		require.Empty(t, open)
	})
}

// TestAccessible checks what a screen reader needs and a machine can see.
func TestAccessible(t *testing.T) {
	eachSample(t, func(t *testing.T, name string, body []byte) {
		root, err := html.Parse(bytes.NewReader(body))
		require.NoError(t, err)
		ids, labelled, count := map[string]bool{}, map[string]bool{}, map[string]int{}
		var elements []*html.Node
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			elements = append(elements, n)
			count[n.Data]++
			if id := attribute(n, "id"); id != "" {
				require.False(t, ids[id], "id %s twice", id)
				ids[id] = true
			}
			if n.Data == "label" {
				labelled[attribute(n, "for")] = true
			}
		}
		require.Equal(t, 1, count["h1"])
		require.Equal(t, 1, count["main"])
		require.Equal(t, 1, count["title"])
		for _, n := range elements {
			for _, key := range []string{"aria-labelledby", "aria-describedby", "for"} {
				for _, id := range strings.Fields(attribute(n, key)) {
					require.True(t, ids[id], "%s=%s leads nowhere", key, id)
				}
			}
			if href := attribute(n, "href"); strings.HasPrefix(href, "#") && !minimal(name) && !strings.HasPrefix(name, "application_form-") {
				require.True(t, ids[href[1:]], "%s leads nowhere", href)
			}
			switch n.Data {
			case "input", "textarea", "select":
				hidden := attribute(n, "type") == "hidden"
				inLabel := n.Parent.Data == "label"
				require.True(t, hidden || inLabel || labelled[attribute(n, "id")], "%s has no label", attribute(n, "name"))
			case "th":
				require.NotEmpty(t, attribute(n, "scope"))
			case "script":
				require.Equal(t, ScriptPath, strings.Split(attribute(n, "src"), "?")[0])
				require.Contains(t, []string{"application", "transfer_application"}, name[:strings.LastIndex(name, "-")], "a page without credentials has a script")
			case "style", "img":
				require.Fail(t, n.Data)
			}
			for _, a := range n.Attr {
				require.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", a.Key)
			}
		}
	})
}

// minimal reports whether a sample leaves out everything that can be left out.
func minimal(name string) bool { return strings.HasSuffix(name, "-0.html") }

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestContrast checks the colours of the stylesheet, light and dark, as WCAG
// 2.2 asks: 4.5 to 1 for text (1.4.3), 3 to 1 for edges of what can be used and
// for focus (1.4.11).
func TestContrast(t *testing.T) {
	css, err := embedded.ReadFile("files/" + stylesheetFile)
	require.NoError(t, err)
	blocks := regexp.MustCompile(`(?s)\.oauthapps-page, \.oauthapps \{(.*?)\}`).FindAllStringSubmatch(string(css), -1)
	require.Len(t, blocks, 2)
	colours := map[string]string{}
	for i, scheme := range []string{"light", "dark"} {
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			colours[m[1]] = m[2]
		}
		for _, pair := range []struct {
			over, under string
			least       float64
		}{
			{"text", "page", 4.5}, {"text", "card", 4.5}, {"text", "button", 4.5}, {"text", "button-over", 4.5}, {"text", "field", 4.5},
			{"text", "good-soft", 4.5}, {"text", "warn-soft", 4.5}, {"text", "danger-soft", 4.5}, {"text", "code", 4.5},
			{"quiet", "page", 4.5}, {"quiet", "card", 4.5}, {"quiet", "good-soft", 4.5}, {"quiet", "button-over", 4.5},
			{"link", "page", 4.5}, {"link", "card", 4.5},
			{"on-accent", "accent", 4.5}, {"on-accent", "accent-over", 4.5}, {"on-accent", "other", 4.5}, {"on-accent", "other-over", 4.5},
			{"on-accent", "danger-fill", 4.5}, {"on-accent", "danger-fill-over", 4.5},
			{"danger", "card", 4.5}, {"danger", "button", 4.5}, {"danger-over", "danger-soft", 4.5},
			{"edge", "card", 3}, {"edge", "field", 3}, {"accent", "card", 3}, {"focus", "card", 3}, {"focus", "page", 3},
		} {
			require.Contains(t, colours, pair.over)
			require.Contains(t, colours, pair.under)
			got := contrast(colours[pair.over], colours[pair.under])
			require.GreaterOrEqual(t, got, pair.least, "%s: %s on %s", scheme, pair.over, pair.under)
		}
	}
}

// TestStylesheetStaysInside looks for rules that reach what a host has beside
// the library's elements: outside of the block for the class oauthapps, every
// selector is a class that begins with that.
func TestStylesheetStaysInside(t *testing.T) {
	css, err := embedded.ReadFile("files/" + stylesheetFile)
	require.NoError(t, err)
	text := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(css), "")
	open, begin, selectors := []string{}, 0, []string{}
	for i, c := range text {
		switch c {
		case '{':
			selector := strings.TrimSpace(text[begin:i])
			outside := !slices.ContainsFunc(open, func(s string) bool { return !strings.HasPrefix(s, "@media") })
			if outside && !strings.HasPrefix(selector, "@media") {
				selectors = append(selectors, strings.Split(selector, ",")...)
			}
			open, begin = append(open, selector), i+1
		case '}':
			open, begin = open[:len(open)-1], i+1
		case ';':
			begin = i + 1
		}
	}
	require.Greater(t, len(selectors), 5)
	for _, selector := range selectors {
		require.Regexp(t, `^(\.oauthapps\b|:where\(\.oauthapps\)$|@keyframes oauthapps-)`, strings.TrimSpace(selector))
	}
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(colour string) float64 {
	rgb, _ := strconv.ParseUint(colour[1:], 16, 32)
	channel := func(shift uint) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func inEnglish(t *testing.T) *edition {
	set, err := New(Options{Languages: []string{"en"}})
	require.NoError(t, err)
	return set.editions[0]
}

func TestMoment(t *testing.T) {
	english := inEnglish(t)
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		later time.Duration
		want  string
	}{
		{0, "just now"}, {59 * time.Second, "just now"},
		{time.Minute, "1 minute ago"}, {3*time.Minute + 59*time.Second, "3 minutes ago"},
		{time.Hour, "1 hour ago"}, {23 * time.Hour, "23 hours ago"},
		{24 * time.Hour, "1 day ago"}, {29 * 24 * time.Hour, "29 days ago"},
		{45 * 24 * time.Hour, "1 month ago"}, {364 * 24 * time.Hour, "12 months ago"}, {800 * 24 * time.Hour, "2 years ago"},
		{-time.Second, "in less than a minute"}, {-time.Hour, "in 1 hour"}, {-7 * 24 * time.Hour, "in 7 days"},
	} {
		ago, err := english.sayAgo(Moment{At: at, Now: at.Add(tt.later)})
		require.NoError(t, err)
		require.EqualValues(t, tt.want, ago)
	}
	m := Moment{At: at.In(time.FixedZone("", 3600))}
	for _, tt := range []struct {
		tell func(any) (template.HTML, error)
		want template.HTML
	}{
		{english.date, `<time datetime="2026-03-04T12:00:00Z">4 Mar 2026</time>`},
		{english.when, `<time datetime="2026-03-04T12:00:00Z">4 Mar 2026, 12:00 UTC</time>`},
		{english.exact, `<time datetime="2026-03-04T12:00:00Z">4 Mar 2026, 12:00:00 UTC</time>`},
	} {
		told, err := tt.tell(m)
		require.NoError(t, err)
		require.Equal(t, tt.want, told)
		never, err := tt.tell(Moment{Now: at})
		require.NoError(t, err)
		require.EqualValues(t, "never", never)
	}
}

// A page of the host has its times as they are.
func TestTimesOfTheHost(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	set, err := New(Options{Languages: []string{"en"}, Now: func() time.Time { return at.Add(time.Hour) }})
	require.NoError(t, err)
	english := set.editions[0]
	for want, tell := range map[string]func(any) (template.HTML, error){
		`<time datetime="2026-03-04T12:00:00Z">4 Mar 2026</time>`:                               english.date,
		`<time datetime="2026-03-04T12:00:00Z" title="4 Mar 2026, 12:00 UTC">1 hour ago</time>`: english.ago,
	} {
		told, err := tell(at)
		require.NoError(t, err)
		require.EqualValues(t, want, told)
		never, err := tell(time.Time{})
		require.NoError(t, err)
		require.EqualValues(t, "never", never)
		_, err = tell("yesterday")
		require.ErrorContains(t, err, "string is no time")
	}
}

func TestConsequence(t *testing.T) {
	english := inEnglish(t)
	for _, tt := range []struct {
		usage Usage
		want  string
	}{
		{Usage{}, "Nobody gives it access at the moment; it was never used."},
		{Usage{Users: 1}, "This cuts off 1 user; it was never used."},
		{Usage{Users: 12}, "This cuts off 12 users; it was never used."},
		{Usage{Users: 1000, More: true}, "This cuts off more than 1,000 users; it was never used."},
	} {
		said, err := english.msg(tt.usage.Consequence())
		require.NoError(t, err)
		require.EqualValues(t, tt.want, said)
	}
}
