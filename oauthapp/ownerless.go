package oauthapp

import (
	"errors"
	"strings"
)

// CheckCallback returns what is wrong with a callback URL for applications of a
// type, as [Registration.CallbackURLs] says, or nil. The error is what comes
// after "the URL" in a sentence, such as "has a fragment; leave out the "#" and
// what follows it".
func (r *Registry) CheckCallback(typ ClientType, callback string) error {
	return checkedCallback(checkCallback(callback, typ, r.cfg.PrivateUseSchemes...))
}

// CheckCallback returns what is wrong with a callback URL for applications of a
// type, or nil. It judges as [Registry.CheckCallback] does where
// Config.PrivateUseSchemes is empty.
func CheckCallback(typ ClientType, callback string) error {
	return checkedCallback(checkCallback(callback, typ))
}

func checkedCallback(problem *mistake) error {
	if problem != nil {
		return errors.New(strings.TrimSuffix(problem.text, "."))
	}
	return nil
}

// CheckOwnerless returns a registration as [Registry.RegisterOwnerless] would
// keep it, or a [*ValidationError] that names everything wrong with it. It does
// not ask the store.
func (r *Registry) CheckOwnerless(reg Registration) (Registration, error) {
	reg, problems := r.check("", reg)
	if len(problems) > 0 {
		return Registration{}, &ValidationError{problems}
	}
	return reg, nil
}

// isForeignClientID reports whether s is a client ID that an application
// without an owner may bring: an https URL, as in
// draft-ietf-oauth-client-id-metadata-document-03, section 3.
func isForeignClientID(s string) bool {
	const most = 1 << 10
	return len(s) <= most && strings.HasPrefix(s, "https://") && checkCallback(s, Confidential) == nil
}
