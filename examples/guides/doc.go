// Package guides is the manual: a file for each task of a host, with a program
// that go test runs. Each file says first what to do and why.
//
//	people_test.go       your users, their accounts and their roles
//	mounting_test.go     under a router, below a path, behind a proxy
//	looks_test.go        your own look, your own pages
//	languages_test.go    your languages, your words
//	postgres_test.go     PostgreSQL with your pool and your migration tool
//	audit_test.go        an audit log
//	leaving_test.go      people who leave: deprovisioning and erasure
//	standing_test.go     suspend, approve, verify and trust applications
//	api_test.go          guard an API, or several, or one in another program
//	itself_test.go       let an application act for itself, without a user
//	signing_test.go      prove what the service said, and replace a signing key
//	leaks_test.go        take the reports of secret scanners, such as GitHub's
//	testing_test.go      test your API, and the way through consent
//	operating_test.go    start and stop, clean-up, health, backup, keys, alerts
//	fapi2_test.go        hold it to FAPI 2.0, and what its clients do
//	moving_test.go       move from Doorkeeper, django-oauth-toolkit, Passport, Hydra
//	review_test.go       a security review before you go live
package guides
