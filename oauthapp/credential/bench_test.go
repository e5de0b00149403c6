package credential

import (
	"testing"

	"github.com/google/uuid"
)

func BenchmarkNew(b *testing.B) {
	var format Format
	session, family := uuid.Must(uuid.NewV7()), NewFamily()
	for name, make := range map[string]func() Plaintext{
		"client_secret": format.NewClientSecret,
		"access_token":  func() Plaintext { return format.NewAccessToken(session) },
		"refresh_token": func() Plaintext { return format.NewRefreshToken(session, family) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				make()
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	var format Format
	session := uuid.Must(uuid.NewV7())
	access := format.NewAccessToken(session).Reveal()
	for _, c := range []struct {
		name string
		kind Kind
		text string
	}{
		{"client_secret", ClientSecret, format.NewClientSecret().Reveal()},
		{"access_token", AccessToken, access},
		{"refresh_token", RefreshToken, format.NewRefreshToken(session, NewFamily()).Reveal()},
		{"other_kind", RefreshToken, access},
		{"bad_checksum", AccessToken, access[:len(access)-1] + "!"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = format.Parse(c.kind, c.text)
			}
		})
	}
}
