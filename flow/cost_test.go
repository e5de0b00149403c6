//go:build unix

package flow_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
)

// BenchmarkCost measures what requests cost a server, in processor time: a
// provider over each store, in a process of its own, asked by 16 clients over
// connections that they keep open. The floor is what a handler of net/http
// costs, in that process and at the same time, that answers a POST with a small
// JSON body. Each benchmark reports
//
//	cpu-ns/op      processor time of the server, user and system, for each request
//	floor-ns/op    that of the floor
//	x-floor        how many times the floor a request costs
//	allocs/op      allocations of the server for each request, with those of net/http
//	calls/op       calls of the store: for PostgreSQL each is one round trip
//	ns/op          time that passes for each request, which is the clients' and the database's too
//
// beside 1000 live sessions, and those that the requests begin;
// OAUTHAPPS_BENCH_SESSIONS=1000000 in the environment measures beside 1000000
// as well. PostgreSQL is measured where OAUTHAPPS_TEST_POSTGRES names a
// database, without the processor time of the database itself. This prints a
// table of it all:
//
//	go test ./flow -run='^$' -bench=Cost -benchtime=20000x -timeout=1h
func BenchmarkCost(b *testing.B) {
	var table costTable
	for _, sessions := range costSessions(b) {
		for _, of := range costStores {
			b.Run(fmt.Sprintf("store=%s/sessions=%d", of.name, sessions), func(b *testing.B) {
				c := newCostClients(b, of.dsn(b), sessions)
				for _, request := range costRequests {
					b.Run("request="+request.name, func(b *testing.B) {
						table.add(of.name, sessions, request.name, c.measure(b, request.prepare(c, b)))
					})
				}
			})
		}
	}
	table.print(os.Stdout)
}

const (
	costClients = 16
	costSample  = 8192 // sessions that are used, of those that are live
)

// costSessions are how many sessions to measure beside.
func costSessions(b *testing.B) []int {
	all := []int{1000}
	if asked := os.Getenv("OAUTHAPPS_BENCH_SESSIONS"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil {
			b.Fatal("OAUTHAPPS_BENCH_SESSIONS must be a number")
		}
		if n > 1000 {
			all = append(all, n)
		}
	}
	return all
}

// costStores are the stores, as the server opens them.
var costStores = []struct {
	name string
	dsn  func(b *testing.B) string
}{
	{"memory", func(*testing.B) string { return "memory:" }},
	{"sqlite", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "oauthapps.db") }},
	{"postgres", func(b *testing.B) string { return postgresSchema(b) }},
}

// postgresSchema makes a schema, which is dropped in the end.
func postgresSchema(tb testing.TB) string {
	server := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if server == "" {
		tb.Skip("needs a PostgreSQL database to make a schema in: OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database")
	}
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal("OAUTHAPPS_TEST_POSTGRES is no URL")
	}
	schema := "oauthapps_test_" + strings.ToLower(rand.Text())
	run := func(sql string) {
		ctx := context.WithoutCancel(tb.Context())
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			tb.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, sql); err != nil {
			tb.Fatal(err)
		}
	}
	run("CREATE SCHEMA " + schema)
	tb.Cleanup(func() { run("DROP SCHEMA " + schema + " CASCADE") })
	query := u.Query()
	query.Set("search_path", schema)
	query.Set("pool_max_conns", strconv.Itoa(costClients))
	u.RawQuery = query.Encode()
	return u.String()
}

// A costRequest is one kind of request. prepare makes what b.N of them need,
// and returns what a client does: it sends its ith request.
type costRequest struct {
	name    string
	prepare func(c *costClientSet, b *testing.B) func(client *costClient, i int) error
}

