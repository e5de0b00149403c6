package flow_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const foreignSecret = "8eaf2c1b7d904e6fa3b5c7d9e1f20314"

// hashes are foreignSecret as each service keeps it.
func hashes(t *testing.T) map[string]oauthapp.Import {
	sum := sha256.Sum256([]byte(foreignSecret))
	slow, err := bcrypt.GenerateFromPassword([]byte(foreignSecret), bcrypt.MinCost)
	require.NoError(t, err)
	django, err := pbkdf2.Key(sha256.New, foreignSecret, []byte("aVerySaltySalt22"), 1000, 32)
	require.NoError(t, err)
	hydra, err := pbkdf2.Key(sha256.New, foreignSecret, []byte("\x01\x02\x03salt"), 1000, 32)
	require.NoError(t, err)
	raw := base64.RawStdEncoding.EncodeToString
	// The parameters that Laravel and Django have by default.
	laravel := "$argon2id$v=19$m=65536,t=4,p=1$" + raw([]byte("salt of Laravel!")) + "$" + raw(argon2.IDKey([]byte(foreignSecret), []byte("salt of Laravel!"), 4, 65536, 1, 32))
	ofDjango := "argon2$argon2id$v=19$m=102400,t=2,p=8$" + raw([]byte("salt of Django..")) + "$" + raw(argon2.IDKey([]byte(foreignSecret), []byte("salt of Django.."), 2, 102400, 8, 32))
	return map[string]oauthapp.Import{
		"plain":             {Secret: foreignSecret, SecretForm: oauthapp.PlainSecret},
		"sha256":            {Secret: hex.EncodeToString(sum[:]), SecretForm: oauthapp.SHA256Secret},
		"bcrypt":            {Secret: string(slow), SecretForm: oauthapp.BcryptSecret},
		"Argon2 of Laravel": {Secret: laravel, SecretForm: oauthapp.Argon2Secret},
		"Argon2 of Django":  {Secret: ofDjango, SecretForm: oauthapp.Argon2Secret},
		"bcrypt of PHP":     {Secret: "$2y$" + string(slow[4:]), SecretForm: oauthapp.BcryptSecret},
		"pbkdf2 of Django":  {Secret: "pbkdf2_sha256$1000$aVerySaltySalt22$" + base64.StdEncoding.EncodeToString(django), SecretForm: oauthapp.PBKDF2Secret},
		"pbkdf2 of Hydra":   {Secret: "$pbkdf2-sha256$i=1000,l=32$" + raw([]byte("\x01\x02\x03salt")) + "$" + raw(hydra), SecretForm: oauthapp.PBKDF2Secret},
	}
}

// An importer is a provider that imports, with a clock and a network of its
// callers.
type importer struct {
	*flowtest.Provider
	t       *testing.T
	mu      sync.Mutex
	now     time.Time
	network string
}

func newImporter(t *testing.T) *importer {
	i := &importer{t: t, now: time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC), network: "192.0.2.1"}
	i.Provider = flowtest.New(t, flow.Config{
		Logger:     slog.New(slog.DiscardHandler),
		Now:        func() time.Time { i.mu.Lock(); defer i.mu.Unlock(); return i.now },
		RemoteAddr: func(*http.Request) string { i.mu.Lock(); defer i.mu.Unlock(); return i.network },
	})
	return i
}

func (i *importer) pass(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(d)
}

func (i *importer) from(network string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.network = network
}

func (i *importer) importAs(id string, imp oauthapp.Import) oauthapp.Imported {
	imp.Registration = oauthapp.Registration{
		ClientID: id, Name: "Imported", HomepageURL: "https://app.example", CallbackURLs: []string{"https://app.example/callback"},
	}
	imported, err := i.Registry().Import(context.Background(), "account", imp)
	require.NoError(i.t, err)
	return imported
}

