//go:build unix

package dpop_test

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/store/memory"
)

// BenchmarkCost measures what a call of the API with a DPoP-bound access token
// costs a server, in processor time, as BenchmarkCost of package flow does for
// other requests: in a process of its own, asked by 16 clients over connections
// that they keep open, beside the same floor. For each algorithm it measures in
// turn
//
//	floor   a handler of net/http that answers a POST with a small JSON body
//	bearer  a call with a bearer token
//	least   that, and the verification of a signature of the algorithm by the
//	        standard library: what a bound token cannot cost less than
//	bound   a call with a bound token and a proof, each used once
//
// and reports the last three as multiples of the first, and the last of them as
// a multiple of the least.
//
//	go test ./flow/dpop -run='^$' -bench=Cost -benchtime=20000x
func BenchmarkCost(b *testing.B) {
	server := startCostServer(b)
	for _, alg := range costAlgorithms {
		b.Run(alg, func(b *testing.B) {
			var proofs []string
			server.get(b, "/cost/proofs?alg="+alg+"&n="+strconv.Itoa(b.N), &proofs)
			call := func(path, authorization string) func(int) *http.Request {
				return func(int) *http.Request {
					r, _ := http.NewRequest(http.MethodGet, server.Address+path, nil)
					r.Header.Set("Authorization", authorization)
					return r
				}
			}
			spent := server.measure(b,
				func(int) *http.Request {
					r, _ := http.NewRequest(http.MethodPost, server.Address+"/floor", bytes.NewReader([]byte("a=b")))
					return r
				},
				call("/whoami", "Bearer "+server.Bearer),
				call("/least/"+alg, "Bearer "+server.Bearer),
				func(i int) *http.Request {
					r := call("/whoami", "DPoP "+server.Bound[alg])(i)
					r.Header.Set("DPoP", proofs[i])
					return r
				})
			floor, bearer, least, bound := spent[0], spent[1], spent[2], spent[3]
			b.ReportMetric(floor/float64(b.N), "floor-ns/op")
			b.ReportMetric(bearer/floor, "bearer-x-floor")
			b.ReportMetric(least/floor, "least-x-floor")
			b.ReportMetric(bound/floor, "bound-x-floor")
			b.ReportMetric(bound/least, "bound-x-least")
		})
	}
}

var costAlgorithms = []string{"ES256", "EdDSA", "PS256"}

const (
	costClients = 16
	costEnv     = "OAUTHAPPS_TEST_DPOP_COST_SERVER"
)

// A costServer is the process that is measured, as it tells of itself.
type costServer struct {
	Address, Bearer string
	Bound           map[string]string // by algorithm
}

func (s *costServer) get(b *testing.B, path string, v any) {
	b.Helper()
	response, err := http.Get(s.Address + path)
	require.NoError(b, err)
	defer response.Body.Close()
	require.NoError(b, json.NewDecoder(response.Body).Decode(v))
}

// measure sends b.N requests of each kind, in turn, and returns the processor
// time that the server spent on each kind, in nanoseconds.
func (s *costServer) measure(b *testing.B, kinds ...func(i int) *http.Request) []float64 {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: costClients}}
	spent := make([]float64, len(kinds))
	const turn = 100 * costClients
	for sent := 0; sent < b.N; sent += turn {
		for kind, request := range kinds {
			var before, after int64
			s.get(b, "/cost/usage", &before)
			var group sync.WaitGroup
			for first := range costClients {
				group.Go(func() {
					for i := sent + first; i < min(sent+turn, b.N) && !b.Failed(); i += costClients {
						response, err := client.Do(request(i))
						if err != nil {
							b.Error(err)
							return
						}
						body, _ := io.ReadAll(response.Body)
						response.Body.Close()
						if response.StatusCode != http.StatusOK {
							b.Errorf("%d %s", response.StatusCode, body)
						}
					}
				})
			}
			group.Wait()
			s.get(b, "/cost/usage", &after)
			spent[kind] += float64(after - before)
		}
	}
	return spent
}

// startCostServer runs TestServeCost in a process of its own, which ends with
// the benchmark.
func startCostServer(b *testing.B) *costServer {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestServeCost$")
	cmd.Env = append(os.Environ(), costEnv+"=yes")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(b, err)
	var server costServer
	require.NoError(b, json.Unmarshal(line, &server))
	return &server
}

// TestServeCost is the server of BenchmarkCost, until its standard input ends.
func TestServeCost(t *testing.T) {
	if os.Getenv(costEnv) == "" {
		t.Skip("it is no test: BenchmarkCost runs it as its server")
	}
	h := newHost(t, memory.New(), dpop.New(dpop.Config{}))
	hello := costServer{Bound: map[string]string{}}
	hello.Bearer = h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app)))).AccessToken
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":1,"name":"Ada","email":"ada@example.com"}`))
	})
	mux := http.NewServeMux()
	mux.Handle("POST /floor", answer)
	mux.Handle("GET /whoami", h.Require("read")(answer))
	clients := map[string]client{}
	for _, alg := range costAlgorithms {
		c := newClient(t, alg)
		clients[alg], hello.Bound[alg] = c, h.bound(h.app, c).AccessToken
		verify := verification(t, c.key)
		mux.Handle("GET /least/"+alg, h.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !verify() {
				panic("the signature is not good")
			}
			answer(w, r)
		})))
	}
	mux.HandleFunc("GET /cost/proofs", func(w http.ResponseWriter, r *http.Request) {
		alg := r.FormValue("alg")
		n, _ := strconv.Atoi(r.FormValue("n"))
		proofs := make([]string, n)
		for i := range proofs {
			proofs[i] = clients[alg].proof(h.now, http.MethodGet, whoami, hello.Bound[alg])
		}
		_ = json.NewEncoder(w).Encode(proofs)
	})
	mux.HandleFunc("GET /cost/usage", func(w http.ResponseWriter, _ *http.Request) {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			panic(err)
		}
		_ = json.NewEncoder(w).Encode(time.Duration(usage.Utime.Nano() + usage.Stime.Nano()))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	hello.Address = server.URL
	line, err := json.Marshal(hello)
	require.NoError(t, err)
	fmt.Println(string(line))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// verification returns what checks a signature of a key over a message of the
// size of a proof, as the standard library does.
func verification(t *testing.T, key crypto.Signer) func() bool {
	message := bytes.Repeat([]byte("proof "), 80)
	digest := sha256.Sum256(message)
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	var signature []byte
	var err error
	switch key := key.(type) {
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, message)
	case *rsa.PrivateKey:
		signature, err = key.Sign(rand.Reader, digest[:], options)
	default:
		signature, err = key.Sign(rand.Reader, digest[:], crypto.SHA256)
	}
	require.NoError(t, err)
	return func() bool {
		digest := sha256.Sum256(message)
		switch public := key.Public().(type) {
		case ed25519.PublicKey:
			return ed25519.Verify(public, message, signature)
		case *rsa.PublicKey:
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options) == nil
		default:
			return ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature)
		}
	}
}
