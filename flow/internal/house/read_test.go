package house

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var readIn = flag.String("read", "", "note that the texts of languages, such as de,fr, or all, say what the English ones say now")

// readFile tells what English said when each language was last compared with
// it: lines of a folder, the key of a message, a digest of the English text, and
// the languages.
const readFile = "testdata/read.txt"

// readings are the digests of English texts, by message and language.
type readings map[string]map[string]string

// TestEveryLanguageIsRead: where an English text changes, somebody compares the
// text of each other language with it. Nothing else tells that a translation
// says what English said before.
func TestEveryLanguageIsRead(t *testing.T) {
	english, noted := digests(t), readReadings(t)
	require.NotEmpty(t, english)
	others := slices.DeleteFunc(languages(t), func(tag string) bool { return tag == "en" })
	for _, tag := range strings.FieldsFunc(*readIn, func(r rune) bool { return r == ',' }) {
		require.True(t, tag == "all" || slices.Contains(others, tag), "-read %s: the languages are %v", tag, others)
	}
	for _, tag := range others {
		if *readIn == "all" || slices.Contains(strings.Split(*readIn, ","), tag) {
			noted.note(tag, english)
		}
		if changed := noted.changed(tag, english); len(changed) > 0 {
			t.Errorf("%s: the English texts of these messages are new, or changed since somebody read the ones in %[1]s:\n\t%s\n"+
				"Compare both, mend what does not say the same, and then run\n\tgo test ./flow/internal/house -run TestEveryLanguageIsRead -read %[1]s",
				tag, strings.Join(changed, "\n\t"))
		}
	}
	if *readIn != "" {
		require.NoError(t, os.WriteFile(readFile, []byte(noted.String()), 0o644))
	}
}

// languages are the tags of those that the library has.
func languages(t *testing.T) (tags []string) {
	files, err := filepath.Glob(filepath.Join(flowFolder, "internal/page/messages/*.json"))
	require.NoError(t, err)
	for _, file := range files {
		tags = append(tags, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	return tags
}

// digests are those of the English texts, by folder and key.
func digests(t *testing.T) map[string]string {
	found := map[string]string{}
	for folder, messages := range messageFiles(t, "en") {
		for key, text := range messages {
			b, err := json.Marshal(text)
			require.NoError(t, err)
			sum := sha256.Sum256(b)
			found[folder+" "+key] = fmt.Sprintf("%x", sum[:4])
		}
	}
	return found
}

func readReadings(t *testing.T) readings {
	b, err := os.ReadFile(readFile)
	require.NoError(t, err)
	noted := readings{}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		require.Greater(t, len(fields), 3, "%s: %s", readFile, line)
		for _, tag := range fields[3:] {
			noted.add(fields[0]+" "+fields[1], tag, fields[2])
		}
	}
	return noted
}

func (r readings) add(message, tag, digest string) {
	if r[message] == nil {
		r[message] = map[string]string{}
	}
	r[message][tag] = digest
}

// note notes that a language says what English says, and forgets messages that
// there are no more.
func (r readings) note(tag string, english map[string]string) {
	for message := range r {
		if _, there := english[message]; !there {
			delete(r[message], tag)
		}
	}
	for message, digest := range english {
		r.add(message, tag, digest)
	}
}

// changed are the messages whose English text is another one than a language
// was read against.
func (r readings) changed(tag string, english map[string]string) (messages []string) {
	for message, digest := range english {
		if r[message][tag] != digest {
			messages = append(messages, message)
		}
	}
	slices.Sort(messages)
	return messages
}

// String returns the lines of the file, sorted. Languages that were read
// against the same text share one.
func (r readings) String() string {
	var lines []string
	for message, of := range r {
		tags := map[string][]string{} // by digest
		for tag, digest := range of {
			tags[digest] = append(tags[digest], tag)
		}
		for digest, tags := range tags {
			lines = append(lines, message+" "+digest+" "+strings.Join(slices.Sorted(slices.Values(tags)), " "))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// A change of an English text is found in each language until that was read.
func TestChangedTextsAreFound(t *testing.T) {
	noted := readings{}
	before := map[string]string{"flow a": "1", "flow b": "1", "flow gone": "1"}
	noted.note("de", before)
	noted.note("fr", before)
	require.Equal(t, "flow a 1 de fr\nflow b 1 de fr\nflow gone 1 de fr\n", noted.String())
	require.Empty(t, noted.changed("de", before))

	now := map[string]string{"flow a": "1", "flow b": "2", "flow new": "1"}
	require.Equal(t, []string{"flow b", "flow new"}, noted.changed("de", now))
	require.Equal(t, []string{"flow a", "flow b", "flow new"}, noted.changed("ja", now))
	noted.note("de", now)
	require.Empty(t, noted.changed("de", now))
	require.Equal(t, []string{"flow b", "flow new"}, noted.changed("fr", now))
	require.Equal(t, "flow a 1 de fr\nflow b 1 fr\nflow b 2 de\nflow gone 1 fr\nflow new 1 de\n", noted.String())
}
