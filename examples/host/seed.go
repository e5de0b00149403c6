package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"
)

// seed makes people to try the service with, where there are none, and prints
// the password of each.
func (s *service) seed(ctx context.Context, stdout io.Writer) error {
	var people int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM taskboard.users`).Scan(&people); err != nil || people > 0 {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, team := range []string{"Acme", "Globex"} {
			if _, err := tx.Exec(ctx, `INSERT INTO taskboard.teams (name) VALUES ($1)`, team); err != nil {
				return err
			}
		}
		for _, p := range []struct {
			email, team, role string
			support           bool
		}{
			{"olga@example.com", "Acme", "owner", false},
			{"max@example.com", "Acme", "manager", false},
			{"mia@example.com", "Acme", "member", false},
			{"gina@example.com", "Globex", "manager", false},
			{"sam@example.com", "", "", true},
		} {
			password := rand.Text()
			hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `WITH added AS (INSERT INTO taskboard.users (email, password, support) VALUES ($1, $2, $3) RETURNING id)
				INSERT INTO taskboard.members SELECT t.id, added.id, $5 FROM added JOIN taskboard.teams t ON t.name = $4`,
				p.email, hash, p.support, p.team, p.role)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%s %s (%s %s)\n", p.email, password, p.role, p.team)
		}
		return nil
	})
}
