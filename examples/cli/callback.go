package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// errDenied is returned when the user says no.
var errDenied = errors.New("you chose not to authorize this program")

// awaitCode serves the callback URL until the browser brings the answer to the
// request with this state, or ctx is done. It closes the listener.
func awaitCode(ctx context.Context, listener net.Listener, state, issuer string) (string, error) {
	type result struct {
		code string
		err  error
	}
	results := make(chan result, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		// Anyone on this machine can call here. What does not know the state is
		// not the answer, so it is refused and the wait goes on.
		if subtle.ConstantTimeCompare([]byte(state), []byte(r.URL.Query().Get("state"))) == 0 {
			tell(w, http.StatusBadRequest, "This is not the answer to the login that was begun.")
			return
		}
		code, err := codeOf(r.URL.Query(), issuer)
		if err != nil {
			tell(w, http.StatusForbidden, "You were not logged in. The program tells why; you can close this page.")
		} else {
			tell(w, http.StatusOK, "You can close this page and go back to the program.")
		}
		select {
		case results <- result{code, err}:
		default: // the page was reloaded
		}
	})
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	go server.Serve(listener)
	defer func() { // let the browser have its page before the program goes on
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(limited) != nil {
			server.Close()
		}
	}()

	select {
	case r := <-results:
		return r.code, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// codeOf reads an authorization response (RFC 6749, section 4.1.2, and RFC
// 9207).
func codeOf(response url.Values, issuer string) (string, error) {
	code, failure := response.Get("code"), response.Get("error")
	switch {
	case response.Get("iss") != issuer:
		return "", fmt.Errorf("the answer came from %q, not from %s", response.Get("iss"), issuer)
	case failure == "access_denied":
		return "", errDenied
	case failure != "":
		return "", fmt.Errorf("the authorization endpoint answered %q: %q", failure, response.Get("error_description"))
	case code == "":
		return "", errors.New("the answer holds no code")
	}
	return code, nil
}

func tell(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, message)
}
