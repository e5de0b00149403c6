package flow

import (
	"context"
	"fmt"
	"runtime/debug"
)

// accountNames returns what names accounts: the host's function, if it has one
// and that knows the account, and otherwise the ID. An owner without a name
// would be no owner on a page.
func accountNames(given func(context.Context, string) (string, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, account string) (string, error) {
		if given == nil {
			return account, nil
		}
		name, err := nameBy(ctx, given, account)
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
		name, err := nameBy(ctx, given, user)
		if err != nil {
			return "", fmt.Errorf("flow: Config.Pages.UserName: %w", err)
		}
		return name, nil
	}
}

// nameBy calls a function of the host's. A panic of it is an error like others:
// names are asked for beside what is shown only once, such as an API token.
func nameBy(ctx context.Context, given func(context.Context, string) (string, error), id string) (name string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panicked: %v\n%s", problem, debug.Stack())
		}
	}()
	return given(ctx, id)
}
