package dashboard

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// Each refusal has a remedy: that of its reason, of its error code, or of all.
func TestRemedies(t *testing.T) {
	var messages map[string]any
	b, err := os.ReadFile("../internal/page/messages/en.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &messages))
	isSentence := func(key string) {
		text, _ := messages[key].(string)
		require.Regexp(t, `^[A-Z][^.!?]*\.$`, regexp.MustCompile(`client\.example|Retry-After|/`).ReplaceAllString(text, ""), key)
	}
	for _, code := range byError {
		isSentence("remedy.error." + code)
		require.Equal(t, "remedy.error."+code, remedy(kernel.Refusal{Error: code, Reason: "another"}).Key)
	}
	for reason, key := range byReason {
		isSentence(key)
		require.Equal(t, key, remedy(kernel.Refusal{Error: wire.InvalidRequest, Reason: reason}).Key)
	}
	isSentence(remedy(kernel.Refusal{Error: "of_a_capability"}).Key)
}
