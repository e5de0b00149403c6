package oauthapp

import (
	"strings"
	"unicode"
)

// Imitates reports whether a name holds another one, as far as people can see: in any
// case, with whatever spaces and punctuation, accents, typographic forms, look-alike
// letters of other alphabets, and digits for letters. So "Ехаmple-C1oud Support" imitates
// "Example Cloud", and so does "Backup for Example Cloud": whoever wants to allow the
// latter leaves that ending out before asking.
//
// It is meant for long names: a short one is found in the middle of others, as "Acme" is
// in "Mac Mechanic". A host with such a name lets its Config.ReservedName admit those.
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
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) {
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
	return joined.Replace(b.String())
}

// joined makes of two letters the one that they look like, of one the letters that it
// joins, and closes gaps.
var joined = strings.NewReplacer("rn", "m", "vv", "w", " ", "",
	"ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fi", "ﬃ", "ffi", "ﬄ", "ffi", "ﬅ", "st", "ﬆ", "st",
	"æ", "ae", "œ", "oe", "ß", "ss", "ĳ", "ij", "ǆ", "dz", "ǳ", "dz", "ǉ", "ij", "ǌ", "nj",
	"ⅱ", "ii", "ⅲ", "iii", "ⅳ", "iv", "ⅵ", "vi", "ⅶ", "vii", "ⅷ", "viii", "ⅸ", "ix", "ⅺ", "xi", "ⅻ", "xii",
)

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
	case 0x1d6a8 <= r && r <= 0x1d7cb: // the same of the Greek alphabet, with signs between
		switch n := (r - 0x1d6a8) % 58; {
		case n < 25:
			return 'Α' + n
		case 26 <= n && n < 51:
			return 'α' + n - 26
		}
	case 0x1d7ce <= r && r <= 0x1d7ff: // and of digits
		return '0' + (r-0x1d7ce)%10
	case 0x2080 <= r && r <= 0x2089, 0x2074 <= r && r <= 0x2079: // lowered and raised
		return '0' + r%16
	case 0x1fbf0 <= r && r <= 0x1fbf9: // of seven segments
		return '0' + r - 0x1fbf0
	case 0x2460 <= r && r <= 0x249b && (r-0x2460)%20 < 9: // in circles, in brackets, and with a full stop
		return '1' + (r-0x2460)%20
	case 0x2776 <= r && r <= 0x2793 && (r-0x2776)%10 < 9: // in filled circles and others
		return '1' + (r-0x2776)%10
	case 0x249c <= r && r <= 0x24b5: // in brackets
		return 'a' + r - 0x249c
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
		'a': "4@àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặɑᴀаӑӓαάἀꭺªᴬᵃₐꓮⲁ",
		'b': "8ḃḅḇƀɓʙᴃвЬβƅᴮᵇℬᏴꓐⲃ",
		'c': "çćĉċčḉƈȼᴄсҫϲℂℭⅽꟲᶜ🄫©ᏟꓚⲥᑕⲤ",
		'd': "ďđḋḍḏḑḓɖɗᴅԁᴰⅅᵈⅆⅾᎠꓓ∂",
		'e': "3èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệᴇеёєҽԑεέ³ᴱℰᵉₑℯⅇ℮ɛᎬꓰ",
		'f': "ḟƒꜰϝℱꟳᶠꓝ",
		'g': "9ĝğġģǥǧǵḡɠɡɢԍցᴳᵍℊᏀꓖ",
		'h': "ĥħȟḣḥḧḩḫẖʜһнηհᴴℋℌℍʰₕℎᎻꓧⲏ",
		'i': "1l|!ìíîïĩīĭįıǐȉȋḭḯỉịɨɩɪіїӏιίĺļľŀłḷḹḻḽɫʟⅼⅰ¹ᴵℐℑᵢⁱℹⅈ𝚤ᴸℒˡₗℓǀ∣ᏞꓡꓲⲒ",
		'j': "ĵǰɉᴊјϳᴶʲⅉⱼ𝚥Ꭻꓙ",
		'k': "ķǩḱḳḵƙᴋкқҝκᴷᵏₖᏦꓗⲕ",
		'm': "ḿṁṃᴍмμⅿᴹℳᵐₘɱᎷꓟⲙ",
		'n': "ñńņňŉǹṅṇṉṋɲɴпոռνᴺℕⁿₙꓠⲛ",
		'o': "0òóôõöøōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợɵᴏоӧοόσօഠ๐⁰⓪⓿ºᴼᵒₒℴꓳⲟⵔ◯○⭕",
		'p': "ṕṗƥᴘрρᴾℙᵖₚᏢꓑⲣ",
		'q': "ԛգʠℚꟴ𐞥",
		'r': "ŕŗřȑȓṙṛṝṟɍʀгᴿℛℜℝʳᵣ🄬Ꭱꓣ",
		's': "5$śŝşšșṡṣṥṧṩʂꜱѕˢₛᏚꓢ",
		't': "7ţťŧțṫṭṯṱẗƭᴛтτᵀᵗₜᎢꓔⲧ",
		'u': "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữựᴜυύսцᵁᵘᵤꓴ",
		'v': "ṽṿᴠѵⅴⱽᵛᵥᏙꓦ",
		'w': "ŵẁẃẅẇẉẘᴡԝшωώᵂʷᏔꓪ",
		'x': "×ẋẍхχⅹˣₓꓫⲭ",
		'y': "ýÿŷȳẏẙỳỵỷỹɏʏуўγүʸᎩꓬⲩ",
		'z': "2źżžẑẓẕƶᴢζ²ℤℨᶻᏃꓜⲍ",
	} {
		for _, r := range alike {
			table[unicode.ToLower(unicode.ToUpper(r))] = letter
		}
	}
	return table
}()
