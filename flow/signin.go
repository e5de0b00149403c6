package flow

import (
	"net/url"
	"path"
	"strings"
	"unicode"
)

// A SignIn is what the returnTo of [Config.LoginURL] tells the page on which a
// user signs in. ReturnTo is safe. Everything else comes from whoever made the
// authorization request and can be anything.
type SignIn struct {
	// ReturnTo is where the user who has signed in is sent: the returnTo, if it
	// is a path of this service, with its query, and "/" otherwise. So no link
	// to the page leads to another site (RFC 9700, section 4.11). What a
	// browser could read as a host, as after two slashes, a backslash or a tab,
	// is no path.
	ReturnTo string
	// Anew tells that the application wants a user who is signed in to sign in
	// again. The page shows its form to them, too, instead of sending them on.
	Anew bool
	// Hint is who the application believes the user to be, such as an e-mail
	// address: the parameter login_hint. "" if it does not tell.
	Hint string
	// Locales are the user's languages in order of preference, as tags of BCP
	// 47: the parameter ui_locales. Empty if the application does not tell.
	Locales []string
}

// ParseReturnTo reads the returnTo that [Config.LoginURL] was given, for the
// login page, which gets it back from a browser. Anybody may have written it:
// ParseReturnTo takes every string. If it is not that of an authorization
// request, only ReturnTo is set.
func ParseReturnTo(returnTo string) SignIn {
	signIn := SignIn{ReturnTo: localPath(returnTo)}
	_, query, _ := strings.Cut(returnTo, "?")
	params, err := url.ParseQuery(query)
	if err != nil || !params.Has("client_id") {
		return signIn
	}
	signIn.Anew = params.Has(loginTicketParam)
	signIn.Hint = params.Get("login_hint")
	signIn.Locales = strings.Fields(params.Get(localesParam))
	return signIn
}

// localPath returns returnTo if it is a path on this service, with its query,
// and "/" otherwise. Browsers drop tabs and read backslashes as slashes, so it
// refuses whatever could become a host that way.
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
