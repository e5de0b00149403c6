package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow"
)

const (
	languagePath   = "/language"
	languageCookie = "language"
	languageTTL    = 365 * 24 * time.Hour
)

// languageOf returns the language that somebody chose in the footer. A service
// whose users have a setting returns that. Without a choice, the login page is
// in the languages that the application names which sent the user, as the
// consent page is that follows.
func languageOf(r *http.Request) string {
	if cookie, err := r.Cookie(languageCookie); err == nil {
		return cookie.Value
	}
	return strings.Join(flow.ParseReturnTo(r.URL.Query().Get("return_to")).Locales, ",")
}

// chooseLanguage answers GET /language?tag=de: it keeps the choice, and leads
// back to the page that it was made on.
func chooseLanguage(secure bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: url.QueryEscape(r.URL.Query().Get("tag")), Path: "/", MaxAge: int(languageTTL.Seconds()),
			HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
		})
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, wayBack(r), http.StatusSeeOther)
	}
}

// wayBack is the page of this service that a link was followed on, or else the
// start page.
func wayBack(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || !strings.HasPrefix(from.Path, "/") || strings.HasPrefix(from.Path, "//") {
		return "/"
	}
	return (&url.URL{Path: from.Path, RawPath: from.RawPath, RawQuery: from.RawQuery}).String()
}
