package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"rsc.io/qr"
)

//go:embed television.html
var televisionHTML string

var televisionTemplate = template.Must(template.New("television").Parse(televisionHTML))

// maxWait is how long the screen waits for its user before it is drawn anew.
const maxWait = 20 * time.Second

// television is the screen of a device that nobody types on (RFC 8628): it
// shows a code, and the same as a QR code, to open on a phone.
func (a *app) television(w http.ResponseWriter, r *http.Request) {
	kept, ok := a.sessions.current(r)
	if !ok || kept.device == nil || time.Now().After(kept.device.Expiry) {
		// Package oauth2 sends the secret to the token endpoint alone.
		device, err := a.oauth.DeviceAuth(a.context(), oauth2.SetAuthURLParam("client_secret", a.oauth.ClientSecret))
		if err != nil {
			a.page(w, http.StatusBadGateway, page{Problem: "The provider gave no code for this screen.", Detail: detail(err)})
			return
		}
		kept = session{device: device}
		a.sessions.begin(w, kept)
	}
	code, err := qrCode(kept.device.VerificationURIComplete)
	if err != nil {
		a.page(w, http.StatusInternalServerError, page{Problem: "The address is too long for a QR code."})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	televisionTemplate.Execute(w, struct {
		*oauth2.DeviceAuthResponse
		QRCode template.HTML
	}{kept.device, code})
}

// televisionWait logs in whoever has authorized the screen, once they have.
// Meanwhile the browser goes on showing the code.
func (a *app) televisionWait(w http.ResponseWriter, r *http.Request) {
	kept, ok := a.sessions.current(r)
	if !ok || kept.device == nil {
		http.Redirect(w, r, "/tv", http.StatusSeeOther)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxWait)
	defer cancel()
	token, err := a.oauth.DeviceAccessToken(context.WithValue(ctx, oauth2.HTTPClient, a.http), kept.device)
	switch failure := new(oauth2.RetrieveError); {
	case errors.As(err, &failure):
		a.sessions.end(w, r)
		a.page(w, http.StatusForbidden, page{Problem: "You were not logged in. " + explain(failure.ErrorCode, failure.ErrorDescription)})
	case err != nil: // nobody has decided yet
		http.Redirect(w, r, "/tv", http.StatusSeeOther)
	default:
		a.sessions.begin(w, session{tokens: a.oauth.TokenSource(a.context(), token)})
		http.Redirect(w, r, "/me", http.StatusSeeOther)
	}
}

// qrCode draws a text as a QR code in SVG, which is a part of the page: it
// needs no image, and no script.
func qrCode(text string) (template.HTML, error) {
	const quiet = 4 // modules of white around it (ISO/IEC 18004)
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	size := code.Size + 2*quiet
	return template.HTML(fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="QR code of the address" shape-rendering="crispEdges">`+
			`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, size, size, size, size, path.String())), nil
}
