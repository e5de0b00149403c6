package oauthapp

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

// checkHost accepts a host in its one canonical spelling. Other spellings are
// read differently: 0x7f.1 and 2130706433 are addresses to browsers and names
// to most other programs.
func checkHost(host string) *mistake {
	lower := strings.ToLower(host)
	switch {
	case host == "":
		return wrong("url.no_host", `has no host; write all of it, as in "https://example.com/callback".`)
	case host != lower:
		return wrong("url.host_case", "must have its host in lower case: %s.", strconv.Quote(lower))
	case strings.HasPrefix(host, "["):
		addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || "["+addr.String()+"]" != host {
			return wrong("url.ipv6", `has a bad IPv6 address; write it in its shortest form, as in "[2001:db8::1]".`)
		}
		return nil
	case strings.HasSuffix(host, "."):
		return wrong("url.host_period", "has a host that ends with a period; leave that out.")
	}
	labels := strings.Split(host, ".")
	if last := labels[len(labels)-1]; looksNumeric(last) {
		if addr, err := netip.ParseAddr(host); err != nil || addr.String() != host {
			return wrong("url.ipv4", `has a bad IP address; write its four decimal numbers, as in "192.0.2.1".`)
		}
		return nil
	}
	if len(host) > 253 || slices.ContainsFunc(labels, func(label string) bool { return !hostLabel.MatchString(label) }) {
		return wrong("url.host", "has a bad host; write a domain name of letters, digits, hyphens, underscores and periods, "+
			"in punycode where it has other characters.")
	}
	if bad := badPunycode(labels); bad != "" {
		return wrong("url.punycode", "has a host with %s, which is not punycode that browsers read; copy the host from the address bar of a browser.", strconv.Quote(bad))
	}
	return nil
}

// hostLabel accepts underscores: many names in the DNS have them, though names
// of machines do not.
var hostLabel = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// looksNumeric reports whether a last label makes browsers read the host as an
// IPv4 address.
func looksNumeric(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

// badPunycode returns the first label that browsers refuse, "" for none. They
// refuse bad punycode (Unicode Technical Standard 46, section 4.1) and labels
// that may not stand in a host with labels from right to left (RFC 5893,
// section 2). It also refuses some rare mixtures of directions that browsers
// accept.
func badPunycode(labels []string) string {
	texts := make([][]rune, len(labels))
	rightToLeft := false
	for i, label := range labels {
		texts[i] = []rune(label)
		if encoded, ok := strings.CutPrefix(label, "xn--"); ok {
			if texts[i], ok = decodePunycode(encoded); !ok || !isLabel(texts[i]) {
				return label
			}
		}
		rightToLeft = rightToLeft || slices.ContainsFunc(texts[i], isRightToLeft)
	}
	for i, label := range labels {
		if rightToLeft && !hasOneDirection(texts[i]) {
			return label
		}
	}
	return ""
}

// isLabel reports whether text, decoded from punycode, is a valid label that
// has to be encoded so.
func isLabel(text []rune) bool {
	starter := 0 // the character that the next ones may compose with
	for i, r := range text {
		class := ucd.Class(r)
		switch {
		case r > unicode.MaxASCII && !ucd.ValidInHosts(r),
			i == 0 && unicode.Is(unicode.M, r),
			i > 0 && class != 0 && lastClass(text[i-1]) > class,
			i > 0 && ucd.Composes(text[starter], r):
			return false
		case isJoiner(r) && !joinerFits(text, i):
			return false
		case class == 0:
			starter = i
		}
	}
	return !strings.HasPrefix(string(text), "xn--") && slices.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// lastClass returns the combining class of the last mark of a character.
func lastClass(r rune) uint8 {
	parts := []rune(ucd.Decompose(string(r)))
	return ucd.Class(parts[len(parts)-1])
}

func isRightToLeft(r rune) bool { return ucd.RightToLeft(r) || ucd.ArabicNumber(r) }

// hasOneDirection checks one label of a host that has labels from right to
// left.
func hasOneDirection(text []rune) bool {
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	isMark := func(r rune) bool { return ucd.Class(r) != 0 && unicode.Is(unicode.Mn, r) }
	isLatin := func(r rune) bool { return 'a' <= r && r <= 'z' }
	end := len(text) // without trailing marks
	for end > 1 && isMark(text[end-1]) {
		end--
	}
	first, last := text[0], text[end-1]
	if !slices.ContainsFunc(text, isRightToLeft) {
		all := !slices.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
		return all && isLatin(first) && (isLatin(last) || isDigit(last))
	}
	for _, r := range text {
		if !isRightToLeft(r) && !isDigit(r) && r != '-' && !isMark(r) && !isJoiner(r) {
			return false
		}
	}
	mixed := slices.ContainsFunc(text, isDigit) && slices.ContainsFunc(text, ucd.ArabicNumber)
	return ucd.RightToLeft(first) && (isRightToLeft(last) || isDigit(last)) && !mixed
}

// decodePunycode decodes what follows "xn--" (RFC 3492, section 6.2).
func decodePunycode(s string) ([]rune, bool) {
	const base, tmin, tmax, skew, damp, bias, n = 36, 1, 26, 38, 700, 72, 0x80
	var text []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		if i == 0 {
			return nil, false
		}
		text, s = []rune(s[:i]), s[i+1:]
	}
	code, at, adapted := rune(n), 0, bias
	for s != "" {
		before, weight := at, 1
		for k := base; ; k += base {
			if s == "" {
				return nil, false
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", s[0])
			s = s[1:]
			if digit < 0 {
				return nil, false
			}
			at += digit * weight
			threshold := min(max(k-adapted, tmin), tmax)
			if digit < threshold {
				break
			}
			weight *= base - threshold
			if at > unicode.MaxRune*64 || weight > unicode.MaxRune*64 {
				return nil, false
			}
		}
		length := len(text) + 1
		delta := (at - before) / 2
		if before == 0 {
			delta = (at - before) / damp
		}
		delta += delta / length
		k := 0
		for ; delta > (base-tmin)*tmax/2; k += base {
			delta /= base - tmin
		}
		adapted = k + (base-tmin+1)*delta/(delta+skew)

		code += rune(at / length)
		at %= length
		if code > unicode.MaxRune {
			return nil, false
		}
		text = slices.Insert(text, at, code)
		at++
	}
	return text, true
}
