// Package fapi2 tests a service that is held to the FAPI 2.0 Security Profile,
// with the capabilities that it needs, from outside. PROFILES.md of package
// flow says which of the tests answers for which module of the conformance
// suite of the OpenID Foundation.
package fapi2
