package main

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/oauthapps/oauthapps/flow"
)

// whoami answers GET /v2/whoami: the protected API of the demo, as small as it
// gets. Its guard, flow.Provider.Guard, has checked the token before: of a
// user, or of an application itself.
func whoami(people *directory, logger *slog.Logger) http.Handler {
	type identity struct {
		ID    int    `json:"id"`
		Email string `json:"email"`
	}
	type data struct {
		User    identity  `json:"user"`
		Account *identity `json:"account"` // null for a token of theirs that is for no one account
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, ok := flow.AuthorizationFrom(r.Context())
		if !ok {
			logger.ErrorContext(r.Context(), "whoami is mounted without its guard")
			writeProblem(w, http.StatusInternalServerError, "server_error", "Something went wrong.")
			return
		}
		if authorization.IsApplication() {
			writeJSON(w, http.StatusOK, map[string]any{"data": map[string]string{"application": authorization.ClientID}})
			return
		}
		// The user may have left the account since they authorized the
		// application.
		p, isPerson := people.person(authorization.UserID)
		if isPerson && authorization.IsAPIToken() && authorization.AccountID == "" {
			writeJSON(w, http.StatusOK, map[string]data{"data": {User: identity{p.id, p.email}}})
			return
		}
		a, isMember := p.accountByID(authorization.AccountID)
		if !isPerson || !isMember {
			writeProblem(w, http.StatusForbidden, "access_denied", "The user has no access to this account.")
			return
		}
		writeJSON(w, http.StatusOK, map[string]data{
			"data": {User: identity{p.id, p.email}, Account: &identity{a.id, a.email}},
		})
	})
}

// writeProblem answers in the words of RFC 6749, section 5.2, which OAuth
// clients read, and with the message that API clients read.
func writeProblem(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": message, "message": message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // an error means that the caller has gone
}
