package oauthapp_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/oauthapps/oauthapps/oauthapp"
)

func TestImitates(t *testing.T) {
	for _, name := range []string{
		"Example Cloud", "EXAMPLE CLOUD", "example cloud", "ExampleCloud", "Example-Cloud", " Example  Cloud! ", "E x a m p l e C l o u d", "e.x.a.m.p.l.e_cloud",
		"Example Cloud Support", "The Example Cloud", "Backup for Example Cloud", "[Example Cloud]", "Example 🌩 Cloud", "ExampleCloudSupport",
		"Exampie Cloud", "Examp1e C1oud", "Example Cl0ud", "3xample Cloud", "Ex@mple Cloud", "Exarnple Cloud", "Examp|e Cloud", "Example Cloud™",
		"Еxample Сloud", // Cyrillic capitals
		"Ехаmрlе Сlоud", // Cyrillic letters
		"EΧAMΡLE CLΟUD", // Greek capitals
		"Ｅｘａｍｐｌｅ　Ｃｌｏｕｄ", // full width, ideographic space
		"𝐄𝐱𝐚𝐦𝐩𝐥𝐞 𝕮𝖑𝖔𝖚𝖉", "Ⓔⓧⓐⓜⓟⓛⓔ Ⓒⓛⓞⓤⓓ", "🅴🆇🅰🅼🅿🅻🅴 🄲🄻🄾🅄🄳", "🇪🇽🇦🇲🇵🇱🇪 cloud",
		"ℰ𝓍𝒶𝓂𝓅𝓁ℯ 𝒞𝓁ℴ𝓊𝒹", "𝔼𝕩𝕒𝕞𝕡𝕝𝕖 ℂ𝕝𝕠𝕦𝕕", "ᴱˣᵃᵐᵖˡᵉ ᶜˡᵒᵘᵈ", "⒠⒳⒜⒨⒫⒧⒠ ⒞⒧⒪⒰⒟", "𝚬xam𝛒le Cl𝛐ud", "Exaⅿpⅼe ⅭⅼouⅾⅫ", "③xample C①⓪ud", "❸xample Cl⁰ud",
		"ꓰꓫꓮꓟꓑꓡꓰ ꓚꓡꓳꓴꓓ", "Ꭼxample Ꮯloud", "Example ⲤlⲟuᎠ", // Lisu, Cherokee, Coptic
		"Exampleʼ Cloud", "Eҳample Clουd", "Example Cl౦ud", "Example Cl०ud", "ExampleーCloud", "ㅣExample Cloud", "Example · Cloudㅣ", "Examplе Cloυd",
		"Éxämplè Clöüd", "E\u0301xample Cloud", "Ex\u200bample\u2060 Cloud", "Exar\u200bnple Cloud", "Example\u3164Clo\u034fud", "Exam\u00adple Cloud", "ᴇxᴀᴍᴘʟᴇ ᴄʟᴏᴜᴅ", "Exaṁple Cłoud", "Ехаmple-C1oud Support",
	} {
		require.True(t, oauthapp.Imitates(name, "Example Cloud"), name)
		require.True(t, oauthapp.Imitates("Example Cloud "+name, name), name)
	}
	for _, name := range []string{
		"", "Example", "Cloud Example", "Cloud", "Sample Cloud", "Example of a Cloud", "Examples in the Cloud", "Приклад хмара", "例のクラウド", "Exampl Cloud", "!!!",
	} {
		require.False(t, oauthapp.Imitates(name, "Example Cloud"), name)
	}
	for _, other := range []string{"", " ", "--", "\u200b", "🌩"} {
		require.False(t, oauthapp.Imitates("Example Cloud", other), "%q", other)
		require.False(t, oauthapp.Imitates(other, other), "%q", other)
	}
	require.True(t, oauthapp.Imitates("Οηlιηe Βaηκ", "Online Bank"), "Greek letters, each by its shape")
	require.True(t, oauthapp.Imitates("ΗELP DESK", "Help Desk"))
	require.True(t, oauthapp.Imitates("ГУГЛ КАРТЫ", "Гугл карты"), "in any case")
	require.True(t, oauthapp.Imitates("ΕΛΛΗΝΙΚΗ ΤΡΑΠΕΖΑ", "Ελληνική Τράπεζα"))
	require.True(t, oauthapp.Imitates("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"), "however it is composed")
	require.True(t, oauthapp.Imitates("vvarn", "Warn"))
	require.True(t, oauthapp.Imitates("Warn", "vvam"))
	require.True(t, oauthapp.Imitates("Oﬃce ﬂow", "Office Flow"))
	require.True(t, oauthapp.Imitates("ÆGIS", "Aegis"))
	require.True(t, oauthapp.Imitates("東京データのもの", "東京データ"), "whatever the alphabet")
}

