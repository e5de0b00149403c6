package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	sessionLife = 12 * time.Hour
	bcryptCost  = 12
)

// A person is signed in.
type person struct {
	ID, Email string
	Support   bool
	Session   string // names the session, and opens nothing
	BeganAt   time.Time
}

// loginURL tells the library where people sign in.
func loginURL(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) }

type personKey struct{}

// personFrom returns who sent a request, from its context; nil for nobody.
func personFrom(ctx context.Context) *person {
	p, _ := ctx.Value(personKey{}).(*person)
	return p
}

// identify finds out who sent a request, once for all who ask.
func (s *service) identify(next http.Handler) http.Handler {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		p, err := s.signedIn(r)
		if err != nil {
			return err
		}
		if p != nil {
			r = r.WithContext(context.WithValue(r.Context(), personKey{}, p))
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func (s *service) signedIn(r *http.Request) (*person, error) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil, nil
	}
	digest := sha256.Sum256([]byte(cookie.Value))
	p := &person{Session: hex.EncodeToString(digest[:])}
	err = s.pool.QueryRow(r.Context(), `SELECT u.id, u.email, u.support, s.began_at FROM taskboard.sessions s
		JOIN taskboard.users u ON u.id = s.user_id WHERE s.digest = $1 AND s.began_at > $2 AND u.active`,
		digest[:], time.Now().Add(-sessionLife)).Scan(&p.ID, &p.Email, &p.Support, &p.BeganAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return p, err
}

// signInPage is the data of login.html.
type signInPage struct{ Email, ReturnTo, Problem string }

func (s *service) showSignIn(w http.ResponseWriter, r *http.Request) error {
	asked := flow.ParseReturnTo(r.URL.Query().Get("return_to"))
	if personFrom(r.Context()) != nil && !asked.Anew {
		http.Redirect(w, r, asked.ReturnTo, http.StatusSeeOther)
		return nil
	}
	s.provider.WritePage(w, r, http.StatusOK, "login.html", signInPage{Email: asked.Hint, ReturnTo: asked.ReturnTo})
	return nil
}

func (s *service) signIn(w http.ResponseWriter, r *http.Request) error {
	page := signInPage{Email: r.PostFormValue("email"), ReturnTo: flow.ParseReturnTo(r.PostFormValue("return_to")).ReturnTo}
	if few, err := s.countSignIn(r); err != nil {
		return err
	} else if !few {
		page.Problem = "Too many attempts. Please try again in ten minutes."
		s.provider.WritePage(w, r, http.StatusTooManyRequests, "login.html", page)
		return nil
	}
	user, err := s.authenticate(r.Context(), page.Email, r.PostFormValue("password"))
	if err != nil {
		return err
	}
	if user == "" {
		page.Problem = "That e-mail address and password do not belong together."
		s.provider.WritePage(w, r, http.StatusUnauthorized, "login.html", page)
		return nil
	}
	if err := s.endSession(r); err != nil {
		return err
	}
	token := rand.Text()
	digest := sha256.Sum256([]byte(token))
	_, err = s.pool.Exec(r.Context(), `WITH old AS (DELETE FROM taskboard.sessions WHERE began_at <= $3)
		INSERT INTO taskboard.sessions (digest, user_id) VALUES ($1, $2)`, digest[:], user, time.Now().Add(-sessionLife))
	if err != nil {
		return err
	}
	s.record(r.Context(), oauthapp.Event{Type: "user.sign_in", Time: time.Now(), Actor: actor(r, user), UserID: user})
	s.setCookie(w, token, int(sessionLife.Seconds()))
	http.Redirect(w, r, page.ReturnTo, http.StatusSeeOther)
	return nil
}

func (s *service) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(r); err != nil {
		return err
	}
	s.setCookie(w, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

// notAPassword is compared where there is no user, so that the time taken does
// not tell who has an account.
var notAPassword, _ = bcrypt.GenerateFromPassword([]byte(rand.Text()), bcryptCost)

// authenticate returns the ID of the active user who has a password, or "".
func (s *service) authenticate(ctx context.Context, email, password string) (user string, err error) {
	hash := notAPassword
	email = strings.ToLower(strings.TrimSpace(email))
	if strings.ContainsRune(email, 0) || !utf8.ValidString(email) {
		email = "" // PostgreSQL takes no such text
	}
	err = s.pool.QueryRow(ctx, `SELECT id, password FROM taskboard.users WHERE email = $1 AND active`, email).Scan(&user, &hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
		return "", nil
	}
	return user, nil
}

// countSignIn counts an attempt to sign in, and reports whether there were few
// from its network in the last ten minutes.
func (s *service) countSignIn(r *http.Request) (few bool, err error) {
	network := remoteAddr(r)
	if address, err := netip.ParseAddr(network); err == nil && address.Is6() {
		prefix, _ := address.Prefix(64) // what one caller has of IPv6
		network = prefix.String()
	}
	_, err = s.pool.Exec(r.Context(), `WITH old AS (DELETE FROM taskboard.sign_ins WHERE at < now() - interval '10 minutes')
		INSERT INTO taskboard.sign_ins (network) VALUES ($1)`, network)
	if err != nil {
		return false, err
	}
	var attempts int // with this one, and those that are made at the same time
	err = s.pool.QueryRow(r.Context(), `SELECT count(*) FROM taskboard.sign_ins
		WHERE network = $1 AND at > now() - interval '10 minutes'`, network).Scan(&attempts)
	return attempts <= 20, err
}

func (s *service) endSession(r *http.Request) error {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil
	}
	digest := sha256.Sum256([]byte(cookie.Value))
	_, err = s.pool.Exec(r.Context(), `DELETE FROM taskboard.sessions WHERE digest = $1`, digest[:])
	return err
}

func (s *service) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: s.isSecure(),
		SameSite: http.SameSiteLaxMode, // not Strict, as people come from applications
	})
}

func (s *service) isSecure() bool { return strings.HasPrefix(s.Issuer, "https://") }

func (s *service) cookieName() string {
	if s.isSecure() {
		return "__Host-taskboard"
	}
	return "taskboard" // browsers take the prefix with https alone
}
