package registration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/assertion"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

const statementMember = "software_statement"

// ownClaims are claims that tell of a statement itself (RFC 7519, section 4.1).
var ownClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", statementMember}

// usePublishers checks the publishers that the host lists.
func (s *service) usePublishers() (err error) {
	for i, p := range s.cfg.Publishers {
		if p.Issuer == "" {
			return fmt.Errorf("Config.Publishers[%d].Issuer is required", i)
		}
		if slices.ContainsFunc(s.cfg.Publishers[:i], func(other Publisher) bool { return other.Issuer == p.Issuer }) {
			return fmt.Errorf("Config.Publishers[%d].Issuer is listed twice; give one publisher all of its keys", i)
		}
		if err := (jose.Source{Set: p.Keys, URI: p.KeysURL}).Check(); err != nil {
			return fmt.Errorf("Config.Publishers[%d] must have Keys or KeysURL, and not both: %w", i, err)
		}
	}
	s.keys, err = assertion.NewKeys(s.kernel, s.cfg.Roots)
	return err
}

// readStatement overrules the members of a request by the claims of its software
// statement. It returns the statement, "" if none counts.
func (s *service) readStatement(r *http.Request, members map[string]json.RawMessage) (statement string, refusal *wire.Error) {
	if members[statementMember] == nil || len(s.cfg.Publishers) == 0 {
		return "", nil
	}
	statement, ok := wire.Text(members[statementMember])
	if !ok {
		return "", wire.Refuse(wire.InvalidSoftwareStatement, "software_statement must be a string")
	}
	token, err := jose.Parse(statement, jose.Rules{
		Types:      []string{"jwt", "software-statement+jwt", ""},
		Algorithms: s.kernel.Profile.Algorithms(jose.Algorithms),
	})
	if err != nil {
		return "", wire.Refuse(wire.InvalidSoftwareStatement, "software_statement: "+err.Error())
	}
	issuer, err := token.Unverified().Text("iss")
	i := slices.IndexFunc(s.cfg.Publishers, func(p Publisher) bool { return p.Issuer == issuer })
	if err != nil || i < 0 {
		return "", wire.Refuse(wire.UnapprovedSoftwareStatement, "this service trusts no statements of the iss of software_statement")
	}
	claims, refusal := s.verifyStatement(r, token, s.cfg.Publishers[i])
	if refusal != nil {
		return "", refusal
	}
	for name, claim := range claims.All() {
		if !slices.Contains(ownClaims, name) {
			members[name] = json.RawMessage(claim)
		}
	}
	return statement, nil
}

// verifyStatement returns the claims of a statement that its publisher signed
// and that is good now.
func (s *service) verifyStatement(r *http.Request, token *jose.Token, publisher Publisher) (jose.Claims, *wire.Error) {
	source := jose.Source{Set: publisher.Keys, URI: publisher.KeysURL}
	keys, err := s.keys.For(r.Context(), token, source, "publisher "+publisher.Issuer)
	if err != nil { // keys that are of no use are the host's fault
		return jose.Claims{}, wire.Outage(err)
	}
	claims, err := token.Verify(keys...)
	if err == nil {
		err = s.judgeStatement(claims)
	}
	if err != nil {
		return jose.Claims{}, wire.Refuse(wire.InvalidSoftwareStatement, "software_statement: "+err.Error())
	}
	return claims, nil
}

// judgeStatement judges what a statement says of itself.
func (s *service) judgeStatement(claims jose.Claims) error {
	now := s.kernel.Now()
	expires, err := claims.Time("exp")
	if err == nil && claims.Has("exp") && !now.Before(expires.Add(assertion.Skew)) {
		err = errors.New("it has expired")
	}
	if err != nil {
		return err
	}
	for _, name := range []string{"iat", "nbf"} {
		from, err := claims.Time(name)
		if err == nil && from.After(now.Add(assertion.Skew)) {
			err = errors.New("it is not good yet: " + name + " is in the future")
		}
		if err != nil {
			return err
		}
	}
	audience, err := claims.Audience()
	if err == nil && claims.Has("aud") && !slices.Contains(audience, s.kernel.Issuer) {
		err = errors.New("aud does not name " + s.kernel.Issuer)
	}
	return err
}
