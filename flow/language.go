package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// words are what the configuration says of scopes and resources, by the keys of
// their messages, which [Pages.Files] has in other languages.
func (p *Provider) words() map[string]string {
	words := map[string]string{}
	add := func(kind, name, text string) {
		if text != "" {
			words[kind+"."+name] = text
		}
	}
	for _, s := range p.cfg.Scopes {
		add("scope", s.Name, s.Description)
		add("scope_risk", s.Name, s.Risk)
		add("scope_group", s.Group, s.Group)
	}
	if len(p.resources) > 1 { // of one alone no page speaks
		for _, r := range p.resources {
			if r.Name != r.place {
				add("resource", r.Name, r.Name)
			}
		}
	}
	return words
}

// word is the message of one of words, nil where there is no text.
func word(kind, name, text string) *page.Message {
	if text == "" {
		return nil
	}
	return page.Say(kind + "." + name)
}

// called is what the consent page calls the resource.
func (r resource) called() *page.Message {
	if r.Name == r.place {
		return page.Plain(r.Name)
	}
	return word("resource", r.Name, r.Name)
}

// untranslated finds the languages that have messages of the host's, or words
// of the configuration, in English alone. Those that lack the same are one
// finding: at first it is every language of the library.
func (p *Provider) untranslated() []Finding {
	var findings []Finding
	for _, group := range p.untranslatedGroups() {
		findings = append(findings, Finding{Advice, "Pages.Files", fmt.Sprintf(
			"Pages in %s have some texts in English: messages/%s.json lacks %d of them, the first being %s. "+
				"Add them to the file of each language, or leave the language out of Pages.Languages.",
			strings.Join(group.languages, ", "), group.languages[0], len(group.missing), group.missing[0],
		), "WCAG 2.2, success criterion 3.1.2"})
	}
	return findings
}

// An untranslatedGroup is languages that lack the same messages.
type untranslatedGroup struct {
	languages []string
	missing   []string
}

func (p *Provider) untranslatedGroups() []untranslatedGroup {
	var groups []untranslatedGroup
	for _, tag := range p.pages.Languages() {
		missing := p.pages.Missing(tag)
		if len(missing) == 0 {
			continue
		}
		i := slices.IndexFunc(groups, func(g untranslatedGroup) bool { return slices.Equal(g.missing, missing) })
		if i < 0 {
			groups, i = append(groups, untranslatedGroup{missing: missing}), len(groups)
		}
		groups[i].languages = append(groups[i].languages, tag)
	}
	return groups
}
