package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/flow"
)

// roles says what those who have a role in a team may do with its applications.
var roles = map[string]flow.Role{
	"owner":   flow.Administrator,
	"manager": flow.ManageApplications | flow.SeeGrants,
	"member":  flow.Member,
}

// A membership is the place of a person in a team.
type membership struct{ TeamID, Name, Role string }

// currentUser tells the library who is signed in.
func (s *service) currentUser(r *http.Request) (*flow.User, error) {
	p := personFrom(r.Context())
	if p == nil {
		return nil, nil
	}
	teams, err := s.teamsOf(r.Context(), p.ID)
	if err != nil {
		return nil, err
	}
	user := &flow.User{ID: p.ID, Name: p.Email, Session: p.Session, AuthenticatedAt: p.BeganAt}
	for _, t := range teams {
		user.Accounts = append(user.Accounts, flow.Account{ID: t.TeamID, Name: t.Name, Role: roles[t.Role]})
	}
	return user, nil
}

func (s *service) teamsOf(ctx context.Context, user string) ([]membership, error) {
	rows, _ := s.pool.Query(ctx, `SELECT t.id, t.name, m.role FROM taskboard.members m
		JOIN taskboard.teams t ON t.id = m.team_id WHERE m.user_id = $1 ORDER BY t.name`, user)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[membership])
}

// mayAct tells the library what a user may still give applications for a team:
// everything while they are in it, and nothing afterwards.
func (s *service) mayAct(ctx context.Context, user, team string) ([]string, error) {
	var isMember bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM taskboard.members m JOIN taskboard.users u ON u.id = m.user_id
		WHERE m.user_id = $1 AND m.team_id = $2 AND u.active)`, user, team).Scan(&isMember)
	if !isMember || err != nil {
		return nil, err
	}
	return []string{readTasks, writeTasks}, nil
}

// teamName names the owner of an application.
func (s *service) teamName(ctx context.Context, team string) (name string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT name FROM taskboard.teams WHERE id = $1`, team).Scan(&name)
	return name, ignoreNoRows(err)
}

// email names a user, who may be gone.
func (s *service) email(ctx context.Context, user string) (email string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT email FROM taskboard.users WHERE id = $1`, user).Scan(&email)
	return email, ignoreNoRows(err)
}

func ignoreNoRows(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// home shows the teams of who is signed in.
func (s *service) home(w http.ResponseWriter, r *http.Request) error {
	p := personFrom(r.Context())
	if p == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return nil
	}
	teams, err := s.teamsOf(r.Context(), p.ID)
	if err != nil {
		return err
	}
	s.provider.WritePage(w, r, http.StatusOK, "home.html", teams)
	return nil
}
