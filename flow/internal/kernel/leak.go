package kernel

import (
	"net/http"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Leakable is a kind of credential that can be ended by whoever found it
// where everybody can read it.
type Leakable struct {
	Kind credential.Kind

	// Revoke ends a live credential of the Kind. It returns an event for each
	// application or user that the credential was of, which tells of them,
	// and none where there is no such live credential. It may end one and
	// return an error too, and can be repeated.
	Revoke func(r *http.Request, c credential.Parsed) ([]oauthapp.Event, error)
}

// Revoke ends a credential that was found somewhere, whatever kind it is of
// those that are known here. It returns what was ended, none for everything
// else. Each event has its type, which is CredentialLeaked, and its kind.
func (all *Contributions) Revoke(format credential.Format, r *http.Request, text string) ([]oauthapp.Event, error) {
	for _, known := range all.leakable {
		parsed, err := format.Parse(known.Kind, text)
		if err != nil {
			continue
		}
		events, err := known.Revoke(r, parsed)
		for i := range events {
			events[i].Type, events[i].Credential = oauthapp.CredentialLeaked, string(known.Kind)
		}
		return events, err
	}
	return nil, nil
}
