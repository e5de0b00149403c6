//go:build ignore

// Gen writes what package ucd embeds, from files of the Unicode Character
// Database and of Unicode Technical Standards 39 and 46 in the folder that it
// is given:
//
//	UnicodeData.txt, DerivedAge.txt   https://www.unicode.org/Public/17.0.0/ucd/
//	DerivedJoiningType.txt            https://www.unicode.org/Public/17.0.0/ucd/extracted/
//	confusables.txt                   https://www.unicode.org/Public/17.0.0/security/
//	IdnaMappingTable.txt              https://www.unicode.org/Public/17.0.0/idna/
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/format"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const version = "17.0.0"

// A character is a line of UnicodeData.txt.
type character struct {
	name, category, bidi string
	class                int    // canonical combining class
	canonical            string // decomposition, one step of it
	compatible           string // the same, canonical or not
}

var (
	folder      string
	sources     strings.Builder // what was read
	characters  = map[rune]character{}
	named       = map[string]rune{}
	confusables = map[rune]string{}
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run gen.go FOLDER")
	}
	folder = os.Args[1]
	readCharacters()
	for _, fields := range read("confusables.txt") {
		confusables[code(fields[0])] = codes(fields[1])
	}
	writeRanges()
	write("decompositions.txt", "Canonical decompositions, one step each: a character, then what it is made of.", decompositions())
	write("lookalikes.txt", "What characters look like, as far as that is not themselves in lower case.", lookAlikes())
}

// read returns the lines of a file, cut at their semicolons.
func read(name string) (lines [][]string) {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		log.Fatal(err)
	}
	if head := data[:min(len(data), 600)]; name != "UnicodeData.txt" && !bytes.Contains(head, []byte(version)) {
		log.Fatalf("%s is not of version %s", name, version)
	}
	fmt.Fprintf(&sources, "%s (SHA-256 %x), ", name, sha256.Sum256(data))
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Split(line, ";")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if len(fields) > 1 {
			lines = append(lines, fields)
		}
	}
	return lines
}

func code(s string) rune {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		log.Fatal(err)
	}
	return rune(n)
}

func codes(s string) string {
	var b strings.Builder
	for _, field := range strings.Fields(s) {
		b.WriteRune(code(field))
	}
	return b.String()
}

func readCharacters() {
	first := rune(0) // of a range
	for _, f := range read("UnicodeData.txt") {
		c := character{name: f[1], category: f[2], bidi: f[4]}
		c.class, _ = strconv.Atoi(f[3])
		if tag, rest, tagged := strings.Cut(f[5], "> "); tagged && strings.HasPrefix(tag, "<") {
			c.compatible = codes(rest)
		} else if f[5] != "" {
			c.canonical = codes(f[5])
			c.compatible = c.canonical
		}
		r := code(f[0])
		if strings.HasSuffix(c.name, ", First>") {
			first = r
			continue
		}
		if !strings.HasSuffix(c.name, ", Last>") {
			first = r
		}
		for ; first <= r; first++ {
			characters[first] = c
			named[c.name] = first
		}
	}
}

func decompositions() string {
	var b strings.Builder
	for _, r := range slices.Sorted(maps.Keys(characters)) {
		if d := characters[r].canonical; d != "" {
			fmt.Fprintf(&b, "%c%s\n", r, d)
		}
	}
	return b.String()
}

// likeASCII gives the letters that ASCII's digits, signs and letters are taken
// for; w is two v, and m is r and n.
var likeASCII = map[rune]string{
	'0': "o", '1': "i", '2': "z", '3': "e", '4': "a", '5': "s", '7': "t", '8': "b", '9': "g",
	'@': "a", '$': "s", '!': "i", '|': "i", 'l': "i", 'w': "vv", 'm': "rn",
}

