package oauthapp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Registration is what a developer fills in to register or edit an application.
// All of it replaces what was there before. White space around texts and URLs is
// dropped, and so are empty callback URLs.
type Registration struct {
	// ClientID is what the application's client ID is to be, from [NewClientID]. It
	// makes a registration that is sent twice register once: the second returns
	// ErrExists. Optional when registering, ignored when editing.
	ClientID string
	// Name is shown to users: 1 to 100 characters, none of them a control character,
	// invisible, or one that changes the direction of writing. An accent has a letter
	// under it, which has 4 at most. Zero-width joiners and non-joiners are for where
	// Indic and Arabic scripts need them (RFC 5892, appendix A.1 and A.2).
	Name string
	// Description is optional: up to 1000 characters, line breaks among them.
	Description string
	// HomepageURL begins with https:// or http:// and has up to 2000 bytes.
	HomepageURL string
	// CallbackURLs are 1 to 20 different URLs of up to 2000 bytes, each
	//
	//   - https://, a host and a path;
	//   - http:// with the host localhost, 127.0.0.1 or [::1], and a path;
	//   - for public applications also a private-use scheme with a period, and a
	//     path, as in com.example.app:/callback (RFC 8252, section 7.1).
	//
	// A query is possible, but not with the names of the parameters of an
	// authorization response. A fragment, user information, wildcards, dot segments
	// and whatever URL parsers do not all read alike are refused. They are kept
	// byte for byte, and compared as [MatchCallback] says. The path "/" may be left
	// out: https://example.com is kept as https://example.com/, which is what URL
	// parsers make of it and what an authorization request has to send.
	CallbackURLs []string
	// Type is Confidential or Public. "" means Confidential when registering and
	// unchanged when editing; it cannot be changed.
	Type ClientType
	// Scopes is some of Config.Scopes, nil or empty for every one that the service
	// offers, now or later.
	Scopes []string
	// Version is the [Application] Version that an edit is based on. An edit based on
	// another version than the newest changes nothing and returns a [*ConflictError].
	// So 0, also where a caller forgot the version, edits an application that nobody
	// has edited before. Ignored when registering.
	Version int64
}

const (
	maxName        = 100  // characters
	maxDescription = 1000 // characters
	maxURLBytes    = 2000
	maxCallbacks   = 20
)

// normalizeFor is normalize for an edit of an application. Its type is fixed. It keeps
// scopes that the service has withdrawn: they give nothing, and an application that lost
// its only scope would be one without any restriction.
func (reg Registration) normalizeFor(app Application, offered []string) (Registration, []FieldError) {
	changed := reg.Type != "" && reg.Type != app.Type
	reg.Type = app.Type
	reg, problems := reg.normalize(offered, app.Scopes...)
	if changed {
		problems = append(problems, FieldError{"client_type", fmt.Sprintf("Client type cannot be changed; it is %q.", app.Type)})
	}
	return reg, problems
}

// normalize returns the registration as it is kept, and everything that is wrong with it.
// Its type is settled by then. Scopes are some of those offered and those it has.
func (reg Registration) normalize(offered []string, has ...string) (Registration, []FieldError) {
	var problems []FieldError
	report := func(field, subject, predicate string) {
		if predicate != "" {
			problems = append(problems, FieldError{field, subject + " " + predicate})
		}
	}

	reg = reg.tidy()
	report("name", "Name", checkName(reg.Name))

	report("description", "Description", checkDescription(reg.Description))

	report("homepage_url", "Homepage URL", checkHomepage(reg.HomepageURL))

	if reg.Type != Confidential && reg.Type != Public {
		report("client_type", "Client type", `must be "confidential" or "public".`)
	}

	switch n := len(reg.CallbackURLs); {
	case n == 0:
		report("callback_url", "Callback URL", `is required; write one as in "https://example.com/callback".`)
	case n > maxCallbacks:
		report("callback_url", "Callback URLs", fmt.Sprintf("are too many: %d of at most %d.", n, maxCallbacks))
	default:
		for i, callback := range reg.CallbackURLs {
			if slices.Contains(reg.CallbackURLs[:i], callback) {
				report("callback_url", quote(callback), "is listed twice.")
				continue
			}
			report("callback_url", quote(callback), checkCallback(callback, reg.Type))
		}
	}

	for _, scope := range reg.Scopes {
		if !slices.Contains(offered, scope) && !slices.Contains(has, scope) {
			report("scopes", quote(scope), "is no scope of this service; "+choices(offered))
		}
	}
	return reg, problems
}

