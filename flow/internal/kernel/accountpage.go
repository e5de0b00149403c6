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

// OtherPages are links to the pages of an account, but for the one at a path.
func (k *Kernel) OtherPages(account, path string) (links []page.Link) {
	for _, p := range k.AccountPages() {
		if url := p.URL(account); url != path {
			links = append(links, page.Link{URL: url, Text: p.Label})
		}
	}
	return links
}
