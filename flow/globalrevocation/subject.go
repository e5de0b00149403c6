package globalrevocation

import (
	"encoding/json"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// The formats of a [Subject] (RFC 9493, section 3.2).
const (
	Email         = "email"
	IssuerSubject = "iss_sub"
	Opaque        = "opaque"
)

// A Subject names a user. Fields that its Format does not have are "".
type Subject struct {
	Format  string // Email, IssuerSubject or Opaque
	Email   string // of Email, as it was sent: in any spelling
	Issuer  string // of IssuerSubject: who named the user
	Subject string // of IssuerSubject: what the issuer named them
	ID      string // of Opaque: as agreed with the caller
}

// maxIdentifier is how many bytes each member of a subject has at most.
const maxIdentifier = 1 << 10

// readSubject reads the body of a request.
func readSubject(w http.ResponseWriter, r *http.Request) (Subject, *wire.Error) {
	body, refusal := wire.ReadObject(w, r)
	if refusal != nil {
		return Subject{}, refusal
	}
	members, refusal := wire.ParseObject(string(body["sub_id"]))
	if refusal != nil {
		return Subject{}, refuseSubject("sub_id must be a JSON object with a format")
	}
	format, ok := identifier(members["format"])
	s := Subject{Format: format}
	fields := map[string]map[string]*string{
		Email:         {"email": &s.Email},
		IssuerSubject: {"iss": &s.Issuer, "sub": &s.Subject},
		Opaque:        {"id": &s.ID},
	}[format]
	if !ok || fields == nil {
		return Subject{}, refuseSubject("format of sub_id must be email, iss_sub or opaque")
	}
	for name, field := range fields {
		if *field, ok = identifier(members[name]); !ok {
			return Subject{}, refuseSubject("sub_id of this format must have " + name + ", a string of 1 to 1024 bytes")
		}
	}
	return s, nil
}

func refuseSubject(description string) *wire.Error {
	return wire.Refuse(wire.InvalidRequest, description)
}

// identifier reads a string that can name something.
func identifier(member json.RawMessage) (string, bool) {
	s, ok := wire.Text(member)
	return s, ok && s != "" && len(s) <= maxIdentifier && wire.IsText(s)
}
