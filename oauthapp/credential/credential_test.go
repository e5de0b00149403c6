package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var (
	session = uuid.MustParse("0193a5b0-0000-7000-8000-0123456789ab")
	family  = NewFamily()
)

// one makes a credential of a kind.
func one(f Format, kind Kind) Plaintext {
	switch kind {
	case ClientSecret:
		return f.NewClientSecret()
	case RegistrationToken:
		return f.NewRegistrationToken()
	case AuthorizationCode:
		return f.NewCode(session)
	case DeviceCode:
		return f.NewDeviceCode(session)
	case AccessToken:
		return f.NewAccessToken(session)
	case APIToken:
		return f.NewAPIToken(session)
	default:
		return f.NewRefreshToken(session, family)
	}
}

var kinds = []Kind{ClientSecret, AuthorizationCode, DeviceCode, AccessToken, RefreshToken, RegistrationToken, APIToken}

func format(t testing.TB, prefix string) Format {
	f, err := NewFormat(prefix)
	require.NoError(t, err)
	return f
}

func TestParseTakesApartWhatWasMade(t *testing.T) {
	for _, prefix := range []string{"", "a", "acme", "abcdefghij123456"} {
		f := format(t, prefix)
		for _, kind := range kinds {
			p := one(f, kind)
			text := p.Reveal()
			require.True(t, strings.HasPrefix(text, f.Prefix()+"_"+string(kind)+"_"), text)
			require.Equal(t, text, url.QueryEscape(text), "form- and URL-safe")

			parsed, err := f.Parse(kind, text)
			require.NoError(t, err)
			require.Equal(t, p.Digest(), parsed.Digest)
			require.Equal(t, DigestOf(text), parsed.Digest)
			if kind == ClientSecret || kind == RegistrationToken {
				require.Equal(t, uuid.Nil, parsed.Session)
			} else {
				require.Equal(t, session, parsed.Session)
			}
			if kind == RefreshToken {
				require.True(t, parsed.Family.Digest().Equal(family.Digest()))
			} else {
				require.Equal(t, Family{}, parsed.Family)
				require.True(t, parsed.Family.Digest().IsZero())
			}
			got, err := f.KindOf(text)
			require.NoError(t, err)
			require.Equal(t, kind, got)
		}
	}
}

// The form is a promise: what was handed out is accepted by every later
// version.
func TestFormIsKept(t *testing.T) {
	body := make([]byte, sessionSize+familySize+secretSize)
	for i := range body {
		body[i] = byte(i * 7)
	}
	for kind, want := range map[Kind]string{
		ClientSecret:      "oa_cs_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsr1Pmtdn",
		AuthorizationCode: "oa_ac_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsrJJAUogZ1pzN24OkCi9RyPJ3WUxgw",
		DeviceCode:        "oa_dc_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsrJJAUogZ1pzN24OkCi9RyPJ4X1WbE",
		AccessToken:       "oa_at_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsrJJAUogZ1pzN24OkCi9RyPJ3cep9E",
		RefreshToken:      "oa_rt_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsrJJAUogZ1pzN24OkCi9RyPJ6teaw423F9FBiuRfPueVtB4O97iX",
		APIToken:          "oa_ap_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsrJJAUogZ1pzN24OkCi9RyPJ2X5ZFh",
		RegistrationToken: "oa_mt_0095tH3lQf34pOwccwMhOz9eenLyoxy8vETue5KhZEsr3MzUqw",
	} {
		text := Format{}.encode(kind, body[:kind.bodySize()]).Reveal()
		require.Equal(t, want, text)
	}
}

func TestPrefix(t *testing.T) {
	require.Equal(t, DefaultPrefix, Format{}.Prefix())
	require.Equal(t, DefaultPrefix, format(t, "").Prefix())
	require.Equal(t, "acme", format(t, "acme").Prefix())
	for _, bad := range []string{"A", "1a", "a_b", "a-b", " a", "a ", "a\n", "é", "abcdefghij1234567"} {
		_, err := NewFormat(bad)
		require.Error(t, err, "%q", bad)
	}
}

