package oauthapp_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func imported() oauthapp.Import {
	return oauthapp.Import{
		Registration: oauthapp.Registration{
			ClientID: "Foreign_ID-1", Name: "Imported", HomepageURL: "https://app.example", CallbackURLs: []string{"https://app.example/callback"},
		},
		Secret: strings.Repeat("s", 40), SecretForm: oauthapp.PlainSecret, SecretIsRandom: true,
	}
}

func newImportRegistry(t *testing.T) *oauthapp.Registry {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), Scopes: []string{"read"}})
	require.NoError(t, err)
	return registry
}

func TestImport(t *testing.T) {
	registry := newImportRegistry(t)
	imp := imported()
	imp.CallbackURLs = append(imp.CallbackURLs, "http://app.example/plain", "https://app.example/*", "urn:ietf:wg:oauth:2.0:oob", "http://localhost:3000/callback")
	imp.CreatedAt = time.Date(2019, 1, 2, 3, 4, 5, 6789, time.UTC)
	first, err := registry.Import(t.Context(), "account", imp)
	require.NoError(t, err)
	require.False(t, first.Existed)
	require.Equal(t, []string{"https://app.example/callback", "http://localhost:3000/callback"}, first.Application.CallbackURLs)
	require.Equal(t, imp.CreatedAt.Truncate(time.Microsecond), first.Application.CreatedAt)
	require.Len(t, first.Refused, 3)
	for i, callback := range []string{"http://app.example/plain", "https://app.example/*", "urn:ietf:wg:oauth:2.0:oob"} {
		require.Equal(t, "callback_url", first.Refused[i].Field)
		require.Contains(t, first.Refused[i].Message, callback)
	}

	imp.Name = "Changed there meanwhile"
	again, err := registry.Import(t.Context(), "account", imp)
	require.NoError(t, err)
	require.True(t, again.Existed)
	require.Equal(t, first.Application, again.Application, "what was imported stays as it is")
	_, err = registry.Import(t.Context(), "another", imp)
	require.ErrorIs(t, err, oauthapp.ErrExists)
}

