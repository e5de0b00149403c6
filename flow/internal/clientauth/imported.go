package clientauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"runtime"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// The limits of attempts at imported secrets that are kept as hashes of another
// service. They may be guessable, and each attempt takes long, so that they are
// counted before they are judged. Those of a secret that was right before on
// this node are not.
const (
	attemptBurst        = 10 // for one client ID from one network; then
	attemptPace         = 30 * time.Second
	attemptNetworkBurst = 50 // from one network for any client IDs; then
	attemptNetworkPace  = time.Second
	attemptClientBurst  = 1000 // for one client ID from anywhere; then
	attemptClientPace   = time.Second

	maxVerified = 1 << 12 // remembered
	slotWait    = 10 * time.Second

	// bcryptMax is how many bytes bcrypt looks at.
	bcryptMax = 72
)

// A Limited is the error of too many attempts at a client's secret.
type Limited struct{ Wait time.Duration }

func (*Limited) Error() string { return "too many attempts at an imported client secret" }

// imported judges imported secrets. It is safe for concurrent use.
type imported struct {
	host   SecretHost
	slots  chan struct{} // of secrets that are judged at once
	argon2 chan struct{} // the one slot of a hash that takes much memory
	key    [32]byte      // of this process

	attempts *bucket.Limiter // of a network and a client ID; of a network; of a client ID

	mu       sync.Mutex
	verified map[attempt]bool          // secrets that were right, with what was presented
	judging  map[attempt]chan struct{} // closed once it is known
}

func newImported(host SecretHost) *imported {
	i := &imported{
		host:     host,
		slots:    make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		argon2:   make(chan struct{}, 1),
		verified: map[attempt]bool{},
		judging:  map[attempt]chan struct{}{},
		attempts: bucket.NewLimiter(
			bucket.New(attemptBurst, attemptPace),
			bucket.New(attemptNetworkBurst, attemptNetworkPace),
			bucket.New(attemptClientBurst, attemptClientPace),
		),
	}
	_, _ = rand.Read(i.key[:]) // never fails
	return i
}

// match returns the imported secret that was presented. The error is a
// [*Limited], or that of a context that ended.
func (i *imported) match(r *http.Request, client store.Client, p secretProof, now time.Time) (oauthapp.Secret, bool, error) {
	for _, secret := range client.Secrets {
		if secret.Hash == "" || !secret.Live(now) || p.text == "" {
			continue
		}
		if right, err := i.isRight(r, client.Application.ClientID, secret, p, now); right || err != nil {
			return secret, right, err
		}
	}
	return oauthapp.Secret{}, false, nil
}

// isRight counts and judges an attempt, unless the secret was right before.
// Where it gets no slot within slotWait, the error is that of a context that
// ended.
func (i *imported) isRight(r *http.Request, clientID string, secret oauthapp.Secret, p secretProof, now time.Time) (right bool, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), slotWait)
	defer cancel()
	a := i.attempt(secret, p)
	if right, err := i.begin(ctx, a); right || err != nil {
		return right, err
	}
	defer func() { i.end(a, right) }()
	network := i.host.Network(r)
	wait := i.attempts.Take(now, bucket.KeyOf(network, clientID), bucket.KeyOf(network), bucket.KeyOf(clientID))
	if wait > 0 {
		return false, &Limited{wait}
	}
	if right, err = i.judge(ctx, secret, p.text); !right || err != nil {
		return false, err
	}
	if secret.WasRandom() && len(p.text) <= bcryptMax {
		i.host.Adopt(r.Context(), secret, p.digest)
	}
	return true, nil
}

// begin returns whether a secret was right before. Where it was not, the caller
// judges it and calls end. Others with the same secret wait for that: a client
// that sends many requests at once is judged once.
func (i *imported) begin(ctx context.Context, a attempt) (right bool, err error) {
	for {
		i.mu.Lock()
		right, judging := i.verified[a], i.judging[a]
		if !right && judging == nil {
			i.judging[a] = make(chan struct{})
		}
		i.mu.Unlock()
		if right || judging == nil {
			return right, nil
		}
		select {
		case <-judging:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// end remembers a secret that was right.
func (i *imported) end(a attempt, right bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	close(i.judging[a])
	delete(i.judging, a)
	if !right {
		return
	}
	if len(i.verified) >= maxVerified {
		clear(i.verified)
	}
	i.verified[a] = true
}

// judge compares a secret, at most a few at once, and one alone of those that
// take much memory.
func (i *imported) judge(ctx context.Context, secret oauthapp.Secret, presented string) (bool, error) {
	if secret.IsArgon2() {
		if err := enter(ctx, i.argon2); err != nil {
			return false, err
		}
		defer func() { <-i.argon2 }()
	}
	if err := enter(ctx, i.slots); err != nil {
		return false, err
	}
	defer func() { <-i.slots }()
	return secret.MatchHash(presented, func(hash, presented []byte) bool {
		return bcrypt.CompareHashAndPassword(hash, presented) == nil
	}, argon2.IDKey), nil
}

// enter waits for a slot.
func enter(ctx context.Context, slots chan<- struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An attempt stands for a secret and what was presented for it. It tells
// nothing of either to whoever lacks the key.
type attempt [sha256.Size]byte

func (i *imported) attempt(secret oauthapp.Secret, p secretProof) attempt {
	b := append([]byte{}, i.key[:]...)
	b = append(b, secret.ID[:]...)
	b = append(b, p.digest[:]...)
	return sha256.Sum256(append(b, secret.Hash...))
}

// secretProof is what a request presents as a client secret. The text is for
// imported secrets alone.
type secretProof struct {
	digest credential.Digest
	text   string
}

func proofOf(secret string) secretProof { return secretProof{credential.DigestOf(secret), secret} }
