package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/flow"
)

// A task is what applications read and add.
type task struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// listTasks answers GET /api/tasks, for applications with the scope tasks:read:
// the tasks of the team that the user authorized the application for.
func (s *service) listTasks(w http.ResponseWriter, r *http.Request) error {
	authorization, _ := flow.AuthorizationFrom(r.Context())
	rows, _ := s.pool.Query(r.Context(), `SELECT id, title FROM taskboard.tasks WHERE team_id = $1 ORDER BY id DESC LIMIT 100`, authorization.AccountID)
	tasks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[task])
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, tasks)
	return nil
}

// addTask answers POST /api/tasks, for applications with the scope tasks:write.
func (s *service) addTask(w http.ResponseWriter, r *http.Request) error {
	authorization, _ := flow.AuthorizationFrom(r.Context())
	var added task
	if err := json.NewDecoder(r.Body).Decode(&added); err != nil || added.Title == "" || strings.ContainsRune(added.Title, 0) {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "A task is JSON with a title."})
		return nil
	}
	err := s.pool.QueryRow(r.Context(), `INSERT INTO taskboard.tasks (team_id, title) VALUES ($1, $2) RETURNING id`,
		authorization.AccountID, added.Title).Scan(&added.ID)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, added)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the caller has gone
}
