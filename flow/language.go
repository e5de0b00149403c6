package flow

import (
	"fmt"

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
// of the configuration, in English alone.
func (p *Provider) untranslated() []Finding {
	var findings []Finding
	for _, tag := range p.pages.Languages() {
		missing := p.pages.Missing(tag)
		if len(missing) == 0 {
			continue
		}
		findings = append(findings, Finding{Advice, "Pages.Files", fmt.Sprintf(
			"Pages in the language %s have some texts in English: messages/%[1]s.json lacks %[2]d of them, the first being %[3]s. "+
				"Add them, or leave the language out of Pages.Languages.", tag, len(missing), missing[0],
		), "WCAG 2.2, success criterion 3.1.2"})
	}
	return findings
}
