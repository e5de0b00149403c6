package flow

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is remembered of clients that were right holds on to nothing that they sent: neither a secret nor much room.
func TestProofsHoldOnToNothing(t *testing.T) {
	const clients, sent = 32, 1 << 20
	cfg := Config{Now: time.Now, RemoteAddr: func(r *http.Request) string { return r.RemoteAddr }}
	p := &Provider{cfg: cfg, attempts: newAttempts(cfg)}
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	for i := range clients {
		id := fmt.Sprint("public-", i)
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+strings.Repeat("x", sent))))
		basic := p.basicCredentials(r)
		require.Equal(t, id, basic.id)
		a, refusal := p.attempt(r, basic.clientCredentials)
		require.Nil(t, refusal)
		a.named(time.Now())
		a.end()
		_, known, _ := p.attempts.proofOf(keyOf(id, ""))
		require.True(t, known)
	}
	require.Less(t, used(), before+sent)
	runtime.KeepAlive(p)
}

// What a header holds is never taken for a client ID and a secret, nor the other way round.
func TestHeadersHaveKeysOfTheirOwn(t *testing.T) {
	p := &Provider{attempts: newAttempts(Config{Now: time.Now})}
	p.attempts.prove(keyOf("client", "secret"), proof{at: time.Now(), clientID: "client"})
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header["Authorization"] = []string{"client\x00secret"}
	require.False(t, p.basicCredentials(r).found)
}
