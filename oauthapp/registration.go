package oauthapp

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Registration is what a developer fills in to register or edit an
// application. An edit replaces every field that can be edited. White space
// around texts and URLs is dropped. Empty callback URLs are dropped.
type Registration struct {
	// ClientID is the client ID that the application gets. It is optional when
	// registering and ignored when editing. Take it from [NewClientID], 20
	// hexadecimal digits in lower case, before the registration is sent, so
	// that a registration that is sent twice registers once: the second returns
	// ErrExists. An application without an owner may also bring an https URL of
	// up to 1024 bytes that has the form of a callback URL.
	ClientID string
	// Name is shown to users. It has 1 to 100 characters. Control characters,
	// invisible characters and characters that change the direction of writing
	// are refused. An accent must follow a letter, and a letter has at most 4
	// accents. Zero-width joiners and non-joiners are accepted where Indic and
	// Arabic scripts need them (RFC 5892, appendix A.1 and A.2).
	Name string
	// Description is optional. It has up to 1000 characters, which may include
	// line breaks.
	Description string
	// HomepageURL begins with https:// or http:// and has up to 2000 bytes. It
	// is optional for an application without an owner.
	HomepageURL string
	// CallbackURLs are 1 to 20 different URLs of up to 2000 bytes, each of one
	// of these forms:
	//
	//   - https://, a host and a path;
	//   - http:// with the host localhost, 127.0.0.1 or [::1], and a path;
	//   - for public applications also a private-use scheme with a period, and
	//     a path, as in com.example.app:/callback (RFC 8252, section 7.1), or
	//     one of Config.PrivateUseSchemes, which may have a host too.
	//
	// A query is accepted unless it has a parameter of an authorization
	// response. Fragments, user information, wildcards, dot segments and
	// whatever URL parsers do not all read alike are refused. The URLs are kept
	// byte for byte and compared as [MatchCallback] says. The path "/" may be
	// left out: https://example.com is kept as https://example.com/, which is
	// what URL parsers make of it and what an authorization request has to
	// send.
	//
	// An application to which no browser is ever sent, such as one that acts
	// for itself or that only asks what tokens stand for, has one that nobody
	// can have: https://unused.invalid/ (RFC 6761, section 6.4).
	CallbackURLs []string
	// Type is Confidential or Public. It is fixed when registering, where ""
	// means Confidential. When editing it must be "" or the application's type.
	Type ClientType
	// Scopes is a subset of Config.Scopes. Empty means every scope that the
	// service offers, including those that it offers later.
	Scopes []string
	// Extra has an entry for each capability of package flow that keeps
	// something with the application: what encodes as its JSON, by the name of
	// the capability. When editing, the entries named here are replaced, or
	// removed by nil, and the others stay; [Registry.SetExtra] changes one
	// alone.
	Extra map[string]any
	// Version is the [Application] version that an edit is based on. It is
	// ignored when registering. An edit that is not based on the newest version
	// changes nothing and returns a [*ConflictError]. A caller that leaves it 0
	// can edit only an application that was never edited.
	Version int64
}

const (
	maxName        = 100  // characters
	maxDescription = 1000 // characters
	maxURLBytes    = 2000
	maxCallbacks   = 20
)

// rules are what a service demands of a registration beyond what every service
// does.
type rules struct {
	scopes    []string // that the service offers
	withdrawn []string // scopes that the application keeps, offered or not
	schemes   []string // Config.PrivateUseSchemes
	ownerless bool     // the application has no owner
}

// rulesFor are the rules for an application that is registered.
func (cfg Config) rulesFor(owner string) rules {
	return rules{scopes: cfg.Scopes, schemes: cfg.PrivateUseSchemes, ownerless: owner == ""}
}

// normalizeFor is normalize for an edit of an application, whose type is fixed.
// It accepts scopes of the application that the service has withdrawn. They
// give nothing, but an application that lost its only scope would be
// unrestricted.
func (reg Registration) normalizeFor(app Application, by rules) (Registration, []FieldError) {
	changed := reg.Type != "" && reg.Type != app.Type
	reg.Type, by.withdrawn = app.Type, app.Scopes
	reg, problems := reg.normalize(by)
	if changed {
		problems = append(problems, wrong("client_type.fixed", "cannot be changed; it is %s.", quote(string(app.Type))).about("client_type", "Client type"))
	}
	return reg, problems
}

// normalize returns the registration as it is kept, and everything that is
// wrong with it. The caller has set its type.
func (reg Registration) normalize(by rules) (Registration, []FieldError) {
	var problems []FieldError
	report := func(field, subject string, m *mistake) {
		if m != nil {
			problems = append(problems, m.about(field, subject))
		}
	}
	reg = reg.tidy()
	report("name", "Name", checkName(reg.Name))
	report("description", "Description", checkDescription(reg.Description))
	if reg.HomepageURL != "" || !by.ownerless {
		report("homepage_url", "Homepage URL", checkHomepage(reg.HomepageURL))
	}
	if reg.Type != Confidential && reg.Type != Public {
		report("client_type", "Client type", wrong("client_type.unknown", `must be "confidential" or "public".`))
	}
	problems = append(problems, checkCallbacks(reg.CallbackURLs, reg.Type, by.schemes)...)
	for _, scope := range reg.Scopes {
		if !slices.Contains(by.scopes, scope) && !slices.Contains(by.withdrawn, scope) {
			problems = append(problems, unknownScope(by.scopes).aboutValue("scopes", scope))
		}
	}
	return reg, problems
}