func TestImportRefuses(t *testing.T) {
	type refused struct {
		change func(*oauthapp.Import)
		field  string
	}
	argon2 := func(hash string) refused {
		return refused{func(i *oauthapp.Import) { i.SecretForm, i.Secret = oauthapp.Argon2Secret, hash }, "client_secret"}
	}
	for name, tt := range map[string]refused{
		"no client ID":        {func(i *oauthapp.Import) { i.ClientID = "" }, "client_id"},
		"client ID":           {func(i *oauthapp.Import) { i.ClientID = "a b" }, "client_id"},
		"long client ID":      {func(i *oauthapp.Import) { i.ClientID = strings.Repeat("a", 256) }, "client_id"},
		"no name":             {func(i *oauthapp.Import) { i.Name = "" }, "name"},
		"no callback":         {func(i *oauthapp.Import) { i.CallbackURLs = nil }, "callback_url"},
		"no callback is left": {func(i *oauthapp.Import) { i.CallbackURLs = []string{"http://app.example/"} }, "callback_url"},
		"scope":               {func(i *oauthapp.Import) { i.Scopes = []string{"admin"} }, "scopes"},
		"no secret":           {func(i *oauthapp.Import) { i.Secret = "" }, "client_secret"},
		"short secret":        {func(i *oauthapp.Import) { i.Secret = "short" }, "client_secret"},
		"line break":          {func(i *oauthapp.Import) { i.Secret += "\n" }, "client_secret"},
		"line break, guessed": {func(i *oauthapp.Import) { i.SecretIsRandom = false; i.Secret = "s\n" }, "client_secret"},
		"no UTF-8":            {func(i *oauthapp.Import) { i.Secret += "\xff" }, "client_secret"},
		"hash as plain": {func(i *oauthapp.Import) {
			i.Secret = "$2y$10$" + strings.Repeat("a", 53)
		}, "client_secret"},
		"hash as plain, guessed": {func(i *oauthapp.Import) {
			i.SecretIsRandom, i.Secret = false, "pbkdf2_sha256$600000$salt$"+strings.Repeat("a", 43)+"="
		}, "client_secret"},
		"hash of another form as plain": {func(i *oauthapp.Import) {
			i.Secret = "bcrypt_sha256$$2b$12$" + strings.Repeat("a", 53)
		}, "client_secret"},
		"no form":    {func(i *oauthapp.Import) { i.SecretForm = "" }, "client_secret"},
		"no SHA-256": {func(i *oauthapp.Import) { i.SecretForm = oauthapp.SHA256Secret }, "client_secret"},
		"no bcrypt":  {func(i *oauthapp.Import) { i.SecretForm = oauthapp.BcryptSecret }, "client_secret"},
		"bcrypt too slow": {func(i *oauthapp.Import) {
			i.SecretForm, i.Secret = oauthapp.BcryptSecret, "$2b$31$"+strings.Repeat("a", 53)
		}, "client_secret"},
		"PBKDF2 too slow": {func(i *oauthapp.Import) {
			i.SecretForm, i.Secret = oauthapp.PBKDF2Secret, "pbkdf2_sha256$9000000$salt$"+strings.Repeat("a", 43)+"="
		}, "client_secret"},
		"PBKDF2 of another length": {func(i *oauthapp.Import) {
			i.SecretForm, i.Secret = oauthapp.PBKDF2Secret, "$pbkdf2-sha256$i=1000,l=64$c2FsdA$"+strings.Repeat("a", 43)
		}, "client_secret"},
		"Argon2i":                   argon2("$argon2i$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of another version": argon2("$argon2id$v=16$m=65536,t=4,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 too large":          argon2("$argon2id$v=19$m=131073,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 too slow":           argon2("$argon2id$v=19$m=131072,t=5,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of no pass":         argon2("$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of many threads":    argon2("$argon2id$v=19$m=65536,t=4,p=9$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of no thread":       argon2("$argon2id$v=19$m=65536,t=4,p=0$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of little memory":   argon2("$argon2id$v=19$m=0,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)),
		"Argon2 of a short salt":    argon2("$argon2id$v=19$m=65536,t=4,p=1$c2FsdA$" + strings.Repeat("a", 43)),
		"Argon2 of a short hash":    argon2("$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$aGFzaA"),
		"public with secret":        {func(i *oauthapp.Import) { i.Type = oauthapp.Public }, "client_secret"},
	} {
		t.Run(name, func(t *testing.T) {
			registry, imp := newImportRegistry(t), imported()
			tt.change(&imp)
			_, err := registry.Import(t.Context(), "account", imp)
			var invalid *oauthapp.ValidationError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, f := range invalid.Fields {
				fields = append(fields, f.Field)
				if imp.Secret != "" {
					require.NotContains(t, f.Message, imp.Secret, "a secret is in no message")
				}
			}
			require.Equal(t, []string{tt.field}, fields)
			apps, err := registry.Applications(t.Context(), oauthapp.AnyOwner, oauthapp.Page{})
			require.NoError(t, err)
			require.Empty(t, apps.Items)
		})
	}
	_, err := newImportRegistry(t).Import(t.Context(), "", imported())
	require.Error(t, err)
}

// Other services keep no homepage. Whoever edits the application names one.
func TestImportWithoutHomepage(t *testing.T) {
	registry, imp := newImportRegistry(t), imported()
	imp.HomepageURL = ""
	got, err := registry.Import(t.Context(), "account", imp)
	require.NoError(t, err)
	require.Empty(t, got.Application.HomepageURL)

	edit := got.Application.Registration()
	edit.Name = "Edited"
	_, err = registry.Update(t.Context(), oauthapp.OwnedBy("account"), got.Application.ID, edit)
	var invalid *oauthapp.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.NotEmpty(t, invalid.Message("homepage_url"))

	imp.ClientID, imp.HomepageURL = "another", "ftp://app.example"
	_, err = registry.Import(t.Context(), "account", imp)
	require.ErrorAs(t, err, &invalid)
	require.NotEmpty(t, invalid.Message("homepage_url"))
}

// A callback URL that the other service lists twice is kept once, and an empty
// one is none.
func TestImportTidiesCallbackURLs(t *testing.T) {
	registry, imp := newImportRegistry(t), imported()
	imp.CallbackURLs = []string{"https://app.example", "", " https://app.example/callback ", "https://app.example/"}
	got, err := registry.Import(t.Context(), "account", imp)
	require.NoError(t, err)
	require.Empty(t, got.Refused)
	require.Equal(t, []string{"https://app.example/", "https://app.example/callback"}, got.Application.CallbackURLs)
}

// The hint of a secret is text, whatever the secret.
func TestImportedHint(t *testing.T) {
	for secret, hint := range map[string]string{"": oauthapp.ImportedHint, "éabc": "éabc"} {
		registry, imp := newImportRegistry(t), imported()
		if imp.Secret += secret; secret == "" {
			imp.SecretIsRandom = false
		}
		got, err := registry.Import(t.Context(), "account", imp)
		require.NoError(t, err)
		secrets, err := registry.Secrets(t.Context(), oauthapp.OwnedBy("account"), got.Application.ID)
		require.NoError(t, err)
		require.Equal(t, hint, secrets[0].Hint)
	}
}

func TestImportPublic(t *testing.T) {
	registry, imp := newImportRegistry(t), imported()
	imp.Type, imp.Secret, imp.SecretForm = oauthapp.Public, "", ""
	got, err := registry.Import(t.Context(), "account", imp)
	require.NoError(t, err)
	secrets, err := registry.Secrets(t.Context(), oauthapp.OwnedBy("account"), got.Application.ID)
	require.NoError(t, err)
	require.Empty(t, secrets)
}

// However many import the same at once, there is one.
func TestImportAtOnce(t *testing.T) {
	registry := newImportRegistry(t)
	results, errs := make([]oauthapp.Imported, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i], errs[i] = registry.Import(t.Context(), "account", imported()) })
	}
	wg.Wait()
	made := 0
	for i, got := range results {
		require.NoError(t, errs[i])
		require.Equal(t, results[0].Application.ID, got.Application.ID)
		if !got.Existed {
			made++
		}
	}
	require.Equal(t, 1, made)
}