func TestParseRefusesEverythingElse(t *testing.T) {
	f := format(t, "acme")
	for _, kind := range kinds {
		good := one(f, kind).Reveal()
		for name, bad := range map[string]string{
			"nothing":           "",
			"prefix":            "acme_" + string(kind) + "_",
			"one byte short":    good[:len(good)-1],
			"first byte gone":   good[1:],
			"one byte long":     good + "0",
			"twice":             good + good,
			"leading space":     " " + good,
			"trailing newline":  good + "\n",
			"upper case":        strings.ToUpper(good),
			"hyphens":           strings.ReplaceAll(good, "_", "-"),
			"not UTF-8":         strings.Repeat("\xff", len(good)),
			"NUL":               strings.Repeat("\x00", len(good)),
			"highest digits":    good[:len("acme_cs_")] + strings.Repeat("z", len(good)-len("acme_cs_")),
			"very long":         strings.Repeat("a", 1<<20),
			"of another format": one(format(t, "acmf"), kind).Reveal(),
			"of the default":    one(Format{}, kind).Reveal(),
		} {
			parsed, err := f.Parse(kind, bad)
			require.ErrorIs(t, err, ErrMalformed, "%s %s", kind, name)
			require.Equal(t, Parsed{}, parsed)
			_, err = f.KindOf(bad)
			require.ErrorIs(t, err, ErrMalformed, "%s %s", kind, name)
		}
		for _, other := range kinds {
			if other != kind {
				_, err := f.Parse(other, good)
				require.ErrorIs(t, err, ErrMalformed, "a %s is no %s", kind, other)
			}
		}
		for _, unknown := range []Kind{"", "xx", "at_"} {
			_, err := f.Parse(unknown, good)
			require.ErrorIs(t, err, ErrMalformed)
		}
	}
}

// Whatever byte is changed to whatever other, wherever two neighbours are
// swapped, and whatever one is left out or doubled: it is refused.
func TestEveryMutationIsRefused(t *testing.T) {
	f := format(t, "acme")
	for _, kind := range kinds {
		good := one(f, kind).Reveal()
		refuse := func(bad string) {
			if bad == good {
				return
			}
			if _, err := f.Parse(kind, bad); !errors.Is(err, ErrMalformed) {
				t.Fatalf("%s: accepted a mutation", kind)
			}
			if _, err := f.KindOf(bad); err == nil {
				t.Fatalf("%s: a mutation is of some kind", kind)
			}
		}
		for i := range len(good) {
			for c := range 256 {
				refuse(good[:i] + string([]byte{byte(c)}) + good[i+1:])
			}
			refuse(good[:i] + good[i+1:])
			refuse(good[:i] + good[i:i+1] + good[i:])
			if i > 0 {
				refuse(good[:i-1] + good[i:i+1] + good[i-1:i] + good[i+1:])
			}
		}
	}
}

// A body has one encoding: one that says more than 64 bits hold is refused even
// under a checksum that fits.
func TestOverflowIsRefused(t *testing.T) {
	for _, tc := range []struct {
		word string
		ok   bool
	}{
		{"00000000000", true},
		{"LygHa16AHYF", true}, // 2^64 - 1
		{"LygHa16AHYG", false},
		{"LygHa16AHZ0", false},
		{"zzzzzzzzzzz", false},
	} {
		v, ok := parseDigits(tc.word)
		require.Equal(t, tc.ok, ok, tc.word)
		if ok {
			require.Equal(t, tc.word, string(appendDigits(nil, v, wordLen)))
		}
		text := "oa_cs_" + strings.Repeat("0", 3*wordLen) + tc.word
		text = string(appendDigits([]byte(text), checksum([]byte(text)), checksumLen))
		_, err := Format{}.Parse(ClientSecret, text)
		require.Equal(t, tc.ok, err == nil, tc.word)
	}
	v, ok := parseDigits("LygHa16AHYF")
	require.True(t, ok)
	require.EqualValues(t, uint64(math.MaxUint64), v)
}

