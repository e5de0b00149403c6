package oauthapp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// SecretForm tells how another service keeps its client secrets.
type SecretForm string

// The forms that [Registry.Import] reads.
const (
	// PlainSecret is the secret itself: Doorkeeper by default, and Laravel
	// Passport in earlier versions. Tables of services that began to hash their
	// secrets have both; Import refuses as plain what begins as a slow hash.
	PlainSecret SecretForm = "plain"
	// SHA256Secret is the SHA-256 of the secret in hexadecimal digits:
	// Doorkeeper with hash_application_secrets.
	SHA256Secret SecretForm = "sha256"
	// BcryptSecret is a bcrypt hash, "$2a$", "$2b$" or "$2y$", with a cost up
	// to 14: Doorkeeper with its BCrypt strategy, Laravel Passport, and Ory
	// Hydra with its hasher bcrypt.
	BcryptSecret SecretForm = "bcrypt"
	// PBKDF2Secret is "pbkdf2_sha256$iterations$salt$hash" of
	// django-oauth-toolkit, or "$pbkdf2-sha256$i=iterations,l=length$salt$hash"
	// of Ory Hydra, with up to 2,000,000 iterations.
	PBKDF2Secret SecretForm = "pbkdf2"
	// Argon2Secret is "$argon2id$v=19$m=memory,t=passes,p=threads$salt$hash",
	// with up to 128 MiB of memory, 8 threads, and 512 MiB in all passes
	// together: Laravel Passport with the hasher argon2id of its application,
	// and django-oauth-toolkit with that of Django, "argon2" before it.
	Argon2Secret SecretForm = "argon2"
)

// An Import is an application that lived in another service, for
// [Registry.Import].
type Import struct {
	// Registration has what that service kept of the application. Its ClientID
	// stays as it is: 1 to 255 letters, digits, "-", ".", "_" and "~". Its
	// HomepageURL is optional, until its developer edits the application.
	Registration

	// Secret is the client secret as SecretForm says, "" for a public
	// application.
	Secret     string
	SecretForm SecretForm
	// SecretIsRandom vouches that the secret was drawn at random, with 128 bits
	// or more, and that no person chose it. A secret for which nobody vouches
	// keeps a slow hash, and attempts to guess it are limited before they are
	// judged. One for which the host vouches is kept as a SHA-256 digest, as
	// those made here are. If it came as a slow hash, it gets that digest when
	// it is first used.
	SecretIsRandom bool

	CreatedAt time.Time // in that service; the time of the import where it is zero
}

// An Imported tells what became of an [Import].
type Imported struct {
	Application Application
	// Existed says that the account has an application with this client ID
	// already, as it was imported before. It was left as it is.
	Existed bool
	// Refused are the callback URLs that the rules of this service do not
	// admit, and why. The application was imported without them.
	Refused []FieldError
}

// Import registers an application of an account that lived in another service,
// with the client ID and the client secret that it has there, so that it goes
// on working as it is deployed. It can be repeated: what was imported before
// stays as it is. Callback URLs that the rules of [Registration] do not admit
// are left out, and listed in Imported.Refused. The standing is that of every
// new application: a host that approves applications approves it with
// [Registry.ChangeStanding].
//
// It returns a [*ValidationError] that names everything else that is wrong;
// that no callback URL is left is one such thing. It returns [ErrExists] if
// another account has the client ID, or a deleted application had it. It
// returns [ErrLimit] if the account has Config.MaxApplications applications
// already. The event is ApplicationCreated; an import that changes nothing has
// none.
func (r *Registry) Import(ctx context.Context, account string, imp Import) (Imported, error) {
	if err := checkOwner(OwnedBy(account)); err != nil {
		return Imported{}, err
	}
	existing, err := r.cfg.Store.ApplicationByClientID(ctx, OwnedBy(account), imp.ClientID)
	if err == nil {
		return Imported{Application: existing, Existed: true}, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Imported{}, err
	}
	now := r.now()
	reg, secret, refused, problems := r.checkImport(account, imp)
	if len(problems) > 0 {
		return Imported{Refused: refused}, &ValidationError{problems}
	}
	app := Application{ID: newID(), ClientID: reg.ClientID, Owner: account, Type: reg.Type, CreatedAt: now}
	app.edit(reg, now)
	if !imp.CreatedAt.IsZero() {
		app.CreatedAt = imp.CreatedAt.UTC().Truncate(time.Microsecond)
	}
	if err := app.setExtras(reg.Extra); err != nil {
		return Imported{}, err
	}
	if secret != nil {
		secret.ID, secret.ApplicationID, secret.CreatedAt = newID(), app.ID, now
	}
	err = r.cfg.Store.CreateApplication(ctx, app, secret, r.cfg.MaxApplications)
	if errors.Is(err, ErrExists) { // somebody imports the same at the same time
		if existing, err := r.cfg.Store.ApplicationByClientID(ctx, OwnedBy(account), imp.ClientID); err == nil {
			return Imported{Application: existing, Existed: true}, nil
		}
	}
	if err != nil {
		return Imported{}, err
	}
	r.report(ctx, ApplicationCreated, now, app)
	return Imported{Application: app, Refused: refused}, nil
}

