package kernel

import (
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// An AccountPage is a page that each account has, for its users. Those of an
// account lead to each other, whichever capability or package has them.
type AccountPage struct {
	Label *page.Message // a few words
	// URL returns the path of the page of an account.
	URL func(account string) string
}

// AccountPages are the pages of an account that capabilities add, in the order
// in which the host lists them.
func (all *Contributions) AccountPages() []AccountPage { return slices.Clone(all.accountPages) }

// AccountLinks are the links between the pages of an account for the one at a
// path: none where there is no other.
func (k *Kernel) AccountLinks(account, current string) []page.PageLink {
	pages := k.AccountPages()
	if len(pages) < 2 {
		return nil
	}
	links := make([]page.PageLink, len(pages))
	for i, p := range pages {
		url := p.URL(account)
		links[i] = page.PageLink{URL: url, Text: p.Label, Current: url == current}
	}
	return links
}
