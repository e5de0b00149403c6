package guides

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/leaks"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Secrets that leaked
//
// Choose Config.CredentialPrefix before you give out the first secret: it tells
// scanners whose it is. credential.Format.Pattern is the regular expression to
// give them.
//
// List package leaks. A scanner of yours, or of your customers, gets a bearer
// token from you, and sends what it found to leaks.Path. What is live is
// revoked by the time of the answer. Tell the owner or the user when
// Config.Events brings a CredentialLeaked.
//
// # GitHub
//
// GitHub sends the reports of its secret scanning in the form that the package
// takes, to a URL of your choice. They have a signature and no bearer token:
// check it, and hand the report on with a token that this program alone knows.
// The keys are at https://api.github.com/meta/public_keys/secret_scanning;
// keep them for an hour or so.
func Example_leaks() {
	internal := rand.Text()
	cfg := service()
	cfg.CredentialPrefix = "acme"
	cfg.Extensions = []flow.Extension{leaks.New(leaks.Config{
		Reporter: func(_ context.Context, token string) (string, error) {
			if subtle.ConstantTimeCompare([]byte(token), []byte(internal)) == 1 {
				return "GitHub", nil
			}
			return "", nil
		},
	})}
	cfg.Events = func(_ context.Context, e oauthapp.Event) {
		if e.Type == oauthapp.CredentialLeaked {
			fmt.Println("tell account", e.Owner, "of", e.ApplicationName, "at", e.FoundAt)
		}
	}
	provider := must(flow.New(cfg))
	github, keys := githubStandIn()
	defer keys.Close()
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("POST /github-reports", githubReports(provider, internal, keys.URL))

	app := zonewatch(provider)
	secret := must(provider.Registry().ResetSecret(context.Background(), oauthapp.OwnedBy("7"), app.ID, 0))
	report := `[{"token":"` + secret.Reveal() + `","type":"acme_client_secret","url":"https://github.com/zonewatch/app/blob/main/.env"}]`
	for _, sent := range []string{report, strings.Replace(report, ".env", "config", 1)} { // the second with the signature of the first
		r := httptest.NewRequest(http.MethodPost, "/github-reports", strings.NewReader(sent))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Github-Public-Key-Identifier", "1")
		r.Header.Set("Github-Public-Key-Signature", github(report))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), `"true_positive"`))
	}
	// Output:
	// tell account 7 of Zonewatch at https://github.com/zonewatch/app/blob/main/.env
	// 200 true
	// 403 false
}

// githubReports takes the reports of GitHub.
func githubReports(provider http.Handler, token, keysURL string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "The report cannot be read.", http.StatusBadRequest)
			return
		}
		key, err := githubKey(r.Context(), keysURL, r.Header.Get("Github-Public-Key-Identifier"))
		if err != nil {
			http.Error(w, "Try again later.", http.StatusServiceUnavailable)
			return
		}
		signature, _ := base64.StdEncoding.DecodeString(r.Header.Get("Github-Public-Key-Signature"))
		digest := sha256.Sum256(body)
		if key == nil || !ecdsa.VerifyASN1(key, digest[:], signature) {
			http.Error(w, "The signature is not GitHub's.", http.StatusForbidden)
			return
		}
		report := r.Clone(r.Context())
		report.URL.Path, report.URL.RawPath = leaks.Path, "" // behind the path of the issuer, if it has one
		report.Body, report.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		report.Header.Set("Authorization", "Bearer "+token)
		provider.ServeHTTP(w, report)
	})
}

// githubKey returns a public key by its identifier, nil where there is none.
func githubKey(ctx context.Context, keysURL, identifier string) (*ecdsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, keysURL, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New("the keys cannot be had: " + answer.Status)
	}
	var published struct {
		PublicKeys []struct {
			Identifier string `json:"key_identifier"`
			Key        string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&published); err != nil {
		return nil, err
	}
	for _, candidate := range published.PublicKeys {
		if candidate.Identifier != identifier {
			continue
		}
		block, _ := pem.Decode([]byte(candidate.Key))
		if block == nil {
			return nil, errors.New("the key is not in PEM")
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		key, ok := parsed.(*ecdsa.PublicKey)
		if !ok {
			return nil, errors.New("the key is not for ECDSA")
		}
		return key, nil
	}
	return nil, nil
}

// githubStandIn signs as GitHub does, and publishes the key.
func githubStandIn() (sign func(body string) string, keys *httptest.Server) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key.Public()))})
	keys = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"public_keys": []map[string]string{{"key_identifier": "1", "key": string(public)}}})
	}))
	return func(body string) string {
		digest := sha256.Sum256([]byte(body))
		return base64.StdEncoding.EncodeToString(must(ecdsa.SignASN1(rand.Reader, key, digest[:])))
	}, keys
}
