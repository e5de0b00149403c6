package flow

import "github.com/oauthapps/oauthapps/flow/internal/kernel"

// A Role is what a user may do in an account, beside what [Member] may. Roles
// are added with the operator |, as in ManageApplications | SeeGrants.
type Role uint

const (
	// Member is the zero Role. A member authorizes applications for the
	// account, sees those that they authorized themselves, and revokes that.
	Member Role = 0

	// ManageApplications allows a user to register applications of the account,
	// to edit, transfer and delete them, to reset their secrets and to revoke
	// all their tokens.
	ManageApplications Role = 1 << 0

	// SeeGrants allows a user to see which users authorized which applications
	// for the account.
	SeeGrants Role = 1 << 1

	// RevokeGrants allows a user to revoke what others authorized for the
	// account, and so to see it.
	RevokeGrants Role = 1<<2 | SeeGrants

	// NoAuthorize keeps a user from authorizing applications for the account.
	// What they authorized before goes on, unless Config.MayAct ends it.
	NoAuthorize Role = 1 << 3

	// Administrator may do everything.
	Administrator = ManageApplications | RevokeGrants
)

// Has reports whether a role has all that another has.
func (r Role) Has(other Role) bool { return r&other == other }

func (a Account) kernel() kernel.Account {
	return kernel.Account{
		ID: a.ID, Name: a.Name,
		Manages:    a.Role.Has(ManageApplications),
		SeesGrants: a.Role.Has(SeeGrants),
		EndsGrants: a.Role.Has(RevokeGrants),
		Authorizes: !a.Role.Has(NoAuthorize),
	}
}
