package flow

import (
	"context"
	"fmt"
)

// accountNames returns what names accounts: the host's function, if it has one
// and that knows the account, and otherwise the ID. An owner without a name
// would be no owner on a page.
func accountNames(given func(context.Context, string) (string, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, account string) (string, error) {
		if given == nil {
			return account, nil
		}
		name, err := given(ctx, account)
		if err != nil {
			return "", fmt.Errorf("flow: Config.Pages.AccountName: %w", err)
		}
		if name == "" {
			return account, nil
		}
		return name, nil
	}
}

// userNames returns what names users: the host's function, or nothing.
func userNames(given func(context.Context, string) (string, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, user string) (string, error) {
		if given == nil {
			return "", nil
		}
		name, err := given(ctx, user)
		if err != nil {
			return "", fmt.Errorf("flow: Config.Pages.UserName: %w", err)
		}
		return name, nil
	}
}
