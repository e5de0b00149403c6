package page

import (
	"fmt"
	"html/template"
	"strconv"
	"time"
)

// Moment is a time as it looks from another.
type Moment struct{ At, Now time.Time }

// An Ago is a [Moment] that a message tells as a distance.
type Ago Moment

// IsZero reports whether there is no such time.
func (m Moment) IsZero() bool { return m.At.IsZero() }

// ISO is the time for programs.
func (m Moment) ISO() string { return m.At.UTC().Format(time.RFC3339) }

// moment is what templates give the functions below: a [Moment], or, on the
// pages of the host, a [time.Time].
func (l *edition) moment(of any) (Moment, error) {
	switch t := of.(type) {
	case Moment:
		return t, nil
	case time.Time:
		return Moment{At: t, Now: l.now()}, nil
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
	at := m.At.UTC()
	month := Say("time.month." + strconv.Itoa(int(at.Month())))
	return l.msg("time.date", at.Day(), month, at.Year())
}

func (l *edition) sayClock(clock string) func(Moment) (template.HTML, error) {
	return func(m Moment) (template.HTML, error) {
		date, err := l.sayDate(m)
		if err != nil {
			return "", err
		}
		return l.msg("time.clock", date, m.At.UTC().Format(clock))
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
