package clientauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"runtime"
	"sync"
	"time"

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

	// bcryptMax is how many bytes bcrypt looks at.
	bcryptMax = 72
)

// A Limited is the error of too many attempts at a client's secret.
type Limited struct{ Wait time.Duration }

func (*Limited) Error() string { return "too many attempts at an imported client secret" }

// imported judges imported secrets. It is safe for concurrent use.
type imported struct {
	host SecretHost
	turn chan struct{} // has room for those that are judged at once
	key  [32]byte      // of this process

	mu        sync.Mutex
	verified  map[[sha256.Size]byte]bool // secrets that were right, with what was presented
	byBoth    bucket.Set                 // of a network and a client ID
	byNetwork bucket.Set
	byClient  bucket.Set
}

func newImported(host SecretHost) *imported {
	i := &imported{
		host:      host,
		turn:      make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		verified:  map[[sha256.Size]byte]bool{},
		byBoth:    bucket.New(attemptBurst, attemptPace),
		byNetwork: bucket.New(attemptNetworkBurst, attemptNetworkPace),
		byClient:  bucket.New(attemptClientBurst, attemptClientPace),
	}
	_, _ = rand.Read(i.key[:]) // never fails
	return i
}

// match returns the imported secret that was presented. The error is a
// [*Limited], or that of a context that ended.
func (i *imported) match(r *http.Request, client store.Client, p secretProof, now time.Time) (oauthapp.Secret, bool, error) {
	counted := false
	for _, secret := range client.Secrets {
		if secret.Hash == "" || !secret.Live(now) || p.text == "" {
			continue
		}
		if i.wasRight(secret, p) {
			return secret, true, nil
		}
		if !counted {
			if wait := i.count(client.Application.ClientID, i.host.Network(r), now); wait > 0 {
				return oauthapp.Secret{}, false, &Limited{wait}
			}
			counted = true
		}
		right, err := i.judge(r.Context(), secret, p.text)
		if err != nil {
			return oauthapp.Secret{}, false, err
		}
		if right {
			i.remember(secret, p)
			if secret.WasRandom() && len(p.text) <= bcryptMax {
				i.host.Adopt(r.Context(), secret, p.digest)
			}
			return secret, true, nil
		}
	}
	return oauthapp.Secret{}, false, nil
}

// count counts an attempt and returns 0. Where there were too many, it counts
// nothing and returns how long to wait.
func (i *imported) count(clientID, network string, now time.Time) time.Duration {
	both, ofNetwork, ofClient := bucket.KeyOf(network, clientID), bucket.KeyOf(network), bucket.KeyOf(clientID)
	i.mu.Lock()
	defer i.mu.Unlock()
	if wait := max(i.byBoth.Wait(both, now), i.byNetwork.Wait(ofNetwork, now), i.byClient.Wait(ofClient, now)); wait > 0 {
		return wait
	}
	i.byBoth.Take(both, now)
	i.byNetwork.Take(ofNetwork, now)
	i.byClient.Take(ofClient, now)
	return 0
}

// judge compares a secret, at most a few at once.
func (i *imported) judge(ctx context.Context, secret oauthapp.Secret, presented string) (bool, error) {
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return secret.MatchHash(presented, func(hash, presented []byte) bool {
		return bcrypt.CompareHashAndPassword(hash, presented) == nil
	}), nil
}

// place is where it is remembered that a secret was right. It tells nothing of
// the secret to whoever lacks the key.
func (i *imported) place(secret oauthapp.Secret, p secretProof) [sha256.Size]byte {
	b := append([]byte{}, i.key[:]...)
	b = append(b, secret.ID[:]...)
	b = append(b, p.digest[:]...)
	return sha256.Sum256(append(b, secret.Hash...))
}

func (i *imported) wasRight(secret oauthapp.Secret, p secretProof) bool {
	place := i.place(secret, p)
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.verified[place]
}

func (i *imported) remember(secret oauthapp.Secret, p secretProof) {
	place := i.place(secret, p)
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.verified) >= maxVerified {
		clear(i.verified)
	}
	i.verified[place] = true
}

// secretProof is what a request presents as a client secret. The text is for
// imported secrets alone.
type secretProof struct {
	digest credential.Digest
	text   string
}

func proofOf(secret string) secretProof { return secretProof{credential.DigestOf(secret), secret} }