// Every character that Unicode calls a form of Latin letters or of digits looks
// like them, but for abbreviations in one square, such as ㎏, and circled
// numbers of two digits.
func TestImitatesInEveryTypographicForm(t *testing.T) {
	forms := 0
	for r := rune(unicode.MaxASCII + 1); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cs) {
			continue
		}
		plain := strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFKD.String(string(r)))
		isForm := plain != "" && !strings.ContainsFunc(plain, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
		if isForm && (len(plain) == 1 || unicode.In(r, unicode.L, unicode.Nl)) {
			forms++
			require.True(t, oauthapp.Imitates("a "+string(r)+" b", plain), "%c (%U) for %s", r, r, plain)
		}
	}
	require.Greater(t, forms, 1000)
}

// FuzzImitates: whatever a name is, it imitates itself, in any case and with
// anything beside it.
func FuzzImitates(f *testing.F) {
	f.Add("Example Cloud", "Support")
	f.Add("r", "n")
	f.Add("İstanbul", "ß")
	f.Add("\xff", "\u0301")
	f.Fuzz(func(t *testing.T, name, beside string) {
		hasLetter := strings.ContainsFunc(name, func(r rune) bool { return r < unicode.MaxASCII && unicode.IsLetter(r) })
		for _, imitation := range []string{name, name + " " + beside, beside + " " + name} {
			if hasLetter {
				require.True(t, oauthapp.Imitates(imitation, name), "%q, %q", imitation, name)
			}
		}
		if hasLetter && strings.ToValidUTF8(name, "") == name && !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
			require.True(t, oauthapp.Imitates(strings.ToUpper(name), name), "%q", name)
		}
	})
}

// A name that is reserved is refused when an application is registered and when
// it is renamed; one that has it already keeps it, and who may have it is the
// host's choice.
func TestReservedNames(t *testing.T) {
	reserved := func(owner, name string) bool { return owner != "operator" && oauthapp.Imitates(name, "Example Cloud") }
	f := newFixture(t)
	reg := registration()
	reg.Name = "Example Cloud Backup"
	old, _, err := f.Register(t.Context(), "o", reg)
	require.NoError(t, err)

	r, err := oauthapp.NewRegistry(oauthapp.Config{Store: f.store, Scopes: reg.Scopes, ReservedName: reserved})
	require.NoError(t, err)
	reg.Name = "Ехample Сloud"
	_, _, err = r.Register(t.Context(), "o", reg)
	var invalid *oauthapp.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 1)
	require.Equal(t, "name", invalid.Fields[0].Field)
	app, _, err := r.Register(t.Context(), "operator", reg)
	require.NoError(t, err, "the operator's own")
	require.Equal(t, reg.Name, app.Name)

	reg.Name = "Backup"
	app, _, err = r.Register(t.Context(), "o", reg)
	require.NoError(t, err)
	reg.Name = "Example Cloud"
	_, err = r.Update(t.Context(), oauthapp.OwnedBy("o"), app.ID, reg)
	require.ErrorAs(t, err, &invalid)
	require.NotEmpty(t, invalid.Message("name"))
	_, err = r.Update(t.Context(), oauthapp.AnyOwner, app.ID, reg)
	require.ErrorAs(t, err, &invalid, "whoever changes it")

	reg.Name = old.Name
	reg.Description = "new"
	old, err = r.Update(t.Context(), oauthapp.OwnedBy("o"), old.ID, reg)
	require.NoError(t, err, "it has the name already")
	require.Equal(t, "new", old.Description)

	reg.Name = " "
	_, _, err = r.Register(t.Context(), "o", reg)
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 1, "a missing name is missing and nothing else")
}
