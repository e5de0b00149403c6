package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
)

//go:embed files
var embedded embed.FS

// The files that are no pages but parts of every page.
const layoutFile = "layout.html"

var partFiles = []string{layoutFile, "head.html", "navigation.html", "footer.html"}

// pageParts are what every page defines, and the layout shows.
var pageParts = []string{"title", "main"}

const consentFile = "consent.html"

func (s *Set) parse() error {
	parts := template.New(layoutFile).Funcs(s.editions[0].funcs())
	for _, name := range partFiles {
		if err := s.parseFile(parts, name); err != nil {
			return err
		}
		if err := s.editions[0].messages.checkKeys(parts); err != nil {
			return wrap(name, err)
		}
	}
	s.parts = parts
	names, err := s.options.pageNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		t, err := parts.Clone()
		if err != nil {
			return wrap(name, err)
		}
		if err := s.parseFile(t, name); err != nil {
			return err
		}
		for _, part := range pageParts {
			if t.Lookup(part) == nil {
				return fmt.Errorf("page %s: defines no template %q", name, part)
			}
		}
		if err := s.editions[0].messages.checkKeys(t); err != nil {
			return wrap(name, err)
		}
		s.pages[name] = t
	}
	return nil
}

func (s *Set) parseFile(t *template.Template, name string) error {
	text, err := s.options.readFile(name)
	if err != nil {
		return err
	}
	if name != layoutFile {
		t = t.New(name)
	}
	s.copies[name] = bytes.Contains(text, []byte("data-copy="))
	_, err = t.Parse(string(text))
	return wrap(name, err)
}

// pageNames lists the pages of the library, the further ones, and those that
// the host adds.
func (o Options) pageNames() ([]string, error) {
	names := slices.Clone(pageFiles)
	for _, further := range o.Further {
		files, err := fs.Glob(further.Files, "*.html")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if slices.Contains(names, name) || slices.Contains(partFiles, name) {
				return nil, fmt.Errorf("page %s: is there already", name)
			}
			if len(further.Samples[name]) == 0 {
				return nil, fmt.Errorf("page %s: has no sample to try it with", name)
			}
			names = append(names, name)
		}
	}
	if o.Overrides == nil {
		return names, nil
	}
	files, err := fs.Glob(o.Overrides, "*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if !slices.Contains(names, name) && !slices.Contains(partFiles, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// readFile returns the host's file of that name, or else the library's.
func (o Options) readFile(name string) ([]byte, error) {
	if o.Overrides != nil {
		b, err := fs.ReadFile(o.Overrides, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, wrap(name, err)
		}
	}
	for _, further := range o.Further {
		b, err := fs.ReadFile(further.Files, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, wrap(name, err)
		}
	}
	b, err := embedded.ReadFile(path.Join("files", name))
	return b, wrap(name, err)
}

func wrap(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("page %s: %w", file, err)
}
