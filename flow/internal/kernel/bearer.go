package kernel

import (
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// BearerToken returns the token of a request that has one Authorization header,
// of the scheme Bearer (RFC 6750, section 2.1).
func BearerToken(r *http.Request) (token string, presented bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, Bearer) || token == "" || len(r.Header["Authorization"]) > 1 {
		return "", false
	}
	return token, true
}

// RefuseBearer answers with an error at an endpoint whose callers have Bearer
// tokens that are no access tokens (RFC 6750, section 3).
func (k *Kernel) RefuseBearer(w http.ResponseWriter, r *http.Request, refusal *wire.Error) {
	if refusal.Status != http.StatusUnauthorized {
		k.WriteError(w, r, refusal)
		return
	}
	if o := OutcomeOf(r.Context()); o != nil {
		o.Refusal = refusal
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="`+refusal.Code+`"`)
	wire.WriteError(w, refusal)
}
