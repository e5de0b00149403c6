package credential_test

import (
	"fmt"
	"log"
	"regexp"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

func Example() {
	format, err := credential.NewFormat("acme")
	if err != nil {
		log.Fatal(err)
	}
	session := uuid.MustParse("01941f29-7c00-7000-8000-000000000000")
	token := format.NewAccessToken(session)
	fmt.Println("printed:", token)
	fmt.Println("begins with:", token.Reveal()[:8])

	parsed, err := format.Parse(credential.AccessToken, token.Reveal())
	fmt.Println("found by:", parsed.Session, err)
	fmt.Println("compared by digest:", parsed.Digest.Equal(token.Digest()))

	_, err = format.Parse(credential.RefreshToken, token.Reveal())
	fmt.Println("as another kind:", err)
	// Output:
	// printed: [redacted]
	// begins with: acme_at_
	// found by: 01941f29-7c00-7000-8000-000000000000 <nil>
	// compared by digest: true
	// as another kind: credential: malformed
}

// The pattern is for secret scanners: of code hosts, of logs, of chat rooms.
func ExampleFormat_Pattern() {
	var format credential.Format
	fmt.Println(format.Pattern())

	line := "client_secret = " + format.NewClientSecret().Reveal()
	fmt.Println(regexp.MustCompile(format.Pattern()).ReplaceAllString(line, "***"))
	// Output:
	// oa_(?:(?:cs|mt)_[0-9A-Za-z]{50}|(?:ac|dc|at|ap)_[0-9A-Za-z]{72}|rt_[0-9A-Za-z]{94})\b
	// client_secret = ***
}