func checkCallbacks(callbacks []string, typ ClientType, schemes []string) (problems []FieldError) {
	switch n := len(callbacks); {
	case n == 0:
		return []FieldError{wrong("callback_url.required", `is required; write one as in "https://example.com/callback", or "https://unused.invalid/" if no user is ever sent back to the application.`).about("callback_url", "Callback URL")}
	case n > maxCallbacks:
		return []FieldError{wrong("callback_url.too_many", "Callback URLs are too many: %d; remove some, as an application may have up to %d.", n, maxCallbacks).of("callback_url")}
	}
	for i, callback := range callbacks {
		m := checkCallback(callback, typ, schemes...)
		if slices.Contains(callbacks[:i], callback) {
			m = wrong("callback_url.twice", "is listed twice; remove one.")
		}
		if m != nil {
			problems = append(problems, m.aboutValue("callback_url", callback))
		}
	}
	return problems
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

func checkName(name string) *mistake {
	switch {
	case name == "":
		return wrong("name.required", "is required; write 1 to 100 characters.")
	case !utf8.ValidString(name):
		return wrong("not_utf8", "has bytes that are not UTF-8; send the form as UTF-8.")
	case utf8.RuneCountInString(name) > maxName:
		return wrong("too_long", "is too long; shorten it to at most %d characters.", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !isJoiner(r) && isDeceptive(r) }):
		return wrong("name.invisible", "must be one line of visible characters; remove control characters, invisible characters and characters that change the direction of writing.")
	case hasLooseJoiners(name):
		return wrong("name.joiner", "has an invisible joiner (U+200C or U+200D) where the script needs none; leave it out.")
	case hasLooseMarks(name):
		return looseMarks()
	}
	return nil
}

func checkDescription(description string) *mistake {
	bad := func(r rune) bool {
		return r != '\n' && r != '\t' && !isJoiner(r) && isDeceptive(r) // emoji need joiners too
	}
	switch {
	case !utf8.ValidString(description):
		return wrong("not_utf8", "has bytes that are not UTF-8; send the form as UTF-8.")
	case utf8.RuneCountInString(description) > maxDescription:
		return wrong("too_long", "is too long; shorten it to at most %d characters.", maxDescription)
	case strings.ContainsFunc(description, bad):
		return wrong("description.invisible", "may have line breaks and tabs; remove other control characters, invisible characters and characters that change the direction of writing.")
	case hasLooseMarks(description):
		return looseMarks()
	}
	return nil
}

// isDeceptive reports whether a character is invisible or lets a text show as
// something else. Such are control and format characters (the bidirectional
// overrides U+202A to U+202E and U+2066 to U+2069, the zero-width characters),
// line separators, private use, and letters, marks and symbols that are blank.
func isDeceptive(r rune) bool {
	const blankBraille = 0x2800
	return r == blankBraille || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point) // such as the Hangul fillers
}

// maxMarks is how many marks, such as accents, a letter may have. No language
// needs more (Unicode Technical Standard 39, section 5.4).
const maxMarks = 4

func looseMarks() *mistake {
	return wrong("accents", "must not begin with an accent or have more than 4 accents on one letter; remove them.")
}

// hasLooseMarks reports whether a text begins with a mark, or has more than
// maxMarks marks on a letter. A mark at the beginning combines with whatever
// the page shows before it, and a text of marks alone is invisible. A pile of
// marks covers the lines above and below.
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

func checkHomepage(homepage string) *mistake {
	if homepage == "" {
		return wrong("homepage_url.required", `is required; write it as in "https://example.com".`)
	}
	if problem := checkURLCharacters(homepage); problem != nil {
		return problem
	}
	// Homepages are not compared, so scheme and host may be in upper case.
	scheme, rest, ok := strings.Cut(homepage, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "https" && scheme != "http" {
		return wrong("homepage_url.scheme", `must begin with "https://" or "http://".`)
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority, _, _, _ := splitAuthority(rest)
	_, problem := checkAuthority(strings.ToLower(authority))
	return problem
}

// trimmed returns the texts that are not blank, without white space around
// them.
func trimmed(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// quote returns what somebody wrote, in quotes and shortened, for a message.
func quote(s string) string {
	const most = 100
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

func unknownScope(offered []string) *mistake {
	if len(offered) == 0 {
		return wrong("scope.none", "is not a scope of this service; choose none, as the service offers no scopes.")
	}
	return wrong("scope.unknown", "is not a scope of this service; choose from %s.", strings.Join(offered, ", "))
}