func FuzzParse(f *testing.F) {
	for _, kind := range kinds {
		f.Add(one(Format{}, kind).Reveal())
	}
	f.Add("")
	f.Add("oa_at_")
	f.Fuzz(func(t *testing.T, text string) {
		kind, err := Format{}.KindOf(text)
		accepted := 0
		for _, k := range kinds {
			parsed, err := Format{}.Parse(k, text)
			if err != nil {
				require.Equal(t, Parsed{}, parsed)
				continue
			}
			accepted++
			require.Equal(t, k, kind)
			body := make([]byte, k.bodySize())
			require.True(t, Format{}.decode(body, k, text))
			require.Equal(t, text, Format{}.encode(k, body).Reveal(), "what is accepted has one form")
		}
		if err != nil {
			require.Zero(t, accepted)
		} else {
			require.Equal(t, 1, accepted)
		}
	})
}

func TestPatternFindsCredentials(t *testing.T) {
	f := format(t, "acme")
	pattern := regexp.MustCompile(f.Pattern())
	for _, kind := range kinds {
		text := one(f, kind).Reveal()
		for _, around := range []string{
			"%s", "Authorization: Bearer %s\r\n", `{"token":"%s"}`, `secret=%s&x=1`, "<%s>", "(%s)", "%s.", `\n%s\n`, "token_%s", "é%sé",
		} {
			require.Equal(t, text, pattern.FindString(fmt.Sprintf(around, text)), "%s in %s", kind, around)
		}
		require.Empty(t, pattern.FindString(one(Format{}, kind).Reveal()), "of another service")
		require.Empty(t, pattern.FindString(text[:len(text)-1]), "cut off")
	}
	two := one(f, ClientSecret).Reveal() + " " + one(f, AccessToken).Reveal()
	require.Len(t, pattern.FindAllString(two, -1), 2)
}

// However it is nested and printed, a credential does not show.
func TestRedaction(t *testing.T) {
	type exported struct {
		P Plaintext
		F Family
	}
	type unexported struct {
		p Plaintext
		f Family
	}
	type deep struct {
		E  *exported
		U  *unexported
		M  map[string]Plaintext
		S  []Plaintext
		A  any
		pp *Plaintext
	}
	for _, kind := range kinds {
		p := one(Format{}, kind)
		parsed := Parsed{Session: session, Family: family}
		text := p.Reveal()
		familyText := fmt.Sprintf("%x", *family.value)
		familyList := strings.Trim(fmt.Sprint([]byte(*family.value)), "[]")

		check := func(how, out string) {
			t.Helper()
			for _, leak := range []string{text, text[len("oa_cs_"):][:12], fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), familyText, familyList, *family.value} {
				require.NotContains(t, out, leak, "%s %s", kind, how)
			}
		}
		values := []any{
			p, &p, []Plaintext{p}, map[string]Plaintext{"a": p}, map[Plaintext]int{p: 1}, [1]Plaintext{p},
			exported{p, family}, &exported{p, family}, unexported{p, family}, &unexported{p, family}, family, &family, parsed, []any{p, parsed},
			deep{&exported{p, family}, &unexported{p, family}, map[string]Plaintext{"a": p}, []Plaintext{p}, p, &p},
			fmt.Errorf("failed with %v: %w", p, errors.ErrUnsupported),
		}
		for _, value := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s"} {
				check(fmt.Sprintf(verb+" of %T", verb, value), fmt.Sprintf(verb, value))
			}
			check("Sprint", fmt.Sprint(value))
			if b, err := json.Marshal(value); err == nil {
				check("JSON", string(b))
			}
			for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
				"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var b bytes.Buffer
				slog.New(handler(&b)).With("with", value).Info("message", "value", value, slog.Group("group", "value", value))
				check("slog "+name, b.String())
			}
		}
		require.Equal(t, "[redacted]", p.String())
		require.Equal(t, "[redacted]", fmt.Sprint(p))
		require.Equal(t, "[redacted]", fmt.Sprintf("%#v", p))
		b, err := json.Marshal(struct{ Secret Plaintext }{p})
		require.NoError(t, err)
		require.Equal(t, `{"Secret":"[redacted]"}`, string(b))
	}
	require.Equal(t, "[redacted]", family.String())
	require.Equal(t, "[redacted]", fmt.Sprintf("%+v", family))
	b, err := json.Marshal(family)
	require.NoError(t, err)
	require.Equal(t, `"[redacted]"`, string(b))
}

