package tokens

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A form is the one that makes a token, as it is filled in.
type form struct {
	Action, Ticket, ID string
	Name, ExpiresIn    string
	OfAccount          bool
	MaxDays            int // 0: a token need not expire
	Scopes             []choice
	Problems           []page.Problem
}

// Problem returns what is wrong with a field, nil for nothing.
func (f form) Problem(field string) *page.Message {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Message
		}
	}
	return nil
}

type choice struct {
	Name        string
	Description *page.Message
	Selected    bool
}

func (req *request) emptyForm() form {
	f := form{MaxDays: req.maxDays}
	if f.MaxDays > 0 {
		f.ExpiresIn = strconv.Itoa(f.MaxDays)
	}
	return f
}

// filledForm is the form as it was sent.
func (req *request) filledForm() form {
	f := form{
		MaxDays: req.maxDays, Name: strings.TrimSpace(req.form.Get("name")),
		ExpiresIn: strings.TrimSpace(req.form.Get("expires_in")), OfAccount: req.form.Get("kind") == "account",
	}
	for _, p := range req.form {
		if p.Name == "scope" {
			f.Scopes = append(f.Scopes, choice{Name: p.Value, Selected: true})
		}
	}
	return f
}

// newToken reads the form.
func (req *request) newToken(id uuid.UUID, filled *form) (oauthapp.NewAPIToken, []page.Problem) {
	token := oauthapp.NewAPIToken{ID: id, UserID: req.user.ID, Name: filled.Name}
	var problems []page.Problem
	switch req.form.Get("kind") {
	case "user":
	case "account":
		token.AccountID = req.account.ID
		if !req.account.Authorizes {
			problems = append(problems, page.Problem{Field: "kind", Message: page.Say("tokens.not_account")})
		}
	default:
		problems = append(problems, page.Problem{Field: "kind", Message: page.Say("tokens.choose_kind")})
	}
	for _, p := range req.form {
		if p.Name == "scope" {
			token.Scopes = append(token.Scopes, p.Value)
		}
	}
	days, problem := req.days(filled.ExpiresIn)
	if problem != nil {
		problems = append(problems, page.Problem{Field: "expires_in", Message: problem})
	}
	token.Lifetime = time.Duration(days) * day
	return token, problems
}

// days reads in how many days a token expires, 0 for never, or says what is
// wrong with that.
func (req *request) days(text string) (days int, problem *page.Message) {
	most := req.maxDays
	switch {
	case text == "" && most == 0:
		return 0, nil
	case most == 0:
		most = maxDays
	}
	days, err := strconv.Atoi(strings.Map(digit, text))
	if err != nil || days < 1 || days > most {
		key := "tokens.days"
		if req.maxDays == 0 {
			key = "tokens.days_or_none"
		}
		return 0, page.Say(key, strconv.Itoa(most))
	}
	return days, nil
}

// digit returns the digit of ASCII for those that keyboards for Arabic, Persian
// and Japanese make, and everything else as it is.
func digit(r rune) rune {
	for _, zero := range []rune{'٠', '۰', '０'} {
		if zero <= r && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return r
}

// missingScopes says which scopes the user may not give. It returns an error in
// an outage.
func (req *request) missingScopes(token oauthapp.NewAPIToken) (problems []page.Problem, outage *wire.Error) {
	given, outage := req.k.StillGiven(req.r.Context(), token.UserID, token.AccountID, token.Scopes)
	if outage != nil {
		return nil, outage
	}
	for _, scope := range token.Scopes {
		_, offered := req.k.Scopes[scope]
		if offered && (!slices.Contains(given, scope) || !slices.Contains(req.k.TakenScopes, scope)) {
			problems = append(problems, page.Problem{Field: "scope", Message: page.Say("tokens.not_scope", scope)})
		}
	}
	return problems, nil
}
