package page

import (
	"bytes"
	"fmt"
	"net/http"
)

// check executes every page with each of its samples, in the default language:
// messages of the others have the same arguments.
func (s *Set) check() error {
	host, err := s.sampleHost()
	if err != nil {
		return err
	}
	s.nobody = host
	for name, samples := range s.Samples() {
		for _, sample := range samples {
			b, err := s.execute(s.editions[0], name, sample.Data, host)
			if err != nil {
				return err
			}
			if bytes.Contains(b, []byte(unsaid)) {
				return fmt.Errorf("page %s: prints a message as it is; say it with msg, as in {{msg .Description}}", name)
			}
		}
	}
	return s.checkLayout(host)
}

// checkLayout executes the layout with parts that can be found in the outcome:
// a layout that leaves them out makes pages without anything to read or to
// press.
func (s *Set) checkLayout(host any) error {
	const page, mark = "error.html", "mark-of-"
	t, err := s.parts.Clone()
	if err != nil {
		return wrap(layoutFile, err)
	}
	for _, part := range pageParts {
		if _, err := t.New(part).Parse(mark + part); err != nil {
			return wrap(layoutFile, err)
		}
	}
	b, err := s.executeTemplate(t, page, samples()[page][0].Data, host)
	if err != nil {
		return wrap(layoutFile, err)
	}
	for _, part := range pageParts {
		if !bytes.Contains(b, []byte(mark+part)) {
			return fmt.Errorf("page %s: leaves out {{template %q .}}, which every page defines", layoutFile, part)
		}
	}
	return nil
}

func (s *Set) sampleHost() (host any, err error) {
	if s.options.Data == nil {
		return nil, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &OptionError{"Data", fmt.Errorf("panicked for a request that nobody is signed in to: %v", p)}
		}
	}()
	r, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		return nil, err
	}
	return s.options.Data(r), nil
}

// Samples are data for every page, by the name of its file, that shows it in
// each of its states. Those that somebody adds to a page of the library come
// last.
func (s *Set) Samples() map[string][]Sample {
	all := samples()
	for _, further := range s.options.Further {
		for name, samples := range further.Samples {
			all[name] = append(all[name], samples...)
		}
	}
	return all
}
