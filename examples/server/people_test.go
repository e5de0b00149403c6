package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuthenticate(t *testing.T) {
	p, ok := authenticate(" Alice@Example.com ", "alice-demo-password")
	require.True(t, ok)
	require.Equal(t, 1, p.id)
	for _, c := range [][2]string{
		{"alice@example.com", "bob-demo-password"},
		{"alice@example.com", "alice-demo-password "},
		{"alice@example.com", ""},
		{"nobody@example.com", "alice-demo-password"},
		{"nobody@example.com", ""}, // whose unknown password is empty too
		{"", ""},
	} {
		_, ok := authenticate(c[0], c[1])
		require.False(t, ok, c)
	}
}

func TestUsersAndAccounts(t *testing.T) {
	bob, ok := personByID("2")
	require.True(t, ok)
	people := &directory{}
	require.True(t, people.setMember("2", "2", false))
	require.False(t, people.setMember("2", "1", false), "never theirs")
	require.False(t, people.setMember("9", "1", false))
	left, ok := people.person("2")
	require.True(t, ok)
	require.Equal(t, []account{bobAccount}, left.accounts)
	alice, _ := people.person("1")
	require.Len(t, alice.accounts, 2)
	require.True(t, people.setMember("2", "2", true))
	back, _ := people.person("2")
	require.Equal(t, bob, back)

	user := bob.user(session{Forms: "session", Started: newClock().Time})
	require.Equal(t, "2", user.ID)
	require.Equal(t, "session", user.Session)
	require.Equal(t, newClock().Time, user.AuthenticatedAt)
	require.Equal(t, "3", user.Accounts[0].ID, "their own account is preselected")
	_, ok = user.Account("2")
	require.True(t, ok)
	_, ok = user.Account("1")
	require.False(t, ok)

	_, ok = personByID("02")
	require.False(t, ok)
	require.Equal(t, "Acme Inc", accountName("2"))
	require.Equal(t, "99", accountName("99"))
}
