package wire

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadObject(t *testing.T) {
	members, refusal := ReadObject(httptest.NewRecorder(), post(JSONType+"; charset=utf-8", "/", ` {"a":1,"b":[{"a":null}],"c":1e999} `))
	require.Nil(t, refusal)
	require.Len(t, members, 3)
	require.Equal(t, `[{"a":null}]`, string(members["b"]))
	for _, body := range []string{"", "{", "[]", "null", `"a"`, "{}{}", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":}`, `{"a":1}x`, `{"a":"` + strings.Repeat("a", MaxBody) + `"}`} {
		_, refusal := ReadObject(httptest.NewRecorder(), post(JSONType, "/", body))
		require.NotNil(t, refusal, body)
	}
	_, refusal = ReadObject(httptest.NewRecorder(), post(FormType, "/", "{}"))
	require.NotNil(t, refusal)
}
