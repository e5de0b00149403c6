package page

import (
	"hash/fnv"
	"strings"
	"unicode"
)

// avatarColours is how many colours the stylesheet has for avatars.
const avatarColours = 12

// An Avatar tells applications apart at a glance: initials on a colour.
type Avatar struct {
	Initials string
	Colour   int // from 0 on: the number of a class of the stylesheet
}

// NewAvatar returns the initials of a name, on a colour drawn from an ID.
func NewAvatar(name, id string) Avatar {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id)) // never fails
	return Avatar{initials(name), int(hash.Sum32() % avatarColours)}
}

// initials are the first letters or digits of the first two words.
func initials(name string) string {
	var found []rune
	for _, word := range strings.Fields(name) {
		for _, c := range word {
			if unicode.IsLetter(c) || unicode.IsDigit(c) {
				found = append(found, unicode.ToUpper(c))
				break
			}
		}
		if len(found) == 2 {
			break
		}
	}
	return string(found)
}