var costRequests = []costRequest{
	{"authorization", func(c *costClientSet, b *testing.B) func(*costClient, int) error { // by a user who consented before
		query := costForm("client_id", c.id, "response_type", "code", "redirect_uri", callback, "scope", "read", "state", "state",
			"code_challenge", challenge, "code_challenge_method", "S256")
		return func(client *costClient, i int) error {
			return client.get("/oauth/authorize?"+query, "User: "+c.nth(i).User, http.StatusSeeOther, "?code=")
		}
	}},
	{"code-exchange", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		held := c.begin(b, b.N, b.N, false)
		return func(client *costClient, i int) error {
			return client.post("/oauth/token", c.secret, costForm("grant_type", "authorization_code", "code", held[i].Code,
				"redirect_uri", callback, "code_verifier", verifier), http.StatusOK, `"refresh_token":"`)
		}
	}},
	{"refresh", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			held := c.nth(i)
			err := client.post("/oauth/token", c.secret, costForm("grant_type", "refresh_token", "refresh_token", held.Refresh), http.StatusOK, `"refresh_token":"`)
			held.Refresh, held.Access = client.member("refresh_token"), client.member("access_token")
			return err
		}
	}},
	{"introspection", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			return client.post("/oauth/introspect", c.secret, costForm("token", c.nth(i).Access), http.StatusOK, `"active":true`)
		}
	}},
	{"bearer", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			return client.get("/api", "Authorization: Bearer "+c.nth(i).Access, http.StatusOK, string(smallAnswer))
		}
	}},
	{"garbage-bearer", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			return client.get("/api", "Authorization: Bearer "+garbage(c.nth(i).Access), http.StatusUnauthorized, `"error":"invalid_token"`)
		}
	}},
	{"garbage-introspection", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			return client.post("/oauth/introspect", c.secret, costForm("token", garbage(c.nth(i).Access)), http.StatusOK, `{"active":false}`)
		}
	}},
	{"garbage-refresh", func(c *costClientSet, b *testing.B) func(*costClient, int) error {
		return func(client *costClient, i int) error {
			return client.post("/oauth/token", c.secret, costForm("grant_type", "refresh_token", "refresh_token", garbage(c.nth(i).Refresh)),
				http.StatusBadRequest, `"error":"invalid_grant"`)
		}
	}},
}

func costForm(pairs ...string) string {
	form := make(url.Values, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form.Encode()
}

// A costClientSet is a server with its clients.
type costClientSet struct {
	address string
	id      string // of the client
	secret  string // of the client, with its ID as HTTP Basic has it
	clients []*costClient
	held    []issued
}

func newCostClients(b *testing.B, dsn string, sessions int) *costClientSet {
	hello := startCostServer(b, dsn)
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(hello.ClientID, hello.ClientSecret)
	c := &costClientSet{address: hello.Address, id: hello.ClientID, secret: r.Header.Get("Authorization")}
	c.held = c.begin(b, sessions, min(sessions, costSample), true)
	for range costClients {
		conn, err := net.Dial("tcp", hello.Address)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		c.clients = append(c.clients, &costClient{conn: conn, reader: bufio.NewReader(conn), address: hello.Address})
	}
	return c
}

// begin has the server begin sessions, and returns what clients hold of some of
// them.
func (c *costClientSet) begin(b *testing.B, sessions, wanted int, redeem bool) (held []issued) {
	b.Helper()
	form := url.Values{"n": {strconv.Itoa(sessions)}, "wanted": {strconv.Itoa(wanted)}, "users": {rand.Text()}}
	if redeem {
		form.Set("redeem", "yes")
	}
	response, err := http.PostForm("http://"+c.address+"/cost/begin", form)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("sessions not begun: %v %s", err, body)
	}
	if err := json.Unmarshal(body, &held); err != nil {
		b.Fatal(err)
	}
	return held
}

// nth returns a session for the ith request, anywhere among all, and never one
// that another client gets: a client's requests have the same remainder.
func (c *costClientSet) nth(i int) *issued {
	const far = 7919 // a prime
	each := len(c.held) / costClients
	return &c.held[i/costClients*far%each*costClients+i%costClients]
}

func (c *costClientSet) usage(b *testing.B) (u usage) {
	b.Helper()
	response, err := http.Get("http://" + c.address + "/cost/usage")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&u); err != nil {
		b.Fatal(err)
	}
	return u
}

// A cost is what requests and as many of the floor cost.
type cost struct {
	n              int
	request, floor usage
}

func (c cost) ratio() float64 { return float64(c.request.CPU) / float64(c.floor.CPU) }

