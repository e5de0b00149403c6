package par

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

const (
	// lifetime is how long a request can be presented.
	lifetime = time.Minute
	// presentedLifetime is how long the browser that presented it can come back
	// with it: half an hour to sign in, and half an hour to decide.
	presentedLifetime = time.Hour
)

const (
	// prefix is that of a request_uri (RFC 9126, section 2.2).
	prefix = "urn:ietf:params:oauth:request_uri:"
	// idSize is the length of what is random in it, in bytes.
	idSize = 32
)

// A pushedRequest is what the store keeps of a request, as JSON.
type pushedRequest struct {
	ClientID string `json:"client_id"`
	Params   string `json:"params"` // as a query string, sorted
	// Browser is the digest of the cookie of the browser that presented it, nil
	// before.
	Browser []byte `json:"browser,omitempty"`
}

// parse returns the digest under which a request is kept. It reports false for
// what was not made here.
func parse(requestURI string) (credential.Digest, bool) {
	id, ok := strings.CutPrefix(requestURI, prefix)
	if !ok || len(id) != base64.RawURLEncoding.EncodedLen(idSize) {
		return credential.Digest{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) != idSize { // line breaks are decoded to nothing
		return credential.Digest{}, false
	}
	return credential.DigestOf(id), true
}

// keep keeps a request and returns its request_uri.
func (p *endpoint) keep(r *http.Request, clientID string, params wire.Params) (string, *wire.Error) {
	value, err := json.Marshal(pushedRequest{ClientID: clientID, Params: params.Values().Encode()})
	if err != nil {
		return "", wire.Internal(err)
	}
	random := make([]byte, idSize)
	_, _ = rand.Read(random) // never fails
	id := base64.RawURLEncoding.EncodeToString(random)
	now := p.kernel.Now()
	record := store.Record{Kind: Name, Digest: credential.DigestOf(id), Value: value, ExpiresAt: now.Add(lifetime)}
	if err := p.kernel.Store.Keep(r.Context(), record, now); err != nil {
		return "", wire.Outage(err)
	}
	return prefix + id, nil
}

// The answers to a request_uri that stands for nothing, or not for this
// browser. People get there without a mistake of the application: they go back,
// press a button twice or come late.
var (
	errGone      = over("it has expired, was used already or was never issued")
	errOfAnother = over("another browser has opened it")
)

func over(why string) *wire.Error {
	e := wire.Refuse(wire.InvalidRequest, "request_uri: "+why)
	e.Over = true
	return e
}

// find returns the parameters of a request that a browser presents (RFC 9126,
// section 4). The first browser that does has it from then on.
func (p *endpoint) find(w http.ResponseWriter, r *http.Request, sent wire.Params) (wire.Params, *wire.Error) {
	requestURI := sent.Get("request_uri")
	if !strings.HasPrefix(requestURI, prefix) {
		return nil, nil
	}
	digest, ok := parse(requestURI)
	if !ok {
		return nil, errGone
	}
	record, request, refusal := p.look(r, digest, sent.Get("client_id"))
	if refusal != nil {
		return nil, refusal
	}
	if refusal := p.present(w, r, record, request); refusal != nil {
		return nil, refusal
	}
	params, refusal := wire.ParseForm(request.Params, p.kernel.AuthorizationParams())
	if refusal != nil || params.Values().Encode() != request.Params {
		return nil, errGone // a capability that it relied on was left out since
	}
	return params, nil
}

// look finds a request of a client, and changes nothing.
func (p *endpoint) look(r *http.Request, digest credential.Digest, clientID string) (store.Record, *pushedRequest, *wire.Error) {
	record, err := p.kernel.Store.Look(r.Context(), Name, digest, p.kernel.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return record, nil, errGone
	case err != nil:
		return record, nil, wire.Outage(err)
	}
	request := new(pushedRequest)
	if err := json.Unmarshal(record.Value, request); err != nil {
		return record, nil, wire.Internal(err)
	}
	switch clientID {
	case request.ClientID:
		return record, request, nil
	case "":
		return record, nil, wire.Refuse(wire.InvalidRequest, "client_id is missing")
	}
	return record, nil, wire.Refuse(wire.InvalidRequest, "client_id is not the client that pushed the request")
}

// present sees to it that one browser presents a request. A HEAD request, such
// as that of a program that previews links, leaves it for the browser.
func (p *endpoint) present(w http.ResponseWriter, r *http.Request, record store.Record, request *pushedRequest) *wire.Error {
	if r.Method == http.MethodHead {
		return nil
	}
	if request.Browser == nil {
		taken, refusal := p.take(w, r, record, request)
		if taken || refusal != nil {
			return refusal
		}
	}
	browser := credential.DigestOf(p.kernel.FormSession.Of(r, ""))
	if kept := credential.Digest(request.Browser); !kept.Equal(browser) {
		return errOfAnother
	}
	return nil
}

// take gives a request to the browser that presents it. It reports false where
// another did so at the same time: request is as that left it.
func (p *endpoint) take(w http.ResponseWriter, r *http.Request, record store.Record, request *pushedRequest) (bool, *wire.Error) {
	cookies := slices.Clone(w.Header()["Set-Cookie"])
	browser := credential.DigestOf(p.kernel.FormSession.Begin(w, r, ""))
	given := *request
	given.Browser = browser[:]
	value, err := json.Marshal(given)
	if err != nil {
		return false, wire.Internal(err)
	}
	now := p.kernel.Now()
	replaced := store.Record{Kind: Name, Digest: record.Digest, Value: value, ExpiresAt: now.Add(presentedLifetime)}
	err = p.kernel.Store.Replace(r.Context(), replaced, record.Value, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, errGone
	case errors.Is(err, store.ErrConflict):
		// If it was the same browser, its cookie is that of the other answer.
		w.Header()["Set-Cookie"] = cookies
		_, found, refusal := p.look(r, record.Digest, request.ClientID)
		if refusal == nil {
			*request = *found
		}
		return false, refusal
	case err != nil:
		return false, wire.Outage(err)
	}
	return true, nil
}

// decided uses up a request. However many decide at once, one does.
func (p *endpoint) decided(r *http.Request, sent wire.Params) *wire.Error {
	digest, ok := parse(sent.Get("request_uri"))
	if !ok {
		return errGone
	}
	_, err := p.kernel.Store.Take(r.Context(), Name, digest, p.kernel.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errGone
	case err != nil:
		return wire.Outage(err)
	}
	return nil
}
