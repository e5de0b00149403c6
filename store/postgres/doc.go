// Package postgres keeps applications, grants and sessions in PostgreSQL.
package postgres
