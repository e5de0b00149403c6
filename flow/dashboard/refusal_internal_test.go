package dashboard

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// Each refusal has a remedy: that of its reason, of its error code, or of all.
func TestRemedies(t *testing.T) {
	sentence := regexp.MustCompile(`^[A-Z][^.!?]*\.$`)
	for code, text := range byError {
		require.Regexp(t, sentence, regexp.MustCompile(`client\.example|Retry-After|/`).ReplaceAllString(text, ""), code)
		require.Equal(t, text, remedy(kernel.Refusal{Error: code, Reason: "another"}))
	}
	for reason, text := range byReason {
		require.Regexp(t, sentence, text)
		require.Equal(t, text, remedy(kernel.Refusal{Error: wire.InvalidRequest, Reason: reason}))
	}
	require.Regexp(t, sentence, remedy(kernel.Refusal{Error: "of_a_capability"}))
}