// tidy returns the registration as it is kept if nothing is wrong with it.
func (reg Registration) tidy() Registration {
	reg.Name = strings.TrimSpace(reg.Name)
	reg.Description = strings.TrimSpace(strings.ReplaceAll(reg.Description, "\r\n", "\n"))
	reg.HomepageURL = strings.TrimSpace(reg.HomepageURL)
	reg.CallbackURLs = trimmed(reg.CallbackURLs)
	for i, callback := range reg.CallbackURLs {
		reg.CallbackURLs[i] = withPath(callback)
	}
	reg.Scopes = slices.Compact(slices.Sorted(slices.Values(reg.Scopes)))
	return reg
}

func checkName(name string) string {
	switch {
	case name == "":
		return "is required; write 1 to 100 characters."
	case !utf8.ValidString(name):
		return "must be valid UTF-8."
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("is too long; it may have up to %d characters.", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !isJoiner(r) && isDeceptive(r) }):
		return "must be on one line, without control characters, invisible ones, and those that change the direction of writing."
	case hasLooseJoiners(name):
		return "has an invisible joiner (U+200C or U+200D) where the script needs none; leave it out."
	case hasLooseMarks(name):
		return looseMarks
	}
	return ""
}

func checkDescription(description string) string {
	bad := func(r rune) bool {
		return r != '\n' && r != '\t' && !isJoiner(r) && isDeceptive(r) // emoji need joiners too
	}
	switch {
	case !utf8.ValidString(description):
		return "must be valid UTF-8."
	case utf8.RuneCountInString(description) > maxDescription:
		return fmt.Sprintf("is too long; it may have up to %d characters.", maxDescription)
	case strings.ContainsFunc(description, bad):
		return "must be without control characters, other than line breaks, invisible ones, and those that change the direction of writing."
	case hasLooseMarks(description):
		return looseMarks
	}
	return ""
}

// isDeceptive tells characters that let a text show as something else than it is, or as
// nothing: control and format characters (such as the bidirectional overrides, U+202A
// to U+202E and U+2066 to U+2069, and the zero-width ones), line separators,
// private use, and letters, marks and symbols that are blank.
func isDeceptive(r rune) bool {
	const blankBraille = 0x2800
	return r == blankBraille || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point) // such as the Hangul fillers
}

// maxMarks is how many marks, such as accents, a letter may have: more than any
// language needs (Unicode Technical Standard 39, section 5.4).
const maxMarks = 4

const looseMarks = "must not begin with an accent, or have more than 4 accents on one letter."

// hasLooseMarks tells a text that is nothing but marks, and so invisible, or that begins with one,
// which then stands on what a page has before it, or that has so many on a letter that they
// cover the lines above and below.
func hasLooseMarks(text string) bool {
	marks := maxMarks
	for _, r := range text {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return true
		}
	}
	return false
}

func checkHomepage(homepage string) string {
	if homepage == "" {
		return `is required; write it as in "https://example.com".`
	}
	if problem := checkURLCharacters(homepage); problem != "" {
		return problem
	}
	// Case means nothing in scheme and host, and nothing compares homepages.
	scheme, rest, ok := strings.Cut(homepage, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "https" && scheme != "http" {
		return `must begin with "https://" or "http://".`
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority, _, _, _ := splitAuthority(rest)
	_, problem := checkAuthority(strings.ToLower(authority))
	return problem
}

// trimmed returns the texts that are not blank, without white space around them.
func trimmed(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// quote shows what somebody wrote in a message about it.
func quote(s string) string {
	const most = 100
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

func choices(offered []string) string {
	if len(offered) == 0 {
		return "it has none to choose from."
	}
	return "choose from " + strings.Join(offered, ", ") + "."
}