func TestErrorsHoldNoCredential(t *testing.T) {
	bad := one(Format{}, AccessToken).Reveal() + "x"
	_, err := Format{}.Parse(AccessToken, bad)
	require.NotContains(t, err.Error(), bad[:10])
}

func TestZeroPlaintext(t *testing.T) {
	var p Plaintext
	require.True(t, p.IsZero())
	require.Empty(t, p.Reveal())
	require.Empty(t, p.Hint())
	require.True(t, p.Digest().IsZero())
	require.Equal(t, "[redacted]", p.String())
	require.False(t, one(Format{}, ClientSecret).IsZero())
}

func TestHintIsOfTheRandomPart(t *testing.T) {
	hints := map[string]bool{}
	for range 50 {
		p := one(Format{}, ClientSecret)
		require.Len(t, p.Hint(), hintSize)
		random := p.Reveal()[:len(p.Reveal())-checksumLen]
		require.True(t, strings.HasSuffix(random, p.Hint()))
		hints[p.Hint()] = true
	}
	require.Greater(t, len(hints), 45)
}

func TestDigest(t *testing.T) {
	a, b := DigestOf("a"), DigestOf("b")
	require.True(t, a.Equal(DigestOf("a")))
	require.False(t, a.Equal(b))
	require.False(t, a.Equal(Digest{}))
	require.False(t, Digest{}.Equal(a))
	require.False(t, Digest{}.Equal(Digest{}), "none equals nothing")
	require.True(t, Digest{}.IsZero())
	require.False(t, a.IsZero())

	// RFC 6234's SHA-256, at every length.
	require.Equal(t, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", fmt.Sprintf("%x", a[:]))
	seen := map[Digest]bool{}
	for n := range 400 {
		d := DigestOf(strings.Repeat("a", n))
		require.False(t, seen[d])
		seen[d] = true
	}
}

// checksum is the CRC-32 that everybody knows.
func TestChecksum(t *testing.T) {
	require.EqualValues(t, 0xcbf43926, checksum([]byte("123456789")))
	require.Zero(t, checksum(nil))
}

// No two credentials are alike, and every bit of the secret part is as often
// set as not.
func TestRandomness(t *testing.T) {
	const n = 4096
	seen := map[string]bool{}
	var set [secretSize * 8]int
	for range n {
		text := Format{}.NewAccessToken(session).Reveal()
		require.False(t, seen[text])
		seen[text] = true
		var body [sessionSize + secretSize]byte
		require.True(t, Format{}.decode(body[:], AccessToken, text))
		for i := range set {
			set[i] += int(body[sessionSize+i/8] >> (i % 8) & 1)
		}
	}
	for i, count := range set {
		// 8 standard deviations, 32 each: less than one run in 10^12 goes
		// beyond.
		require.InDelta(t, n/2, count, 8*32, "bit %d", i)
	}
}

func TestFamiliesDiffer(t *testing.T) {
	a, b := NewFamily(), NewFamily()
	require.False(t, a.Digest().Equal(b.Digest()))
	require.True(t, a.Digest().Equal(a.Digest()))
	require.True(t, Family{}.Digest().IsZero())
	require.Panics(t, func() { Format{}.NewRefreshToken(session, Family{}) })
}
