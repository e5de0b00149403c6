package page

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
	_ "time/tzdata" // for machines that have none

	"github.com/stretchr/testify/require"
)

// TestTimeZones: a time is told as clocks show it where its reader is, with how
// far they are ahead of UTC that day, and stays in UTC for programs.
func TestTimeZones(t *testing.T) {
	english := inEnglish(t)
	for _, tt := range []struct{ zone, utc, want string }{
		{"UTC", "2026-03-04T12:05:00Z", "4 Mar 2026, 12:05 UTC"},
		{"Europe/Berlin", "2026-03-29T00:59:00Z", "29 Mar 2026, 01:59 UTC+1"},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "29 Mar 2026, 03:00 UTC+2"}, // summer time begins
		{"Europe/Berlin", "2026-10-25T00:30:00Z", "25 Oct 2026, 02:30 UTC+2"},
		{"Europe/Berlin", "2026-10-25T01:30:00Z", "25 Oct 2026, 02:30 UTC+1"}, // the hour comes again
		{"Europe/London", "2026-01-04T12:05:00Z", "4 Jan 2026, 12:05 UTC"},
		{"America/Sao_Paulo", "2026-03-04T12:05:00Z", "4 Mar 2026, 09:05 UTC−3"},
		{"America/St_Johns", "2026-03-01T02:05:00Z", "28 Feb 2026, 22:35 UTC−3:30"},
		{"Asia/Kathmandu", "2026-03-04T12:05:00Z", "4 Mar 2026, 17:50 UTC+5:45"},
		{"Pacific/Kiritimati", "2025-12-31T12:05:00Z", "1 Jan 2026, 02:05 UTC+14"},
	} {
		zone, err := time.LoadLocation(tt.zone)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339, tt.utc)
		require.NoError(t, err)
		for _, of := range []any{Moment{At: at, Zone: zone}, at.In(zone)} { // the library's and the host's
			told, err := english.when(of)
			require.NoError(t, err)
			require.EqualValues(t, `<time datetime="`+tt.utc+`">`+tt.want+"</time>", told, tt.zone)
		}
	}
}

// TestMomentsAskOnce: the host is asked for the zone where a page has a time,
// and for all times of that page at once.
func TestMomentsAskOnce(t *testing.T) {
	asked, now := 0, time.Date(2026, 3, 4, 12, 5, 0, 0, time.UTC)
	zone := time.FixedZone("", 3600)
	set, err := New(Options{Now: func() time.Time { return now }, TimeZone: func(r *http.Request) *time.Location {
		asked++
		require.Equal(t, "/page", r.URL.Path)
		return zone
	}})
	require.NoError(t, err)
	moment := set.Moments(httptest.NewRequest(http.MethodGet, "/page", nil))
	require.True(t, moment(time.Time{}).IsZero())
	require.Zero(t, asked)
	for range 3 {
		require.Equal(t, Moment{At: now, Now: now, Zone: zone}, moment(now))
	}
	require.Equal(t, 1, asked)
}
