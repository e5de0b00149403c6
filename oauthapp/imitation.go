package oauthapp

import (
	"strings"
	"unicode"
)

// Imitates reports whether a name holds another one, as far as people can see: in any
// case, with whatever spaces and punctuation, accents, look-alike letters of other
// alphabets, and digits for letters. So "Ехаmple-C1oud Support" imitates "Example
// Cloud", and so does "Backup for Example Cloud": whoever wants to allow the latter
// leaves that ending out before asking. It is meant for names of several letters.
//
// Common look-alikes are known, not all of them, and none that needs a certain font.
func Imitates(name, other string) bool {
	s := skeleton(other)
	return s != "" && strings.Contains(skeleton(name), s)
}

// skeleton returns what is left of a text once everything that looks alike is the same,
// after the idea of Unicode Technical Standard 39, section 4.
func skeleton(text string) string {
	var b strings.Builder
	for _, r := range text {
		r = plainForm(r)
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue // joins the character before, or is invisible
		}
		r = unicode.ToLower(unicode.ToUpper(r))
		if like, ok := lookAlikes[r]; ok {
			r = like
		}
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return pairs.Replace(b.String())
}

// pairs makes of two letters the one that they look like, then closes gaps.
var pairs = strings.NewReplacer("rn", "m", "vv", "w", " ", "")

// plainForm returns the letter or digit that a character is a typographic form of.
func plainForm(r rune) rune {
	letter := func(n rune) rune { // of the alphabet in capitals, then in small letters
		if n %= 52; n >= 26 {
			return 'a' + n - 26
		}
		return 'A' + n
	}
	switch {
	case 0xff01 <= r && r <= 0xff5e: // full width
		return '!' + r - 0xff01
	case 0x1d400 <= r && r <= 0x1d6a3: // bold, italic, script, Fraktur, double-struck and so on
		return letter(r - 0x1d400)
	case 0x1d7ce <= r && r <= 0x1d7ff: // the same of digits
		return '0' + (r-0x1d7ce)%10
	case 0x24b6 <= r && r <= 0x24e9: // in circles
		return letter(r - 0x24b6)
	case 0x1f130 <= r && r <= 0x1f189 && (r-0x1f130)%32 < 26: // in squares and filled ones
		return letter((r - 0x1f130) % 32)
	case 0x1f1e6 <= r && r <= 0x1f1ff: // of flags
		return letter(r - 0x1f1e6)
	}
	return r
}

// lookAlikes gives the Latin letter that a small letter, digit or sign looks like, or is
// with an accent. Case is folded before, so what only looks alike as a capital, as the
// Greek rho does, is here too.
var lookAlikes = func() map[rune]rune {
	table := map[rune]rune{}
	for letter, alike := range map[rune]string{
		'a': "4@àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặɑᴀаӑӓαάἀꭺ",
		'b': "8ḃḅḇƀɓʙᴃвЬβƅ",
		'c': "çćĉċčḉƈȼᴄсҫϲ",
		'd': "ďđḋḍḏḑḓɖɗᴅԁ",
		'e': "3èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệᴇеёєҽԑεέ",
		'f': "ḟƒꜰϝ",
		'g': "9ĝğġģǥǧǵḡɠɡɢԍց",
		'h': "ĥħȟḣḥḧḩḫẖʜһнηհ",
		'i': "1l|!ìíîïĩīĭįıǐȉȋḭḯỉịɨɩɪіїӏιίĺļľŀłḷḹḻḽɫʟⅼⅰ",
		'j': "ĵǰɉᴊјϳ",
		'k': "ķǩḱḳḵƙᴋкқҝκ",
		'm': "ḿṁṃᴍмμⅿ",
		'n': "ñńņňŉǹṅṇṉṋɲɴпոռν",
		'o': "0òóôõöøōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợɵᴏоӧοόσօഠ๐",
		'p': "ṕṗƥᴘрρ",
		'q': "ԛգʠ",
		'r': "ŕŗřȑȓṙṛṝṟɍʀг",
		's': "5$śŝşšșṡṣṥṧṩʂꜱѕ",
		't': "7ţťŧțṫṭṯṱẗƭᴛтτ",
		'u': "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữựᴜυύսц",
		'v': "ṽṿᴠѵⅴ",
		'w': "ŵẁẃẅẇẉẘᴡԝшωώ",
		'x': "×ẋẍхχⅹ",
		'y': "ýÿŷȳẏẙỳỵỷỹɏʏуўγү",
		'z': "2źżžẑẓẕƶᴢζ",
	} {
		for _, r := range alike {
			table[unicode.ToLower(unicode.ToUpper(r))] = letter
		}
	}
	return table
}()
