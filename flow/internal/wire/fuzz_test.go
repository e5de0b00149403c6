package wire

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReadFormOrJSON: the label of a body decides nothing but whether it may be
// JSON. A form is read alike under either, and what is JSON is never taken for
// a form.
func FuzzReadFormOrJSON(f *testing.F) {
	for _, seed := range []string{
		`{"code":"a=b"}`, `{"a=b":"c"}`, ` {"code":"1"}`, `"a=b"`, "true", "null", "a", "a=b", "code=1&grant_type=authorization_code", "Code={}", "=a", " a=b",
		`code={"a":"b"}`, `[{"a":"b=c"}]`, "{}=", "\x00a=b", "a\x00=b", "code=1&code=2", "-1=2", "t=rue",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > MaxBody {
			return
		}
		asForm, refusedForm := ReadFormOrJSON(httptest.NewRecorder(), post(FormType, "/", string(body)), testParams)
		want, refused := ReadForm(httptest.NewRecorder(), post(FormType, "/", string(body)), testParams)
		require.Equal(t, want, asForm)
		require.Equal(t, refused, refusedForm)

		asJSON, refusedJSON := ReadFormOrJSON(httptest.NewRecorder(), post(JSONType, "/", string(body)), testParams)
		if json.Valid(body) {
			if want, refused = ParseJSON(string(body), testParams); refused == nil {
				if refused = want.Check(testParams); refused != nil {
					want = nil
				}
			}
		} else if refusedJSON == nil {
			refused = nil
		} else {
			return
		}
		require.Equal(t, want, asJSON)
		require.Equal(t, refused, refusedJSON)
	})
}
