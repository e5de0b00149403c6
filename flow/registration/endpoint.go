package registration

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// An answer is what was registered (RFC 7591, section 3.2.1, and RFC 7592,
// section 3).
type answer struct {
	ClientID        string   `json:"client_id"`
	IssuedAt        int64    `json:"client_id_issued_at"`
	Secret          string   `json:"client_secret,omitempty"`
	SecretExpiresAt *int64   `json:"client_secret_expires_at,omitempty"` // 0: never
	Token           string   `json:"registration_access_token"`
	URI             string   `json:"registration_client_uri"`
	Name            string   `json:"client_name"`
	Homepage        string   `json:"client_uri,omitempty"`
	RedirectURIs    []string `json:"redirect_uris"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	Method          string   `json:"token_endpoint_auth_method"`
	Scope           string   `json:"scope"`
	jose.Source

	BoundTokens bool `json:"dpop_bound_access_tokens,omitempty"`
	PushedOnly  bool `json:"require_pushed_authorization_requests,omitempty"`

	Statement string `json:"software_statement,omitempty"`
}

// answerOf tells what an application is registered as.
func (s *service) answerOf(app oauthapp.Application, kept entry, token string) answer {
	var keys jose.Source
	if _, err := app.ReadExtra(jose.SourceName, &keys); err != nil {
		keys = jose.Source{}
	}
	flags := map[string]bool{}
	for _, field := range s.flagFields() {
		text, _ := field.Text(app)
		flags[field.Name] = text != ""
	}
	return answer{
		Statement:     kept.Statement,
		BoundTokens:   flags["dpop_bound_access_tokens"],
		PushedOnly:    flags["require_pushed_authorization_requests"],
		Source:        keys,
		ClientID:      app.ClientID,
		IssuedAt:      app.CreatedAt.Unix(),
		Token:         token,
		URI:           s.kernel.Issuer + Path + "/" + app.ClientID,
		Name:          app.Name,
		Homepage:      app.HomepageURL,
		RedirectURIs:  app.CallbackURLs,
		GrantTypes:    kept.Grants,
		ResponseTypes: []string{"code"},
		Method:        kept.Method,
		Scope:         strings.Join(s.kernel.AllowedScopes(app), " "),
	}
}

// register serves a client registration request (RFC 7591, section 3.1).
func (s *service) register(w http.ResponseWriter, r *http.Request) *wire.Error {
	open, refusal := s.admit(r)
	if refusal != nil {
		return refusal
	}
	members, refusal := wire.ReadObject(w, r)
	if refusal != nil {
		return refusal
	}
	statement, refusal := s.readStatement(r, members)
	if refusal != nil {
		return refusal
	}
	m, refusal := s.parse(members, open)
	if refusal == nil && open {
		refusal = s.limit(r)
	}
	if refusal != nil {
		return refusal
	}
	token := s.kernel.Credentials.NewRegistrationToken()
	kept := entry{Token: digestText(token.Digest()), Open: open, Method: m.method, Grants: m.grants, Statement: statement}
	m.registration.Extra = s.extraOf(m, kept, oauthapp.Application{})
	ctx := oauthapp.WithActor(r.Context(), s.kernel.Actor(r, ""))
	app, secret, err := s.kernel.Registry.RegisterOwnerless(ctx, m.registration)
	if err != nil {
		return refuseInvalid(err)
	}
	registered := s.answerOf(app, kept, token.Reveal())
	if !secret.IsZero() && m.method != methodKey { // a secret that nobody is told is none
		registered.Secret, registered.SecretExpiresAt = secret.Reveal(), new(int64)
	}
	refusal = write(w, http.StatusCreated, registered)
	s.sweep(r.Context())
	return refusal
}

// A managed request is one of a client about its own registration.
type managed struct {
	app   oauthapp.Application
	kept  entry
	token string // as presented
}

// answering makes an endpoint of what answers a request or refuses it.
func (s *service) answering(serve func(w http.ResponseWriter, r *http.Request) *wire.Error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if refusal := serve(w, r); refusal != nil {
			s.kernel.RefuseBearer(w, r, refusal)
		}
	}
}

// managed authenticates a request for one client (RFC 7592, section 2). An
// unknown client and a wrong token get the same answer.
func (s *service) managed(serve func(w http.ResponseWriter, r *http.Request, m managed) *wire.Error) http.HandlerFunc {
	return s.answering(func(w http.ResponseWriter, r *http.Request) *wire.Error {
		m, refusal := s.authenticate(r)
		if refusal != nil {
			return refusal
		}
		return serve(w, r, m)
	})
}

func (s *service) authenticate(r *http.Request) (m managed, refusal *wire.Error) {
	invalid := wire.Refuse(wire.InvalidToken, "the registration access token is not valid")
	token, presented := kernel.BearerToken(r)
	id := r.PathValue("client_id")
	if !presented || !wire.IsUnreserved(id) || len(id) > 255 {
		return m, invalid
	}
	parsed, err := s.kernel.Credentials.Parse(credential.RegistrationToken, token)
	if err != nil {
		return m, invalid
	}
	client, err := s.kernel.Store.Client(r.Context(), id, uuid.Nil, s.kernel.Now())
	if err != nil && !errors.Is(err, oauthapp.ErrNotFound) {
		return m, wire.Outage(err)
	}
	kept, ok := entryOf(client.Application)
	if same := digestOf(kept.Token).Equal(parsed.Digest); !ok || !same {
		return m, invalid
	}
	if o := kernel.OutcomeOf(r.Context()); o != nil {
		o.Know(client.Application, nil)
	}
	return managed{client.Application, kept, token}, nil
}

// read serves a client read request (RFC 7592, section 2.1).
func (s *service) read(w http.ResponseWriter, r *http.Request, m managed) *wire.Error {
	return write(w, http.StatusOK, s.answerOf(m.app, m.kept, m.token))
}

// replace serves a client update request (RFC 7592, section 2.2). Whether a
// client is public, has a secret or has keys is fixed. Everything is kept at
// once, unless the application has changed since it was read.
func (s *service) replace(w http.ResponseWriter, r *http.Request, m managed) *wire.Error {
	members, refusal := wire.ReadObject(w, r)
	if refusal != nil {
		return refusal
	}
	if refusal = s.checkReplacement(r, members, m); refusal != nil {
		return refusal
	}
	statement, refusal := s.readStatement(r, members)
	if refusal != nil {
		return refusal
	}
	asked, _ := wire.Text(members["token_endpoint_auth_method"])
	if !hasSecret(m.kept.Method) || !hasSecret(asked) {
		method, _ := json.Marshal(m.kept.Method) // a string always marshals
		members["token_endpoint_auth_method"] = method
	}
	wanted, refusal := s.parse(members, m.kept.Open)
	if refusal != nil {
		return refusal
	}
	token := s.kernel.Credentials.NewRegistrationToken()
	kept := entry{Token: digestText(token.Digest()), Open: m.kept.Open, Method: wanted.method, Grants: wanted.grants, Statement: statement}
	reg := &wanted.registration
	reg.Type, reg.Version, reg.Extra = m.app.Type, m.app.Version, s.extraOf(wanted, kept, m.app)
	ctx := oauthapp.WithActor(r.Context(), s.kernel.Actor(r, ""))
	app, err := s.kernel.Registry.Update(ctx, oauthapp.AnyOwner, m.app.ID, *reg)
	if err != nil {
		return refuseInvalid(err)
	}
	return write(w, http.StatusOK, s.answerOf(app, kept, token.Reveal()))
}

// hasSecret reports whether a client that authenticates with a method has a
// secret.
func hasSecret(method string) bool { return method == methodBasic || method == methodPost }

// checkReplacement judges whether an update is for this client, and whether the
// client may be updated.
func (s *service) checkReplacement(r *http.Request, members map[string]json.RawMessage, m managed) *wire.Error {
	if m.app.Standing.Suspended {
		return &wire.Error{Code: wire.AccessDenied, Description: "the client is suspended", Status: http.StatusForbidden}
	}
	if id, _ := wire.Text(members["client_id"]); id != m.app.ClientID {
		return wire.Refuse(wire.InvalidClientMetadata, "client_id must be that of the client")
	}
	if members["client_secret"] == nil {
		return nil
	}
	secret, _ := wire.Text(members["client_secret"])
	client, err := s.kernel.Store.Client(r.Context(), m.app.ClientID, uuid.Nil, s.kernel.Now())
	if err != nil {
		return wire.Outage(err)
	}
	if _, ok := oauthapp.MatchSecret(client.Secrets, credential.DigestOf(secret), s.kernel.Now()); !ok {
		return wire.Refuse(wire.InvalidClientMetadata, "client_secret must be that of the client")
	}
	return nil
}

// remove serves a client delete request (RFC 7592, section 2.3).
func (s *service) remove(w http.ResponseWriter, r *http.Request, m managed) *wire.Error {
	if m.app.Standing.Suspended { // what the host wants to look into stays
		return &wire.Error{Code: wire.AccessDenied, Description: "the client is suspended", Status: http.StatusForbidden}
	}
	ctx := oauthapp.WithActor(r.Context(), s.kernel.Actor(r, ""))
	if err := s.delete(ctx, m.app.ID); err != nil {
		return wire.Outage(err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func write(w http.ResponseWriter, status int, a answer) *wire.Error {
	if err := wire.WriteJSON(w, status, a); err != nil {
		return wire.Internal(err)
	}
	return nil
}

func digestText(d credential.Digest) string { return hex.EncodeToString(d[:]) }

// digestOf reads what digestText wrote. Anything else is the zero digest, which
// equals nothing.
func digestOf(text string) (d credential.Digest) {
	if b, err := hex.DecodeString(text); err == nil && len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}
