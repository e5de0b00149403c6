package main

import (
	"net/url"
	"path"
	"strings"
	"unicode"
)

// localPath returns returnTo if it is a path on this server, with its query,
// and "/" otherwise, so that no link to the login page leads anywhere else. It
// is stricter than any browser is lenient: nothing that one of them could read
// as a host, after dropping tabs or turning backslashes around, is let through.
func localPath(returnTo string) string {
	if !strings.HasPrefix(returnTo, "/") || strings.ContainsFunc(returnTo, unicode.IsControl) {
		return "/"
	}
	u, err := url.Parse(returnTo)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" {
		return "/"
	}
	if strings.ContainsFunc(u.Path, unicode.IsControl) || strings.Contains(u.Path, `\`) {
		return "/"
	}
	if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path {
		return "/" // an empty or a dot segment
	}
	return returnTo
}
