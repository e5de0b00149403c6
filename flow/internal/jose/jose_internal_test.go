package jose

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allTypes are for tokens whatever their typ.
var allTypes = Rules{Types: []string{"", "jwt"}}

// TestWycheproof runs the vectors of C2SP's wycheproof.
func TestWycheproof(t *testing.T) {
	var groups []struct {
		Comment string
		Public  json.RawMessage
		Tests   []struct {
			TcID                 int
			Comment, JWS, Result string
		}
	}
	data, err := os.ReadFile("testdata/wycheproof/jws.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &groups))
	valid, invalid := 0, 0
	for _, group := range groups {
		set, setErr := ParseSet(group.Public)
		for _, test := range group.Tests {
			want := test.Result == "valid"
			switch {
			case strings.HasPrefix(group.Comment, "rs384"), strings.HasPrefix(group.Comment, "rs512"),
				strings.HasPrefix(group.Comment, "ps384"), strings.HasPrefix(group.Comment, "ps512"):
				want = false // algorithms that are none of ours
			case strings.Contains(string(group.Public), `"ES521"`), strings.Contains(string(group.Public), `"PS256","kid":"bilbo`):
				want = false // the tokens are of algorithms that are none of ours
			case strings.Contains(group.Comment, "roca"):
				continue // whether a key was made well is its owner's affair
			}
			token, _, err := parseSigned(test.JWS, allTypes)
			if setErr != nil {
				err = setErr
			}
			if err == nil {
				_, err = token.Verify(set.For(token)...)
			}
			require.Equal(t, want, err == nil, "%s %d %s: %v", group.Comment, test.TcID, test.Comment, err)
			if want {
				valid++
			} else {
				invalid++
			}
		}
	}
	require.Greater(t, valid, 10)
	require.Greater(t, invalid, 100)
}

// The vectors of RFC 7515, appendices A.2 and A.3, and RFC 8037, appendix A.4.
func TestVectorsOfRFCs(t *testing.T) {
	const claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for name, test := range map[string]struct{ key, token string }{
		"RS256": {
			`{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
			"eyJhbGciOiJSUzI1NiJ9." + claims + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		},
		"ES256": {
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9." + claims + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
		"EdDSA": {
			`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey([]byte(test.key))
			require.NoError(t, err)
			token, _, err := parseSigned(test.token, allTypes)
			require.NoError(t, err)
			require.Equal(t, name, token.Algorithm)
			_, err = token.Verify(key)
			require.NoError(t, err)
			_, err = token.Verify()
			require.Error(t, err)
		})
	}
}
