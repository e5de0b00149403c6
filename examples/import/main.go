// Command import takes over the OAuth applications of a service that used
// Doorkeeper, django-oauth-toolkit, Laravel Passport or Ory Hydra, each with
// the client ID and the client secret that it has, so that they go on working.
//
//	go run ./examples/import -system doorkeeper \
//		-from postgres://localhost/old -scopes "read write" -account 1
//
// Without -into it tries and keeps nothing. It can be repeated: what was
// imported before stays as it is.
//
// The ID of an application's owner there becomes the ID of its account here:
// where yours differ, translate them in systems.go.
//
// Callback URLs such as myapp://app/callback need -schemes "myapp", and the
// service needs it in flow.Config.Applications.PrivateUseSchemes. Applications
// that act for themselves, without users, are imported with -itself "read",
// which names the scopes that they get at most. The service lists package
// clientcredentials for them.
//
// Doorkeeper has a table oauth_applications, and so has the library. Where both
// are in one database, give the library a schema of its own: make it, and add
// ?search_path=NAME to -into and to the host's connection string.
//
// Applications of other kinds are left out, and so are tokens: users are asked
// for their consent once more.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"; import that of another database here

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/postgres"
)

type options struct {
	system string
	driver string
	from   string
	into   string

	scopes  []string
	itself  []string // of applications without users
	schemes []string
	account string
	hashed  bool
	random  bool
}

func main() {
	names := slices.Sorted(maps.Keys(systems))
	var opts options
	flag.StringVar(&opts.system, "system", "", "where the applications are: "+strings.Join(names, ", "))
	flag.StringVar(&opts.driver, "driver", "pgx", "`name` of the driver of database/sql for -from")
	flag.StringVar(&opts.from, "from", "", "connection `string` of the database of that system, which is read")
	flag.StringVar(&opts.into, "into", "", "connection `string` of the library's PostgreSQL database; only try without it")
	scopes := flag.String("scopes", "", "the `scopes` that the service offers, by spaces")
	itself := flag.String("itself", "", "the `scopes` that applications without users get for themselves, by spaces; they are left out without it")
	schemes := flag.String("schemes", "", "`schemes` without a period of callback URLs of public applications, by spaces")
	flag.StringVar(&opts.account, "account", "", "`ID` of the account that gets applications without an owner")
	flag.BoolVar(&opts.hashed, "hashed", false, "Doorkeeper has hash_application_secrets")
	flag.BoolVar(&opts.random, "random", false, "vouch that no person chose any of the secrets")
	flag.Parse()
	opts.scopes, opts.itself, opts.schemes = words(*scopes), words(*itself), words(*schemes)
	if err := run(context.Background(), opts, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
}

// words takes a list apart, whether it has spaces or commas.
func words(list string) []string { return strings.Fields(strings.ReplaceAll(list, ",", " ")) }

// run imports every application, and tells of each on a line. It returns an
// error if there are any that it could not import.
func run(ctx context.Context, opts options, stdout io.Writer) error {
	system, ok := systems[opts.system]
	if !ok {
		return fmt.Errorf("there is no system %q", opts.system)
	}
	if len(opts.scopes) == 0 {
		return errors.New("-scopes names the scopes that the service offers, of which there is one at least")
	}
	if _, ok := within(opts.itself, opts.scopes); !ok {
		return errors.New("-itself names a scope that -scopes does not have")
	}
	source, err := sql.Open(opts.driver, opts.from)
	if err != nil {
		return err
	}
	defer source.Close()
	rows, err := readTable(ctx, source, system.table)
	if err != nil {
		return err
	}
	registry, closeStore, err := openRegistry(ctx, opts)
	if err != nil {
		return err
	}
	defer closeStore()

	failed := 0
	for _, r := range rows {
		app, err := system.read(r, opts)
		if err == nil {
			err = importOne(ctx, registry, app, opts, stdout)
		}
		if err != nil {
			failed++
			fmt.Fprintf(stdout, "%s: not imported: %v\n", app.ClientID, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d were not imported", failed, len(rows))
	}
	return nil
}

// openRegistry returns a registry over the library's database, or over memory
// where the import is only tried.
func openRegistry(ctx context.Context, opts options) (*oauthapp.Registry, func() error, error) {
	// An account may have more applications there than it may register here.
	cfg := oauthapp.Config{Scopes: opts.scopes, MaxApplications: 1_000_000, PrivateUseSchemes: opts.schemes}
	if opts.into == "" {
		cfg.Store = memory.New()
		registry, err := oauthapp.NewRegistry(cfg)
		return registry, func() error { return nil }, err
	}
	s, err := postgres.Open(ctx, opts.into)
	if err != nil {
		return nil, nil, err
	}
	cfg.Store = s
	registry, err := oauthapp.NewRegistry(cfg)
	return registry, s.Close, err
}

// importOne imports an application. Scopes that the service does not offer are
// left out; one that is left without any is not imported, as an application
// without scopes may ask for all.
func importOne(ctx context.Context, registry *oauthapp.Registry, app application, opts options, stdout io.Writer) error {
	asked := app.Scopes
	app.Scopes, _ = within(asked, opts.scopes)
	if len(asked) > 0 && len(app.Scopes) == 0 {
		return fmt.Errorf("the service offers none of its scopes, which are %q", asked)
	}
	if err := app.actForItself(opts.itself); err != nil {
		return err
	}
	account := app.owner
	if account == "" {
		account = opts.account
	}
	if account == "" {
		return errors.New("it has no owner; -account names one")
	}
	imported, err := registry.Import(ctx, account, app.Import)
	for _, refused := range imported.Refused {
		fmt.Fprintf(stdout, "%s: left out: %s\n", app.ClientID, refused.Message)
	}
	if err != nil {
		return err
	}
	if imported.Existed {
		fmt.Fprintf(stdout, "%s: is there already\n", app.ClientID)
		return nil
	}
	fmt.Fprintf(stdout, "%s: imported %q\n", app.ClientID, app.Name)
	return nil
}

// within returns those of some scopes that are allowed, and whether all are.
func within(scopes, allowed []string) (left []string, all bool) {
	left = slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(allowed, scope) })
	return left, len(left) == len(scopes)
}
