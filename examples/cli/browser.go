package main

import (
	"os/exec"
	"runtime"
)

// openBrowser opens a URL in the user's browser, or fails where there is none
// to be found.
func openBrowser(url string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", url).Start()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	}
	return exec.Command("xdg-open", url).Start()
}
