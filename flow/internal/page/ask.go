package page

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// ask calls a function of the host's about a request. It returns the default
// where there is no such function, and where that panics, which is logged: what
// a page tells may have happened and be shown only once, such as a new client
// secret.
func ask[T any](s *Set, r *http.Request, name string, function func(*http.Request) T, otherwise T) (answer T) {
	if function == nil {
		return otherwise
	}
	defer func() {
		if problem := recover(); problem != nil {
			s.options.Logger.ErrorContext(r.Context(), "Config.Pages."+name+" panicked", "panic", fmt.Sprint(problem), "stack", string(debug.Stack()))
			answer = otherwise
		}
	}()
	return function(r)
}