// likeLatin gives what Unicode's table leaves apart, or takes for another
// letter, although it is read as Latin.
var likeLatin = map[rune]string{
	'ß': "b", 'ᴃ': "b", 'ƅ': "b", '©': "c", '∂': "d", 'ε': "e", 'ɛ': "e", 'є': "e", 'ԑ': "e", 'ϝ': "f", 'ĸ': "k",
	'ʍ': "m", 'π': "n", 'п': "n", '○': "o", '◯': "o", '⭕': "o", 'μ': "u", 'ц': "u", 'ω': "w", 'χ': "x", 'ζ': "z", 'ⲁ': "a", 'ⲭ': "x", 'ҝ': "k", 'ᑕ': "c",
}

var (
	namedLetter = regexp.MustCompile(`(?:LATIN (?:CAPITAL|SMALL) LETTER(?: DOTLESS| SCRIPT| LONG)?|LATIN LETTER SMALL CAPITAL|REGIONAL INDICATOR SYMBOL LETTER) ([A-Z])(?: WITH .*)?$`)
	namedDigit  = regexp.MustCompile(`DIGIT (ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE)$`)
	digits      = []string{"ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"}
)

// like returns what a character looks like, one step on: to Unicode's table of
// confusable characters, as a typographic form, or by its name, as in "LATIN
// LETTER SMALL CAPITAL A".
func like(r rune) string {
	c := characters[r]
	if s, ok := likeLatin[r]; ok {
		return s
	}
	if c.compatible != "" && c.compatible[0] <= unicode.MaxASCII && c.compatible[0] != ' ' {
		return c.compatible // is more to the point for raised letters
	}
	if s, ok := confusables[r]; ok {
		return s
	}
	if c.compatible != "" {
		return c.compatible
	}
	if m := namedLetter.FindStringSubmatch(c.name); m != nil && r > unicode.MaxASCII {
		return strings.ToLower(m[1])
	}
	if name, _, with := strings.Cut(c.name, " WITH "); with && strings.HasPrefix(name, "CYRILLIC ") {
		if base, ok := named[name]; ok {
			return string(base)
		}
	}
	if m := namedDigit.FindStringSubmatch(c.name); m != nil && c.category != "Nd" {
		return strconv.Itoa(slices.Index(digits, m[1]))
	}
	return string(r)
}

// fold returns what a character looks like in the end: small letters and
// numbers without marks.
func fold(r rune) string {
	s := string(r)
	for range 20 {
		var b strings.Builder
		for _, r := range s {
			if category := characters[r].category; category != "Mn" && category != "Me" {
				b.WriteString(like(r))
			}
		}
		if b.String() != s {
			s = b.String()
			continue
		}
		var letters strings.Builder
		for _, r := range strings.ToLower(s) {
			category := characters[r].category
			if s, ok := likeASCII[r]; ok {
				letters.WriteString(s)
			} else if category[0] == 'L' || category[0] == 'N' || category == "Mc" {
				letters.WriteRune(r)
			}
		}
		return letters.String()
	}
	log.Fatalf("%U has no end: %q", r, s)
	return ""
}

func lookAlikes() string {
	var b strings.Builder
	for _, r := range slices.Sorted(maps.Keys(characters)) {
		category := characters[r].category
		if 0xac00 <= r && r <= 0xd7a3 || strings.Contains("Cc Cf Cs Co Mn Me", category) {
			continue // Hangul syllables are taken apart by rule; the others are not seen
		}
		// What the reader does by itself.
		plain := ""
		if category[0] == 'L' || category[0] == 'N' {
			plain = string(unicode.ToLower(r))
		}
		if s := fold(r); s != plain && characters[r].canonical == "" {
			fmt.Fprintf(&b, "%c%s\n", r, s)
		}
	}
	return b.String()
}

func write(name, title, lines string) {
	head := "# " + title + "\n# Made by gen.go from Unicode " + version + ". © 2025 Unicode®, Inc.; see LICENSE-UNICODE.\n"
	if err := os.WriteFile(name, []byte(head+lines), 0o644); err != nil {
		log.Fatal(err)
	}
}