// measure sends b.N requests, and as many to the floor in turn with them: what
// else the machine does meanwhile, it does to both.
func (c *costClientSet) measure(b *testing.B, send func(client *costClient, i int) error) (sum cost) {
	floor := func(client *costClient, _ int) error {
		return client.post("/floor", "", "a=b", http.StatusOK, "")
	}
	c.spread(b, 0, costClients, floor) // opens what is opened once
	b.ResetTimer()                     // of that, and of what was prepared, nothing counts
	const turn = 100 * costClients
	for sent := 0; sent < b.N; sent += turn {
		n := min(turn, b.N-sent)
		b.StopTimer()
		before := c.usage(b)
		b.StartTimer()
		c.spread(b, sent, n, send)
		b.StopTimer()
		between := c.usage(b)
		c.spread(b, 0, n, floor)
		after := c.usage(b)
		sum.request = sum.request.plus(between.minus(before))
		sum.floor = sum.floor.plus(after.minus(between))
	}
	sum.n = b.N
	each := func(total uint64) float64 { return float64(total) / float64(b.N) }
	b.ReportAllocs() // shows those of the server, reported below
	b.ReportMetric(each(uint64(sum.request.CPU)), "cpu-ns/op")
	b.ReportMetric(each(uint64(sum.floor.CPU)), "floor-ns/op")
	b.ReportMetric(sum.ratio(), "x-floor")
	b.ReportMetric(each(sum.request.Allocs), "allocs/op")
	b.ReportMetric(each(sum.request.Bytes), "B/op")
	b.ReportMetric(each(sum.request.Calls), "calls/op")
	return sum
}

// spread has the clients send n requests, numbered from first.
func (c *costClientSet) spread(b *testing.B, first, n int, send func(client *costClient, i int) error) {
	b.Helper()
	var group sync.WaitGroup
	for id, client := range c.clients {
		group.Go(func() {
			for i := id; i < n && !b.Failed(); i += costClients {
				if err := send(client, first+i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// A costClient is one connection. It costs less than a client of net/http, so
// that the server gets the processor.
type costClient struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	out     []byte
	body    []byte // of the last answer
}

func (c *costClient) get(path, header string, status int, contains string) error {
	c.out = fmt.Appendf(c.out[:0], "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", path, c.address, header)
	return c.send(status, contains)
}

func (c *costClient) post(path, authorization, body string, status int, contains string) error {
	c.out = fmt.Appendf(c.out[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n",
		path, c.address, len(body))
	if authorization != "" {
		c.out = fmt.Appendf(c.out, "Authorization: %s\r\n", authorization)
	}
	c.out = append(append(c.out, "\r\n"...), body...)
	return c.send(status, contains)
}

// send sends a request and makes sure of the answer: of its body, or where it
// leads.
func (c *costClient) send(status int, contains string) error {
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if c.body, err = io.ReadAll(response.Body); err != nil {
		return err
	}
	location := response.Header.Get("Location")
	if response.StatusCode != status || !strings.Contains(location+string(c.body), contains) {
		return fmt.Errorf("answered %d %s %s", response.StatusCode, location, c.body)
	}
	return nil
}

// member returns a text of the last answer, a JSON object of which no text
// holds a quote.
func (c *costClient) member(name string) string {
	_, rest, _ := strings.Cut(string(c.body), `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// A costTable shows what was measured: requests in rows, and the stores, with
// how many sessions, in columns.
type costTable struct {
	columns []string
	costs   map[string]map[string]cost // by request and column
}

func (t *costTable) add(store string, sessions int, request string, c cost) {
	column := store
	if sessions > 1000 {
		column = fmt.Sprintf("%s, %d", store, sessions)
	}
	if t.costs == nil {
		t.costs = map[string]map[string]cost{}
	}
	if t.costs[request] == nil {
		t.costs[request] = map[string]cost{}
	}
	if len(t.columns) == 0 || t.columns[len(t.columns)-1] != column {
		t.columns = append(t.columns, column)
	}
	t.costs[request][column] = c
}

func (t *costTable) print(w io.Writer) {
	if len(t.columns) == 0 {
		return
	}
	floor := cost{}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nx floor\t%s\n", strings.Join(t.columns, "\t"))
	for _, request := range costRequests {
		row := []string{request.name}
		for _, column := range t.columns {
			c, measured := t.costs[request.name][column]
			if !measured {
				row = append(row, "")
				continue
			}
			floor.n += c.n
			floor.floor.CPU += c.floor.CPU
			row = append(row, fmt.Sprintf("%.2f", c.ratio()))
		}
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	fmt.Fprintf(out, "\nfloor: %.1f us of processor time, %d processors, %s\n",
		float64(floor.floor.CPU.Nanoseconds())/1000/float64(cmp.Or(floor.n, 1)), runtime.NumCPU(), runtime.Version())
	_ = out.Flush()
}
