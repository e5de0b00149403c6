// Package sqlite keeps applications, grants and sessions in one SQLite file.
package sqlite
