package flow

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
)

// namesOf returns what names accounts or users: the host's function, which a
// field of Config has, or unnamed for an ID that it has no name for.
func namesOf(field string, given func(context.Context, string) (string, error), unnamed func(id string) string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, id string) (string, error) {
		if given == nil {
			return unnamed(id), nil
		}
		name, err := nameBy(ctx, given, id)
		if err != nil {
			return "", fmt.Errorf("flow: Config.%s: %w", field, err)
		}
		return cmp.Or(name, unnamed(id)), nil
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
