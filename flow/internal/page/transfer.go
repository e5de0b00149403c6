package page

// Transfer is the data of transfer_application.html.
type Transfer struct {
	Warning
	Said *Message // what was just done
	Code string   // of the offer, only in answer to the form that made it; ""

	ExpiresAt      Moment   // of the offer that is open; zero: there is none
	By             *Message // the user who made it; nil for the one who looks at the page
	WithdrawURL    string   // posted to
	WithdrawTicket string   // for that
}

// Receive is the data of receive_application.html.
type Receive struct {
	Account, ListURL string
	Action           string // where the form posts to
	Ticket           string
	Notice           *Message // why it was not carried out and is shown again
	Code             string   // field "code", as filled in
	Problem          *Message // what is wrong with it
	Offer            *Offer   // what the code offers; nil: it is asked for
}

// Offer is an application that another account offers.
type Offer struct {
	Name, Description, Homepage string
	From                        string // name of the account
	Public                      bool
	Standing                    Standing
	ExpiresAt                   Moment
	Usage                       Usage
}
