package flow

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The defaults and limits of Config.
const (
	defaultCodeLifetime         = 5 * time.Minute
	maxCodeLifetime             = 10 * time.Minute // RFC 6749, section 4.1.2
	defaultAccessTokenLifetime  = time.Hour
	defaultRefreshTokenLifetime = 30 * 24 * time.Hour
	defaultSessionLifetime      = 365 * 24 * time.Hour
	defaultRotationGrace        = 10 * time.Second
	maxRotationGrace            = time.Minute
	defaultMaxApplications      = 100
	minKeySize                  = 32
)

// resolve returns a copy of cfg that has every default and passed every check,
// and its issuer.
func (cfg Config) resolve() (Config, *url.URL, error) {
	issuer, err := parseIssuer(cfg.Issuer)
	if err != nil {
		return Config{}, nil, fmt.Errorf("flow: Config.Issuer: %w", err)
	}
	cfg.Keys = slices.Clone(cfg.Keys)
	cfg.SigningKeys = slices.Clone(cfg.SigningKeys)
	cfg.Scopes = slices.Clone(cfg.Scopes)
	cfg.IgnoredScopes = slices.Clone(cfg.IgnoredScopes)
	cfg.ResourceServers = slices.Clone(cfg.ResourceServers)
	cfg.Resources = slices.Clone(cfg.Resources)
	cfg.Extensions = slices.Clone(cfg.Extensions)
	cfg.setDefaults()
	maxCode := maxCodeLifetime
	if cfg.Profile == FAPI2 {
		maxCode = fapi2CodeLifetime
	}
	for _, check := range []struct {
		field string
		err   error
	}{
		{"Store", required(!isNil(cfg.Store))},
		{"CurrentUser", required(cfg.CurrentUser != nil)},
		{"LoginURL", checkLoginURL(cfg.LoginURL, issuer.Path+authorizePath)},
		{"Scopes", checkScopes(cfg.Scopes)},
		{"IgnoredScopes", checkIgnoredScopes(cfg.IgnoredScopes, cfg.Scopes)},
		{"Keys", checkKeys(cfg.Keys)},
		{"Applications.Max", checkMaxApplications(cfg.Applications.Max)},
		{"Profile", checkProfile(cfg.Profile)},
		{"Lifetimes.Code", checkLifetime(cfg.Lifetimes.Code, maxCode)},
		{"Lifetimes.AccessToken", checkLifetime(cfg.Lifetimes.AccessToken, 0)},
		{"Lifetimes.RefreshToken", checkLifetime(cfg.Lifetimes.RefreshToken, 0)},
		{"Lifetimes.Session", checkSession(cfg.Lifetimes.Session, cfg.Lifetimes.Code)},
		{"Lifetimes.RotationGrace", checkLifetime(cfg.Lifetimes.RotationGrace, maxRotationGrace)},
		{"Resource", checkResource(cfg.Resource)},
		{"Limiter", optional(cfg.Limiter)},
		{"Pages.Files", optional(cfg.Pages.Files)},
		{"Pages.Documentation", checkLink(cfg.Pages.Documentation, "https", "http")},
		{"Pages.Support", checkLink(cfg.Pages.Support, "https", "http", "mailto")},
	} {
		if check.err != nil {
			return Config{}, nil, fmt.Errorf("flow: Config.%s: %w", check.field, check.err)
		}
	}
	cfg.CurrentUser = checkUsers(cfg.CurrentUser)
	cfg.Events = guardEvents(&cfg)
	return cfg, issuer, nil
}

// setDefaults fills in what is zero.
func (cfg *Config) setDefaults() {
	cfg.narrow()
	setDefault(&cfg.Lifetimes.Code, defaultCodeLifetime)
	setDefault(&cfg.Lifetimes.AccessToken, defaultAccessTokenLifetime)
	setDefault(&cfg.Lifetimes.RefreshToken, defaultRefreshTokenLifetime)
	setDefault(&cfg.Lifetimes.Session, max(defaultSessionLifetime, cfg.Lifetimes.RefreshToken))
	setDefault(&cfg.Lifetimes.RotationGrace, defaultRotationGrace)
	setDefault(&cfg.Resource, cfg.Issuer)
	setDefault(&cfg.Applications.Max, defaultMaxApplications)
	setDefault(&cfg.CredentialPrefix, credential.DefaultPrefix)
	if len(cfg.Keys) == 0 {
		key := make([]byte, minKeySize)
		_, _ = rand.Read(key) // never fails
		cfg.Keys = [][]byte{key}
	}
	// An owner without a name would be no owner on a page.
	cfg.Pages.AccountName = namesOf("Pages.AccountName", cfg.Pages.AccountName, func(id string) string { return id })
	cfg.Pages.UserName = namesOf("Pages.UserName", cfg.Pages.UserName, func(string) string { return "" })
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.RemoteAddr = remoteAddr(cfg.RemoteAddr, cfg.Logger)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// registry is the part of the configuration that administers applications.
func (cfg Config) registry() oauthapp.Config {
	return oauthapp.Config{
		Store:             cfg.Store,
		Scopes:            namesOfScopes(cfg.Scopes),
		MaxApplications:   cfg.Applications.Max,
		ReservedName:      cfg.Applications.ReservedName,
		PrivateUseSchemes: cfg.Applications.PrivateUseSchemes,
		ConfidentialOnly:  cfg.Profile == FAPI2,
		CredentialPrefix:  cfg.CredentialPrefix,
		Events:            cfg.Events,
		Now:               cfg.Now,
	}
}

func required(given bool) error {
	if !given {
		return errors.New("is required")
	}
	return nil
}

// optional refuses an interface that is not nil, and holds nothing.
func optional(value any) error {
	if value != nil && isNil(value) {
		return errors.New("holds a nil pointer: leave it out, or set it to something")
	}
	return nil
}

// isNil reports whether an interface holds nothing, or a nil pointer or
// function.
func isNil(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return v.IsNil()
	}
	return false
}

// checkLoginURL asks for the URL to return to a sample path from.
func checkLoginURL(loginURL func(string) string, returnTo string) (err error) {
	if loginURL == nil {
		return required(false)
	}
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panicked when it was called with %q: %v", returnTo, problem)
		}
	}()
	if loginURL(returnTo) == "" {
		return fmt.Errorf("returned no URL for %q", returnTo)
	}
	return nil
}

// checkLink checks a URL that pages link; "" is none.
func checkLink(link string, schemes ...string) error {
	u, err := url.Parse(link)
	if link != "" && (err != nil || !slices.Contains(schemes, u.Scheme)) {
		return fmt.Errorf("must be a URL of %s", strings.Join(schemes, " or "))
	}
	return nil
}

func checkLifetime(lifetime, limit time.Duration) error {
	switch {
	case lifetime < time.Second:
		return errors.New("must be 1 second or more")
	case limit > 0 && lifetime > limit:
		return fmt.Errorf("must be %s at most", kernel.Words(limit))
	}
	return nil
}

// checkSession sees to it that no code outlives the session that it begins.
func checkSession(lifetime, code time.Duration) error {
	if lifetime < code {
		return errors.New("must be Lifetimes.Code or more")
	}
	return checkLifetime(lifetime, 0)
}

func checkMaxApplications(limit int) error {
	if limit < 1 {
		return errors.New("must be 1 or more")
	}
	return nil
}

func checkKeys(keys [][]byte) error {
	for _, key := range keys {
		if len(key) < minKeySize {
			return fmt.Errorf("each key must have %d bytes or more", minKeySize)
		}
	}
	return nil
}
