// Package dashboard serves the pages on which developers administer their OAuth
// applications and users withdraw the access that they gave.
//
//	provider, err := flow.New(flow.Config{...})
//	pages, err := dashboard.New(dashboard.Config{Provider: provider})
//	provider.Mount(mux)
//	mux.Handle("/accounts/", pages)
//
// Who is signed in, and which accounts are theirs, is what
// flow.Config.CurrentUser says. A page of an account that is not theirs, or of
// an application of such an account, answers 404, as a page that does not exist
// does.
//
// What a user may do in an account is what flow.Account.Role says. By default
// they see and revoke what they authorized themselves, and nothing else: the
// page has no list of registered applications, and the pages of those answer
// 403.
//
// # Paths
//
// Below Config.Prefix and /accounts/{account}/oauth_applications, where {id} is
// the ID of an application:
//
//	GET                                 both lists of the account
//	GET  /new                           the form to register an application
//	POST                                name, description, homepage_url,
//	                                    callback_url, client_type
//	GET  /{id}                          the application
//	GET  /{id}/edit                     the form to edit it
//	POST /{id}                          the same fields without client_type
//	POST /{id}/secrets                  Reset secret; overlap
//	GET  /{id}/secrets/{secret}/revoke  the warning before, and
//	POST /{id}/secrets/{secret}/revoke  the end of one secret
//	GET  /{id}/revoke                   the warning before, and
//	POST /{id}/revoke                   the end of all user tokens
//	GET  /{id}/transfer                 the warning before, and
//	POST /{id}/transfer                 an offer to another account, with
//	                                    its code
//	POST /{id}/transfer/withdraw        the end of that offer
//	GET  /receive                       the form for the code of an offer
//	POST /receive                       what is offered; code, decision
//	GET  /{id}/delete                   the warning before, and
//	POST /{id}/delete                   the end of the application;
//	                                    confirm_name
//
// And below Config.Prefix and /accounts/{account}:
//
//	POST /authorized_applications/{grant}/revoke
//	     the end of one user's authorization
//
// And below Config.Prefix and /accounts/authorized_applications, for what the
// user authorized in any account, also in one that they have left:
//
//	GET                   the list
//	POST /revoke/{grant}  the end of one authorization
//
// # Lists
//
// Each list has 25 rows a page. Of a long list, the newest 1000 rows are
// searched and sorted, and a link leads to the older ones. A search finds the
// rows that have all of its words in their name, URLs, client ID or scopes.
//
// # The client secret
//
// A new client secret is shown once: in the very answer to the form that made
// it, which is sent with no-store. It is in no URL, cookie, session or store,
// and no other request gets it again. If a browser reloads that answer and
// sends the form again, the repetition is recognised: nothing is made, and the
// application is shown without the secret. Two copies of a form that arrive at
// the very same moment can both be carried out, as two forms.
//
// # Forms
//
// Every form carries a ticket that is good for one action of one user, in one
// session of theirs (flow.User.Session), for a day. Where the host names no
// session, a page with a form sets a cookie, and the form is good in that
// browser. A form without a ticket, or one that comes from another origin, is
// refused with 403. Where flow.Config.Keys is not set, the forms that are open
// during a restart are refused.
//
// A form that its user sends while signed out, from an earlier session or too
// late is not carried out. The user signs in if need be and comes back to the
// page of the form, which says that nothing was changed and has what was typed.
// That text is in the URL during the sign-in, compressed, up to 4 KiB. The
// ticket is not.
//
// An edit that began before somebody else saved the application is answered
// with 409. The form then tells what changed. It keeps what the user typed, and
// shows what is saved in the other fields. The user decides whether to save it.
//
// The notice of what was done is in the URL of the page, signed: it is shown
// only to the session that did it, for 5 minutes.
//
// # Transfers
//
// Whoever manages an application offers it to another account: they get a code,
// shown once, and hand it over. Whoever manages the other account enters it
// there, sees what is offered by whom, and accepts or declines. An offer is
// open for 7 days, unless it is withdrawn or another takes its place. It stays
// open if the user who made it may not manage applications any more: the page
// of the application shows it to those who may, and they withdraw it. Users,
// tokens and secrets stay as they are. See oauthapp.Registry.Transfer, which a
// host calls without asking anybody.
//
// # Refused requests
//
// The page of an application shows what its requests were refused for in the
// last 7 days, on any node: the latest 20 refusals, each once, with the last
// time to the minute, the endpoint, the error and what to do about it. They are
// kept in the store, a few kilobytes for an application. They name no user and
// quote nothing that was sent. Outages are not among them.
//
// # Looks
//
// The pages need no JavaScript and run under a Content-Security-Policy that
// allows no styles in the page, no images from elsewhere, and no script but
// one: pages that show a client ID or a secret have copy.js, by its URL, which
// puts a button beside each element with the attribute data-copy. A host
// replaces any of these files through flow.Config.Pages.Files, which holds it
// by its name:
//
//	layout.html        the frame of all pages, around "title" and "main"
//	head.html          what else belongs in <head>; empty
//	navigation.html    above the content; empty
//	footer.html        below it; empty
//	style.css          the stylesheet; its first rules hold all colours
//	copy.js            the script of pages with something to copy
//
// The stylesheet touches nothing but what is inside of an element of the class
// oauthapps, as <main> of the library's layout is. A layout of the host's has
// such an element around {{template "main" .}}, and keeps its own looks beside
// it. The class oauthapps-main adds the measures of a page, and oauthapps-page
// on <body> its background.
//
// These are the pages, each of which defines the templates "title" and "main":
//
//	consent.html              may the application act for the user?
//	error.html                what could not be done
//	applications.html         both lists of an account
//	application.html          one application
//	application_form.html     register or edit one
//	revoke_tokens.html        the warning before all user tokens are revoked
//	revoke_secret.html        the warning before a secret is revoked
//	delete_application.html   the warning before an application is deleted
//	transfer_application.html offer an application to another account
//	receive_application.html  accept what another account offers
//
// A host has its own pages, such as that to sign in on, in the same frame:
// further files *.html, which define the same two templates.
// flow.Provider.WritePage shows them.
//
// All are files of html/template. Each receives .Host, what
// flow.Config.Pages.Data returned for the request; .Stylesheet and .Script, the
// URLs of style.css and, for a page that has something to copy, of copy.js;
// .Documentation and .Support of flow.Config.Pages; and .Page: in a page of the
// host's own, what WritePage was given, and in those of the library
//
//	consent.html
//	    Action, Request, Ticket, UserName, Application, Service,
//	    Avatar and ServiceAvatar (Initials, Colour), Description,
//	    Homepage, Home, Owner, ClientHost, Badge, Verified, Awaiting,
//	    Public, Loopback, Callback, Remarks, Resources (Name, Identifier),
//	    Accounts (ID, Name, Selected, Granted), ManyAccounts,
//	    Scopes (Name, Description, Group, GroupName, Risk, Optional,
//	        Selected, New),
//	    Required and Optional (Name, Scopes): the same by group,
//	    NotAsked (Name, Description), ManageURL, Notice
//	error.html
//	    Status, Title, Message, Detail, Received, Remedy, Time,
//	    Reference, Back (URL, Text)
//	applications.html
//	    Everywhere, Account, Accounts (URL, Text, Current),
//	    Pages (URL, Text), Notice, Problem, OfOthers, Manages,
//	    NewURL, ReceiveURL, EverywhereURL,
//	    Authorized (Name, Avatar (Initials, Colour), Homepage, Account, By,
//	        UserID, You, Standing (Suspended, Reason, Awaiting, Verified),
//	        Scopes (Name, Description, Optional, Selected), AuthorizedAt,
//	        LastUsedAt, RevokeURL, Ticket),
//	    Developer (Name, Avatar (Initials, Colour), ClientID, URL, Public,
//	        Standing, CreatedAt, LastUsedAt),
//	    AuthorizedListing and DeveloperListing (Field, All, More, Found,
//	        First, Last, Search, Sorts (Value, Text, Hint, Selected), Kept
//	        (Name, Value), Previous, Next, Older, Newest, Tools)
//	application.html
//	    Account, ListURL, Name, Description, Homepage, Callbacks, ClientID,
//	    Public, Standing (Suspended, Reason, Awaiting, Verified),
//	    Scopes (Name, Description, Optional, Selected), CreatedAt,
//	    LastUsedAt, ClientSecret, Created, Others, Notice, Problem,
//	    Itself (Scopes, Tokens, IssuedAt, LastUsedAt),
//	    Secrets (Hint, CreatedAt, LastUsedAt, ExpiresAt, RevokeURL), Newest,
//	    Overlaps (Value, Text, Hint, Selected),
//	    Refusals (At, Endpoint, Error, Reason, Remedy), Ticket, EditURL,
//	    ResetURL, RevokeURL, DeleteURL, AuthorizeURL, TokenURL,
//	    TransferURL, OfferedUntil, OfferedBy
//	application_form.html
//	    Account, New, Title, Action, Cancel, Ticket, ClientID, Version,
//	    Was (Name, Description, Homepage, Callbacks), Name, Description,
//	    Homepage, Callbacks, Public, ConfidentialOnly,
//	    Further (Name, Label, Hint, Scopes, Flag, Text, Was, Has "scope"),
//	    FurtherOpen, Changes (Field, Label, Before, Now, Yours), ChangedAt, Notice,
//	    Problems (Field, Message), Problem "field"
//	revoke_tokens.html
//	    Account, ListURL, Name, Public, Action, Cancel, Ticket, Notice,
//	    Usage (Users, More, LastUsedAt, Consequence), Itself
//	revoke_secret.html
//	    the same,
//	    and Secret (Hint, CreatedAt, LastUsedAt, ExpiresAt, RevokeURL)
//	delete_application.html
//	    the same, and Problems (Field, Message), Problem "field"
//	transfer_application.html
//	    the same as revoke_tokens.html, and Said, Code, ExpiresAt, By,
//	    WithdrawURL, WithdrawTicket
//	receive_application.html
//	    Account, ListURL, Action, Ticket, Notice, Code, Problem,
//	    Offer (Name, Description, Homepage, From, Public, Standing
//	        (Suspended, Reason, Awaiting, Verified), ExpiresAt, Usage
//	        (Users, More, LastUsedAt))
//
// Times have IsZero and ISO; ago, date, when and exact say them. Whatever the
// library or the configuration says, such as Notice, Problem, Label, Hint, Risk
// and the Description of a scope, is a message: {{msg .Notice}} says it. The
// fields Action, Ticket, Request, ClientID, Newest, Version and Was must come
// back from the forms as the library's own templates send them. The form of
// consent.html posts to Action these fields:
//
//	request     Request
//	ticket      Ticket
//	account_id  the ID of the account that the user chose
//	scope       the Name of each optional scope that the user ticked
//	decision    authorize or deny
//
// # Languages
//
// What the library's pages say is in files of messages, one for each language,
// messages/en.json and so on, by the tags of BCP 47. Such a file in
// flow.Config.Pages.Files replaces messages of the library one by one, adds a
// language, and has the messages of the host's own pages:
//
//	{
//	  "consent.authorize": "Toestaan",
//	  "consent.heading": "{1} toestaan",
//	  "time.in.days": {"one": "over {1} dag", "other": "over {1} dagen"}
//	}
//
// {1} to {9} are the arguments of a message. One that counts something has a
// text for each plural category that the numbers below 200 have in its language
// in the CLDR, and no other; the number is {1}. In Portuguese that is "one" and
// "other". A text is no HTML, but for <strong> and <em>. Each message of
// another language is in English too, with the same arguments and markup: New
// fails otherwise, naming the file and the message. What a language lacks is
// taken from the one that it is a variant of, as nl-BE is of nl, or else from
// English.
//
// Templates say messages with these functions:
//
//	{{msg "key" argument...}}   a message
//	{{mark "strong bdi" text}}  a text in elements, for an argument
//	{{ago time}}                "3 minutes ago", "in 2 days"
//	{{date time}}               "2 Jan 2006"
//	{{when time}}               "2 Jan 2006, 15:04 UTC"
//	{{exact time}}              "2 Jan 2006, 15:04:05 UTC"
//	{{number count}}            "1,000"
//	{{lang}} {{dir}}            the language of the page, "ltr" or "rtl"
//
// Times are in the zone of flow.Config.Pages.TimeZone, and in UTC without one. A
// page of the host's own gives these functions a time.Time, which is told in its
// own zone. New fails if a template says a message that there is not, or leaves
// out an argument of one.
//
// flow.Config.Pages says which languages there are, and which one a page is in.
// Errors of the protocol, and what the log and events tell, are in English.
//
// Every page of the library is executed with sample data when the provider is
// made, and again here: a template that is broken, or names what there is not,
// fails there and not before a user. For that Pages.Data is called with a
// request that nobody is signed in to.
package dashboard
