package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// The company directory that people come from tells of those who leave, with
// two requests of SCIM (RFC 7644). Both can be repeated: one that failed half
// way is carried out in full by the next.

// An operation is what a patch does to a user (RFC 7644, section 3.5.2). This
// service takes one that replaces "active", in both forms that directories
// send:
//
//	{"Operations": [{"op": "replace", "path": "active", "value": false}]}
//	{"Operations": [{"op": "replace", "value": {"active": false}}]}
type operation struct {
	Op, Path string
	Value    json.RawMessage
}

// active returns what it sets, nil where it does something else.
func (o operation) active() *bool {
	value := struct{ Active *bool }{}
	into := any(&value)
	if o.Path == "active" {
		into = &value.Active
	}
	if !strings.EqualFold(o.Op, "replace") || json.Unmarshal(o.Value, into) != nil {
		return nil
	}
	return value.Active
}

// patchUser answers PATCH /scim/v2/Users/{id}: it deactivates a user, or takes
// them back.
func (s *service) patchUser(w http.ResponseWriter, r *http.Request) error {
	var patch struct{ Operations []operation }
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil || len(patch.Operations) != 1 || patch.Operations[0].active() == nil {
		writeSCIMError(w, http.StatusBadRequest, `One operation is supported: to replace "active" by true or false.`)
		return nil
	}
	found, err := s.setActive(fromDirectory(r), chi.URLParam(r, "id"), *patch.Operations[0].active())
	if err != nil {
		return err
	}
	if !found {
		writeSCIMError(w, http.StatusNotFound, "There is no such user.")
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteUser answers DELETE /scim/v2/Users/{id}: nothing of the user is left,
// at the library either.
func (s *service) deleteUser(w http.ResponseWriter, r *http.Request) error {
	ctx, user := fromDirectory(r), chi.URLParam(r, "id")
	found, err := s.setActive(ctx, user, false)
	if err != nil {
		return err
	}
	if !found {
		writeSCIMError(w, http.StatusNotFound, "There is no such user.")
		return nil
	}
	if _, err := s.provider.Registry().Erase(ctx, user); err != nil {
		return err
	}
	if err := s.forget(ctx, user); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, `DELETE FROM taskboard.users WHERE id = $1`, user); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setActive lets a user in or keeps them out, and reports whether there is one.
// Who is kept out is signed out everywhere first, so that they authorize
// nothing any more, and then all access that they gave ends.
func (s *service) setActive(ctx context.Context, user string, active bool) (found bool, err error) {
	updated, err := s.pool.Exec(ctx, `WITH gone AS (DELETE FROM taskboard.sessions WHERE user_id = $1)
		UPDATE taskboard.users SET active = $2 WHERE id = $1`, user, active)
	if err != nil || updated.RowsAffected() == 0 {
		return false, err
	}
	event := oauthapp.Event{Type: "user.activate", Time: time.Now(), Actor: oauthapp.ActorFrom(ctx), UserID: user}
	if !active {
		event.Type = "user.deactivate"
		_, err = s.provider.Registry().EndAccess(ctx, oauthapp.GrantsOfUser(user), nil)
	}
	s.record(ctx, event)
	return true, err
}

// fromDirectory names the directory as the actor of what the library does.
func fromDirectory(r *http.Request) context.Context {
	return oauthapp.WithActor(r.Context(), actor(r, ""))
}

func writeSCIMError(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, status, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "detail": detail,
	})
}