// authenticate is the status of a client that authenticates: 200 if it is the
// one.
func (i *importer) authenticate(id, secret string) int {
	r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+"/oauth/introspect", strings.NewReader(url.Values{"token": {"x"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Code
}

// authenticateAtOnce sends the secret of a client so many times, each of which
// succeeds.
func (i *importer) authenticateAtOnce(times int) {
	i.t.Helper()
	codes := make([]int, times)
	var wg sync.WaitGroup
	for n := range codes {
		wg.Go(func() { codes[n] = i.authenticate("client", foreignSecret) })
	}
	wg.Wait()
	for _, code := range codes {
		require.Equal(i.t, http.StatusOK, code)
	}
}

func (i *importer) secret(app oauthapp.Application) oauthapp.Secret {
	secrets, err := i.Registry().Secrets(i.t.Context(), oauthapp.AnyOwner, app.ID)
	require.NoError(i.t, err)
	require.Len(i.t, secrets, 1)
	return secrets[0]
}

// Clients of other services authenticate as they are deployed there. A slow
// hash gives way to a digest only where the host vouches that the secret was
// random.
func TestImportedSecrets(t *testing.T) {
	i := newImporter(t)
	for name, imp := range hashes(t) {
		for _, random := range []bool{false, true} {
			t.Run(fmt.Sprint(name, random), func(t *testing.T) {
				imp.SecretIsRandom = random
				id := strings.ReplaceAll(fmt.Sprint(name, "-", random), " ", "~") + "_X.1"
				app := i.importAs(id, imp).Application
				require.Equal(t, id, app.ClientID)
				before := i.secret(app)
				require.NotContains(t, before.Hash, foreignSecret, "what is kept opens nothing")
				require.Equal(t, http.StatusUnauthorized, i.authenticate(id, "another"))
				if before.Hash != "" {
					require.Equal(t, http.StatusUnauthorized, i.authenticate(id, before.Hash), "a hash is no secret")
					require.Equal(t, http.StatusUnauthorized, i.authenticate(id, imp.Secret+"x"))
				}
				require.Equal(t, http.StatusOK, i.authenticate(id, foreignSecret))
				require.Equal(t, http.StatusOK, i.authenticate(id, foreignSecret))
				after := i.secret(app)
				require.Equal(t, random, after.Hash == "")
				require.Equal(t, random, !after.Digest.IsZero())
				require.Equal(t, before.ID, after.ID)
				require.Equal(t, i.now, after.LastUsedAt)
				i.pass(time.Hour) // the limit of attempts
			})
		}
	}
}

// The hash is one of the tests of the reference implementation of Argon2.
func TestImportedSecretOfArgon2(t *testing.T) {
	i := newImporter(t)
	i.importAs("client", oauthapp.Import{SecretForm: oauthapp.Argon2Secret,
		Secret: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"})
	require.Equal(t, http.StatusUnauthorized, i.authenticate("client", "passwore"))
	require.Equal(t, http.StatusOK, i.authenticate("client", "password"))
}

// Attempts at a secret that may be guessable are counted before they are
// judged: from then on the right one is not judged either, but where it was
// right before.
func TestImportedSecretsAreLimited(t *testing.T) {
	i := newImporter(t)
	imp := hashes(t)["bcrypt"]
	i.importAs("used", imp)
	i.importAs("new", imp)
	require.Equal(t, http.StatusOK, i.authenticate("used", foreignSecret))
	for _, id := range []string{"used", "new"} {
		codes := map[int]int{}
		for n := range 20 {
			codes[i.authenticate(id, fmt.Sprint("guess ", n))]++
		}
		require.Positive(t, codes[http.StatusTooManyRequests], "%v", codes)
		require.LessOrEqual(t, codes[http.StatusUnauthorized], 10)
	}
	require.Equal(t, http.StatusTooManyRequests, i.authenticate("new", foreignSecret), "it is not judged")
	require.Equal(t, http.StatusOK, i.authenticate("used", foreignSecret), "nobody locks out who was right before")
	i.from("198.51.100.1")
	require.Equal(t, http.StatusOK, i.authenticate("new", foreignSecret), "another network has a limit of its own")

	id, secret := i.Application.ClientID, i.ClientSecret
	i.from("192.0.2.1")
	require.Equal(t, http.StatusOK, i.authenticate(id, secret), "secrets of ours know no such limit")
}

// An imported secret ends as every other does.
func TestImportedSecretIsReset(t *testing.T) {
	i := newImporter(t)
	app := i.importAs("client", hashes(t)["bcrypt"]).Application
	require.Equal(t, http.StatusOK, i.authenticate("client", foreignSecret))
	fresh, err := i.Registry().ResetSecret(t.Context(), oauthapp.OwnedBy("account"), app.ID, time.Hour)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, i.authenticate("client", foreignSecret))
	require.Equal(t, http.StatusOK, i.authenticate("client", fresh.Reveal()))
	i.pass(time.Hour)
	require.Equal(t, http.StatusUnauthorized, i.authenticate("client", foreignSecret))
	require.Equal(t, http.StatusOK, i.authenticate("client", fresh.Reveal()))
}

// Of many first uses at once one has the secret adopted, and all are right.
func TestImportedSecretIsAdoptedOnce(t *testing.T) {
	i := newImporter(t)
	imp := hashes(t)["pbkdf2 of Django"]
	imp.SecretIsRandom = true
	app := i.importAs("client", imp).Application
	i.authenticateAtOnce(8)
	require.Empty(t, i.secret(app).Hash)
}

// A client that sends more requests at once than there may be attempts, as one
// does after a restart of this service, is judged once.
func TestImportedSecretOfABusyClient(t *testing.T) {
	i := newImporter(t)
	i.importAs("client", hashes(t)["plain"])
	i.authenticateAtOnce(40)
}
