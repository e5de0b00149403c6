package page

import "time"

// errorSamples shows the page of errors as the endpoints write it.
func errorSamples() []Sample {
	at := Moment{At: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)}
	back := &Link{URL: "/", Text: Say("error.back", "service.example")}
	said := func(status int, key string) Error {
		return Error{Status: status, Title: Say(key), Message: Say(key + "_text"), Time: at, Back: back}
	}
	mistake, outage, suspended := said(400, "error.request"), said(503, "error.outage"), said(400, "error.suspended")
	mistake.Detail, mistake.Received = "redirect_uri: the application has not registered it as a callback URL", "https://weather.example/callback/?session=12"
	mistake.Remedy = Say("error.redirect_uri_remedy")
	outage.Reference = "ABCD2345"
	suspended.Detail = "Its tokens were found in a public repository."
	long := mistake
	long.Detail, long.Received = longWord+" "+longWord, longURL
	parameter := said(400, "error.request")
	parameter.Detail = "client_id: there is no such application"
	over := said(400, "error.over")
	over.Detail = "request_uri: it has expired, was used already or was never issued"
	bare := said(404, "fail.not_found")
	bare.Back = nil
	return []Sample{
		{"", Error{Title: Plain("Title")}},
		{"A mistake of the application, and how to mend it", mistake},
		{"A mistake of the application", parameter},
		{"The request is over", over},
		{"Something does not work", outage},
		{"The application is suspended", suspended},
		{"The application is not approved yet", said(403, "error.unapproved")},
		{"A form that was not made here", said(403, "error.form")},
		{"Nothing leads on", bare},
		{"Long texts", long},
	}
}