var importedClientID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,255}$`)

// checkImport returns an import as it is kept, the callback URLs that it is
// kept without, and everything that is wrong with it.
func (r *Registry) checkImport(account string, imp Import) (reg Registration, secret *Secret, refused, problems []FieldError) {
	reg = imp.Registration.tidy()
	id := reg.ClientID
	reg.ClientID = "" // an imported one has other rules, below
	if reg.Type == "" {
		reg.Type = Confidential
	}
	kept := []string{}
	for _, callback := range reg.CallbackURLs {
		if problem := checkCallback(callback, reg.Type, r.cfg.PrivateUseSchemes...); problem != nil {
			refused = append(refused, problem.aboutValue("callback_url", callback))
		} else if !slices.Contains(kept, callback) {
			kept = append(kept, callback)
		}
	}
	reg.CallbackURLs = kept
	reg, problems = r.check(account, reg)
	if reg.HomepageURL == "" { // other services do not ask for it
		problems = slices.DeleteFunc(problems, func(p FieldError) bool { return p.Field == "homepage_url" })
	}
	reg.ClientID = id
	if !importedClientID.MatchString(id) {
		problems = append(problems, FieldError{Field: "client_id", Message: `Client ID must be 1 to 255 letters, digits, "-", ".", "_" and "~".`})
	}
	if reg.Type == Public {
		if imp.Secret != "" {
			problems = append(problems, FieldError{Field: "client_secret", Message: "A public application has no client secret; leave it out, or import it as confidential."})
		}
		return reg, nil, refused, problems
	}
	secret, problem := imp.keep()
	if problem != "" {
		problems = append(problems, FieldError{Field: "client_secret", Message: problem})
	}
	return reg, secret, refused, problems
}

// ImportedHint is the Hint of a [Secret] that was imported as a hash, whose
// last characters nobody knows.
const ImportedHint = "imported"

// keep returns what is kept of the secret, or says what is wrong with it. The
// problem quotes nothing of the secret.
func (imp Import) keep() (secret *Secret, problem string) {
	secret = &Secret{Hint: ImportedHint}
	switch text := imp.Secret; {
	case text == "":
		return nil, "Client secret is missing; a public application has none."
	case imp.SecretForm == PlainSecret && (!utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)):
		return nil, "Client secret has control characters, such as a line break, or bytes that are not UTF-8: no client can send it."
	case imp.SecretForm == PlainSecret && slowHash.MatchString(text):
		return nil, "Client secret is a hash, and not the secret itself: whoever has a copy of the hashes could use it. Name the form of the hash."
	case imp.SecretForm == PlainSecret && imp.SecretIsRandom:
		chars := []rune(text)
		if len(chars) < 16 {
			return nil, "Client secret has fewer than 16 characters: it was not drawn at random."
		}
		secret.Digest, secret.Hint = credential.DigestOf(text), string(chars[len(chars)-4:])
	case imp.SecretForm == PlainSecret:
		secret.Hash = hashPlain(text)
	case imp.SecretForm == SHA256Secret && sha256Form.MatchString(strings.ToLower(text)):
		if imp.SecretIsRandom {
			_, _ = hex.Decode(secret.Digest[:], []byte(strings.ToLower(text)))
		} else {
			secret.Hash = hashOfSHA256 + strings.ToLower(text)
		}
	case imp.SecretForm == BcryptSecret && isBcrypt(text), imp.SecretForm == PBKDF2Secret && isPBKDF2(text),
		imp.SecretForm == Argon2Secret && isArgon2(text):
		secret.Hash = text
		if imp.SecretIsRandom {
			secret.Hash = hashOfRandom + text
		}
	default:
		return nil, fmt.Sprintf("Client secret is not of the form %q, or its hash takes too long; make a new secret at random, import it as \"plain\", and give it to the developer.", string(imp.SecretForm))
	}
	return secret, ""
}
