// Package leaks is a capability of package flow: secret scanners report strings
// that they found where everybody can read them, and those that are live
// credentials of this service are revoked.
//
//	flow.Config{Extensions: []flow.Extension{leaks.New(leaks.Config{
//		Reporter: func(ctx context.Context, token string) (string, error) { ... },
//	})}}
//
// A scanner finds credentials by the regular expression of
// credential.Format.Pattern, and sends them to POST [Path] with a bearer token
// that the host gave it: a JSON array of up to 500 objects, in at most a
// megabyte. This is the form in which GitHub's secret scanning reports to its
// partners:
//
//	[{"token": "oa_at_...", "type": "acme_access_token", "url": "https://..."}]
//
// GitHub signs its reports instead of sending a bearer token. The host checks
// the signature and hands them on: examples/guides/leaks_test.go does so.
//
// The answer has one object for each, in the same order, whose label is
// "true_positive" for a live credential of this service, which is revoked by
// then, and "false_positive" for everything else:
//
//	[{"token_hash": "...", "token_type": "acme_access_token", "label": "true_positive"}]
//
// The token_hash is the SHA-256 of the token in base64. The answer does not
// tell whose a credential was.
//
// Client secrets, access tokens, refresh tokens and API tokens are recognised.
// Codes, the tokens of package registration and imported secrets are not.
//
// A leaked token ends its session: the user authorizes the application again.
// If a report has two tokens of one session, the first ends both, and the
// second is a false positive. The tokens of a suspended application count as
// not live and stay as they are. A leaked client secret is refused from then
// on, even if the application has no other: its owner resets it. Each leak has
// the event oauthapp.CredentialLeaked, beside that of the revocation: with it
// the host tells the owner or the user.
//
// A bearer token that is not of a scanner is answered 401, a report that is too
// long 413, and an outage 503. What was revoked before an outage stays revoked,
// and is a false positive when the report comes again.
package leaks

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Path is where leaks are reported, below the path of the issuer.
const Path = "/oauth/leaks"

// The limits of a report.
const (
	maxReports = 500
	maxBody    = 1 << 20 // bytes
	maxURL     = 2000    // bytes; a longer one is left out
)

// Config configures the capability.
type Config struct {
	// Reporter returns the name of the scanner that a bearer token was given
	// to, "" for nobody. The name is in the events. Many goroutines call it at
	// once. Let it compare digests, or in constant time. An error is an outage
	// and answered 503. Required.
	Reporter func(ctx context.Context, token string) (name string, err error)
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string { return "leaks" }

func (extension) Findings() []kernel.Finding { return nil }

func (x extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if x.cfg.Reporter == nil {
		return kernel.Contribution{}, errors.New("Config.Reporter is required")
	}
	e := endpoint{k, x.cfg, regexp.MustCompile(k.Credentials.Pattern())}
	return kernel.Contribution{
		// Scanners are no browsers, but what this endpoint refuses is reported
		// as for every endpoint that machines call.
		Routes: []kernel.Route{{Method: http.MethodPost, Path: Path, Handler: e.serve, AnyOrigin: true}},
	}, nil
}

type endpoint struct {
	k           *kernel.Kernel
	cfg         Config
	credentials *regexp.Regexp // of this service
}

// A report is of one string.
type report struct {
	Token string `json:"token"`
	Type  string `json:"type"`
	URL   string `json:"url"`
}

// A verdict answers a report.
type verdict struct {
	Hash  string `json:"token_hash"`
	Type  string `json:"token_type"`
	Label string `json:"label"`
}

func (e endpoint) serve(w http.ResponseWriter, r *http.Request) {
	name, refusal := e.authenticate(r)
	var reports []report
	if refusal == nil {
		reports, refusal = read(w, r)
	}
	if refusal != nil {
		e.k.RefuseBearer(w, r, refusal)
		return
	}
	// A scanner that has gone keeps nothing from being revoked.
	r = r.WithContext(oauthapp.WithActor(context.WithoutCancel(r.Context()), e.k.Actor(r, "")))
	verdicts := make([]verdict, len(reports))
	ours := map[string]bool{} // a report may name a string twice
	for i, found := range reports {
		isOurs, known := ours[found.Token]
		if !known {
			events, err := e.k.RevokeLeaked(r, found.Token)
			for _, event := range events {
				event.Reporter, event.FoundAt = name, e.place(found)
				e.k.Emit(r, event)
			}
			if err != nil {
				e.k.WriteError(w, r, wire.Outage(err))
				return
			}
			isOurs = len(events) > 0
			ours[found.Token] = isOurs
		}
		hash := sha256.Sum256([]byte(found.Token))
		verdicts[i] = verdict{base64.StdEncoding.EncodeToString(hash[:]), found.Type, "false_positive"}
		if isOurs {
			verdicts[i].Label = "true_positive"
		}
	}
	e.k.WriteJSON(w, r, verdicts)
}

// authenticate returns the name of the scanner that sent a request.
func (e endpoint) authenticate(r *http.Request) (string, *wire.Error) {
	token, presented := kernel.BearerToken(r)
	if !presented {
		return "", errUnknownReporter
	}
	name, err := e.cfg.Reporter(r.Context(), token)
	if err != nil {
		return "", wire.Outage(err)
	}
	if name == "" {
		return "", errUnknownReporter
	}
	return name, nil
}

var (
	errUnknownReporter = &wire.Error{Code: wire.InvalidToken, Description: "the bearer token is not that of a secret scanner", Status: http.StatusUnauthorized}
	errTooLarge        = &wire.Error{Code: wire.InvalidRequest, Description: "the report is longer than a megabyte; send it in parts", Status: http.StatusRequestEntityTooLarge}
	errTooMany         = &wire.Error{Code: wire.InvalidRequest, Description: "the report has more than 500 strings; send it in parts", Status: http.StatusRequestEntityTooLarge}
	errNoReport        = wire.Refuse(wire.InvalidRequest, "the body must be a JSON array of objects with the member token")
)

// read returns the reports of a body.
func read(w http.ResponseWriter, r *http.Request) ([]report, *wire.Error) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	var reports []report
	err := decoder.Decode(&reports)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("something follows the array")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil || reports == nil:
		return nil, errNoReport
	case len(reports) > maxReports:
		return nil, errTooMany
	}
	for _, one := range reports {
		if one.Token == "" {
			return nil, errNoReport
		}
	}
	return reports, nil
}

// place is the URL where a string was found, if it can be shown: it is http or
// https, not too long, and has no credential of this service in it. A password
// is left out.
func (e endpoint) place(found report) string {
	u, err := url.Parse(found.URL)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", len(found.URL) > maxURL:
		return ""
	case strings.Contains(found.URL, found.Token), e.credentials.MatchString(found.URL):
		return ""
	}
	return u.Redacted()
}
