package page

import (
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Moment is a time as it looks from another, in a time zone: nil for UTC.
type Moment struct {
	At, Now time.Time
	Zone    *time.Location
}

// An Ago is a [Moment] that a message tells as a distance.
type Ago Moment

// IsZero reports whether there is no such time.
func (m Moment) IsZero() bool { return m.At.IsZero() }

// ISO is the time for programs.
func (m Moment) ISO() string { return m.At.UTC().Format(time.RFC3339) }

// Moments returns what makes moments of times for the answer to a request: as
// they look from now, in the zone of whoever reads them. Which one that is the
// host is asked once, and not before there is a time.
func (s *Set) Moments(r *http.Request) func(at time.Time) Moment {
	now, zone := s.options.Now(), sync.OnceValue(func() *time.Location {
		return ask(s, r, "TimeZone", s.options.TimeZone, nil)
	})
	return func(at time.Time) Moment {
		if at.IsZero() {
			return Moment{}
		}
		return Moment{At: at, Now: now, Zone: zone()}
	}
}

// local is the time in its zone.
func (m Moment) local() time.Time {
	if m.Zone == nil {
		return m.At.UTC()
	}
	return m.At.In(m.Zone)
}

// zone is how a time is ahead of UTC, such as "UTC+2" or "UTC−3:30". Names of
// zones are not the same in every language, and some name several zones; and
// of an hour that comes twice, when summer time ends, this tells which it is.
func zone(local time.Time) string {
	_, seconds := local.Zone()
	minutes, sign := seconds/60, "+"
	if minutes < 0 {
		minutes, sign = -minutes, "−"
	}
	switch {
	case minutes == 0:
		return "UTC"
	case minutes%60 == 0:
		return fmt.Sprintf("UTC%s%d", sign, minutes/60)
	}
	return fmt.Sprintf("UTC%s%d:%02d", sign, minutes/60, minutes%60)
}

// moment is what templates give the functions below: a [Moment], or, on the
// pages of the host, a [time.Time], which is in a zone already.
func (l *edition) moment(of any) (Moment, error) {
	switch t := of.(type) {
	case Moment:
		return t, nil
	case time.Time:
		return Moment{At: t, Now: l.now(), Zone: t.Location()}, nil
	}
	return Moment{}, fmt.Errorf("%T is no time", of)
}

// date is the time to the day: "2 Jan 2006", and "never" for none.
func (l *edition) date(of any) (template.HTML, error) { return l.time(of, l.sayDate) }

// when is the time to the minute: "2 Jan 2006, 15:04 UTC", and "never" for
// none. exact is the time to the second.
func (l *edition) when(of any) (template.HTML, error)  { return l.time(of, l.sayClock("15:04")) }
func (l *edition) exact(of any) (template.HTML, error) { return l.time(of, l.sayClock("15:04:05")) }

// ago is the time as a distance, in the largest unit that fits: "3 minutes
// ago", "in 2 days", and "never" for none. It has the time to the minute beside
// it.
func (l *edition) ago(of any) (template.HTML, error) {
	m, err := l.moment(of)
	if err != nil {
		return "", err
	}
	clock, err := l.sayClock("15:04")(m)
	if err != nil {
		return "", err
	}
	return l.element(m, ` title="`+clock+`"`, l.sayAgo)
}

func (l *edition) time(of any, tell func(Moment) (template.HTML, error)) (template.HTML, error) {
	m, err := l.moment(of)
	if err != nil {
		return "", err
	}
	return l.element(m, "", tell)
}

// element is that for a time, which is told in some way.
func (l *edition) element(m Moment, attribute template.HTML, tell func(Moment) (template.HTML, error)) (template.HTML, error) {
	if m.IsZero() {
		return l.msg("time.never")
	}
	told, err := tell(m)
	return `<time datetime="` + template.HTML(m.ISO()) + `"` + attribute + `>` + told + "</time>", err
}

func (l *edition) sayDate(m Moment) (template.HTML, error) {
	at := m.local()
	month := Say("time.month." + strconv.Itoa(int(at.Month())))
	return l.msg("time.date", at.Day(), month, template.HTML(strconv.Itoa(at.Year())))
}

func (l *edition) sayClock(clock string) func(Moment) (template.HTML, error) {
	return func(m Moment) (template.HTML, error) {
		date, err := l.sayDate(m)
		if err != nil {
			return "", err
		}
		at := m.local()
		return l.msg("time.clock", date, at.Format(clock), zone(at))
	}
}

func (l *edition) sayAgo(m Moment) (template.HTML, error) {
	d, tense := m.Now.Sub(m.At), "time.ago."
	if d < 0 {
		d, tense = -d, "time.in."
	}
	unit, n := span(d)
	if unit == "" {
		return l.msg(tense + "moment")
	}
	return l.msg(tense+unit, n)
}

// span returns a distance in the largest unit that fits, or "" for less than a
// minute.
func span(d time.Duration) (unit string, n int) {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{365 * day, "years"}, {30 * day, "months"}, {day, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if d >= unit.size {
			return unit.name, int(d / unit.size)
		}
	}
	return "", 0
}