func writeRanges() {
	var b bytes.Buffer
	joining := map[string]map[rune]bool{}
	eachRange("DerivedJoiningType.txt", func(r rune, fields []string) {
		if joining[fields[1]] == nil {
			joining[fields[1]] = map[rune]bool{}
		}
		joining[fields[1]][r] = true
	})
	known := map[rune]bool{} // to every URL parser
	eachRange("DerivedAge.txt", func(r rune, fields []string) {
		if major, _, _ := strings.Cut(fields[1], "."); len(major) == 1 {
			known[r] = true
		}
	})
	valid := map[rune]bool{}
	eachRange("IdnaMappingTable.txt", func(r rune, fields []string) {
		if known[r] && (fields[1] == "valid" || fields[1] == "deviation") {
			valid[r] = true
		}
	})
	classes := map[int]map[rune]bool{}
	rightToLeft, arabicNumbers := map[rune]bool{}, map[rune]bool{}
	for r, c := range characters {
		if c.class != 0 {
			if classes[c.class] == nil {
				classes[c.class] = map[rune]bool{}
			}
			classes[c.class][r] = true
		}
		switch c.bidi {
		case "R", "AL":
			rightToLeft[r] = true
		case "AN":
			arabicNumbers[r] = true
		}
	}
	left, right := joining["L"], joining["R"]
	for r := range joining["D"] {
		left[r], right[r] = true, true
	}
	table := func(name, comment string, set map[rune]bool) {
		fmt.Fprintf(&b, "// %s\nvar %s = ranges{%s}\n\n", comment, name, pairs(set))
	}
	table("joinsNext", "Letters that are joined to the next one (Joining_Type L and D).", left)
	table("joinsPrevious", "Letters that are joined to the one before (Joining_Type R and D).", right)
	table("transparent", "Marks that letters are joined across (Joining_Type T).", joining["T"])
	table("rightToLeft", "Characters of right-to-left scripts (Bidi_Class R and AL).", rightToLeft)
	table("arabicNumbers", "Numbers of Bidi_Class AN.", arabicNumbers)
	table("validInHosts", "Characters that URL parsers accept in the names of hosts (IDNA status valid and deviation), of Unicode 9 and older.", valid)
	b.WriteString("// Canonical_Combining_Class other than 0.\nvar classes = map[uint8]ranges{\n")
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		fmt.Fprintf(&b, "%d: {%s},\n", class, pairs(classes[class]))
	}
	b.WriteString("}\n")
	text := "// Code generated by gen.go from files of Unicode " + version + ". DO NOT EDIT.\n\n" +
		"// © 2025 Unicode®, Inc.; see LICENSE-UNICODE. Made from\n//\n//\t" +
		strings.ReplaceAll(strings.TrimSuffix(sources.String(), ", "), ", ", "\n//\t") + "\n\npackage ucd\n\n" + b.String()
	source, err := format.Source([]byte(text))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("tables.go", source, 0o644); err != nil {
		log.Fatal(err)
	}
}

func eachRange(file string, f func(rune, []string)) {
	for _, fields := range read(file) {
		first, last, isRange := strings.Cut(fields[0], "..")
		if !isRange {
			last = first
		}
		for r := code(first); r <= code(last); r++ {
			f(r, fields)
		}
	}
}

// pairs writes a set as first and last of each run.
func pairs(set map[rune]bool) string {
	var b strings.Builder
	runes := slices.Sorted(maps.Keys(set))
	for i, n := 0, 0; i < len(runes); n++ {
		j := i
		for j+1 < len(runes) && runes[j+1] == runes[j]+1 {
			j++
		}
		if n%8 == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%#x, %#x, ", runes[i], runes[j])
		i = j + 1
	}
	return strings.TrimSuffix(b.String(), " ") + "\n"
}
