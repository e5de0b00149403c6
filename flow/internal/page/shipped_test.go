package page

import (
	"html/template"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestShippedLanguages: a date, distances and counts in each language, as its
// readers write them.
func TestShippedLanguages(t *testing.T) {
	set, err := New(Options{})
	require.NoError(t, err)
	read := map[string][]string{
		"en": {"4 Mar 2026, 12:05 UTC", "4 Mar 2026, 17:35 UTC+5:30", "1 hour ago", "in 2 days", "This cuts off 1 user", "This cuts off 12 users"},
		"de": {"4. März 2026, 12:05 UTC", "4. März 2026, 17:35 UTC+5:30", "vor 1 Stunde", "in 2 Tagen", "Das beendet den Zugriff für 1 Benutzer", "Das beendet den Zugriff für 12 Benutzer"},
		"fr": {"4 mars 2026, 12:05 UTC", "4 mars 2026, 17:35 UTC+5:30", "il y a 1 heure", "dans 2 jours", "Cela coupe l’accès de 1 utilisateur", "Cela coupe l’accès de 12 utilisateurs"},
		"es": {"4 mar 2026, 12:05 UTC", "4 mar 2026, 17:35 UTC+5:30", "hace 1 hora", "dentro de 2 días", "Esto corta el acceso de 1 usuario", "Esto corta el acceso de 12 usuarios"},
		"pt": {"4 de mar. de 2026, 12:05 UTC", "4 de mar. de 2026, 17:35 UTC+5:30", "há 1 hora", "em 2 dias", "Isto corta o acesso de 1 usuário", "Isto corta o acesso de 12 usuários"},
		"ja": {"2026年3月4日 12:05 UTC", "2026年3月4日 17:35 UTC+5:30", "1\u00a0時間前", "2\u00a0日後", "1 人のユーザーが利用できなくなります", "12 人のユーザーが利用できなくなります"},
		"ar": {"4 مارس 2026، \u206812:05\u2069 \u2068UTC\u2069", "4 مارس 2026، \u206817:35\u2069 \u2068UTC+5:30\u2069", "قبل ساعة", "بعد يومين", "يقطع هذا الإجراء الوصول عن مستخدم واحد", "يقطع هذا الإجراء الوصول عن 12 مستخدمًا"},
	}
	at := time.Date(2026, 3, 4, 12, 5, 0, 0, time.UTC)
	for _, l := range set.editions {
		t.Run(l.tag.String(), func(t *testing.T) {
			require.Empty(t, l.missing)
			var said []string
			for _, say := range []func() (template.HTML, error){
				func() (template.HTML, error) { return l.sayClock("15:04")(Moment{At: at}) },
				func() (template.HTML, error) {
					return l.sayClock("15:04")(Moment{At: at, Zone: time.FixedZone("", 5*3600+1800)})
				},
				func() (template.HTML, error) { return l.sayAgo(Moment{At: at, Now: at.Add(time.Hour)}) },
				func() (template.HTML, error) { return l.sayAgo(Moment{At: at, Now: at.Add(-2 * 24 * time.Hour)}) },
				func() (template.HTML, error) { return l.msg("usage.users", 1) },
				func() (template.HTML, error) { return l.msg("usage.users", 12) },
			} {
				text, err := say()
				require.NoError(t, err)
				said = append(said, string(text))
			}
			require.Equal(t, read[l.tag.String()], said)
		})
	}
}
