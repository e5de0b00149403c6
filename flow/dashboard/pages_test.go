package dashboard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// A paged capability has a page for each account.
type paged struct{}

func (paged) Name() string { return "paged" }

func (paged) Findings() []kernel.Finding { return nil }

func (paged) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{AccountPage: &kernel.AccountPage{
		Label: page.Plain("Invoices"), URL: func(account string) string { return "/invoices/" + account },
	}}, nil
}

// The list of an account leads to the other pages that the account has, and
// says nothing of them where there is none.
func TestPagesOfAnAccount(t *testing.T) {
	require.NotContains(t, newSite(t).open(list("2")).Body, "Pages of the account")
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) { cfg.Extensions = []flow.Extension{paged{}} })
	body := s.open(list("2")).Body
	require.Contains(t, body, `<nav class="sections" aria-label="Pages of the account">`)
	require.Contains(t, body, `<li><a href="/invoices/2">Invoices</a></li>`)
}
