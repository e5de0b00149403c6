package page

import "time"

// pageFiles are the pages of the library.
var pageFiles = []string{
	consentFile,
	"error.html",
	"applications.html",
	"application.html",
	"application_form.html",
	"revoke_tokens.html",
	"revoke_secret.html",
	"delete_application.html",
	"transfer_application.html",
	"receive_application.html",
}

// longWord is a name that no line can break well, and longURL an address.
const (
	longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	longURL  = "https://llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example/a/path/that/goes/on/and/on?and=so&does=the&query=string"
)

// A Sample is data for a page, which shows it in one of its states.
type Sample struct {
	// State is the state in a few English words, for whoever designs the pages;
	// "" for data that only tries the template, as it has as little as can be.
	State string
	Data  any
}

// samples returns data for every page, between them everything that a template
// can meet: lists with and without rows, texts given and left out.
func samples() map[string][]Sample {
	return map[string][]Sample{
		consentFile:                 consentSamples(),
		"error.html":                errorSamples(),
		"applications.html":         listSamples(),
		"application.html":          applicationSamples(),
		"application_form.html":     formSamples(),
		"revoke_tokens.html":        warnings(),
		"revoke_secret.html":        warnings(),
		"delete_application.html":   warnings(wrongName()),
		"transfer_application.html": transferSamples(),
		"receive_application.html":  receiveSamples(),
	}
}

// sampleNow is when the samples are looked at, sampleDays and sampleMinutes
// are before that.
var sampleNow = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

func sampleDays(n int) Moment { return sampleMinutes(n * 24 * 60) }

func sampleMinutes(n int) Moment {
	return Moment{At: sampleNow.Add(-time.Duration(n) * time.Minute), Now: sampleNow}
}
