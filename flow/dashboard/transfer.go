package dashboard

import (
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// warnTransfer tells what a transfer does, and of an offer that is open.
func (req *request) warnTransfer() error {
	data, err := req.transferPage()
	if err != nil {
		return err
	}
	return req.write(req.status, "transfer_application.html", data)
}

func (req *request) transferPage() (page.Transfer, error) {
	withdraw := req.appURL("transfer", "withdraw")
	data := page.Transfer{Warning: req.warning("transfer"), WithdrawURL: withdraw, WithdrawTicket: req.ticket(withdraw, "")}
	var err error
	if data.Said, err = req.notice(); err != nil {
		return data, err
	}
	data.ExpiresAt, data.By, err = req.offered()
	return data, err
}

// offered tells until when the application is offered, and by which other user,
// nil for this one. The time is zero where it is not.
func (req *request) offered() (until page.Moment, by *page.Message, err error) {
	o, err := req.openOf(req.ctx, req.app)
	if errors.Is(err, errNoOffer) {
		return page.Moment{}, nil, nil
	}
	if err == nil && o.User != req.user.ID {
		by, err = req.userName(o.User)
	}
	return req.moment(o.ExpiresAt), by, err
}

// offer offers the application to whoever has the code, which the answer shows.
func (req *request) offer() error {
	code := newOfferCode(req.app.ID)
	digest := credential.DigestOf(code)
	o := offer{Code: digest[:], Owner: req.account.ID, User: req.user.ID, ExpiresAt: req.now.Add(offerTTL)}
	if err := req.keepOffer(req.ctx, req.app.ID, o); err != nil {
		return err
	}
	req.reportTransfer(oauthapp.ApplicationTransferOffered, req.app)
	data, err := req.transferPage()
	if err != nil {
		// The offer is open, and its code is not to be lost.
		req.kernel.Logger.ErrorContext(req.ctx, "dashboard shows the code of an offer alone", "application_id", req.app.ID, "error", err)
	}
	data.Code = code
	return req.write(http.StatusOK, "transfer_application.html", data)
}

// withdraw ends the offer of the application.
func (req *request) withdraw() error {
	o, err := req.openOf(req.ctx, req.app)
	if err == nil {
		_, err = req.close(req.ctx, o)
	}
	if errors.Is(err, errNoOffer) {
		return req.redirect(req.appURL("transfer"), noticeNoOffer)
	}
	if err != nil {
		return err
	}
	req.reportTransfer(oauthapp.ApplicationTransferWithdrawn, req.app)
	return req.redirect(req.appURL("transfer"), noticeOfferWithdrawn)
}

func (req *request) receiveURL() string { return req.listURL() + "/receive" }

// askForCode shows the form for the code of an offer.
func (req *request) askForCode() error {
	return req.writeReceive(req.status, page.Receive{Notice: req.undone, Code: req.typed.Get("code")})
}

func (req *request) writeReceive(status int, data page.Receive) error {
	data.Account, data.ListURL, data.Action = req.account.Name, req.listURL(), req.receiveURL()
	data.Ticket = req.ticket(data.Action, "")
	return req.write(status, "receive_application.html", data)
}

// receive answers the code of an offer: with what is offered or, where the form
// says so, by accepting or declining that.
func (req *request) receive() error {
	code := codeOf(req.field("code"))
	o, err := req.openWith(req.ctx, code)
	if err == nil {
		switch req.field("decision") {
		case "accept":
			err = req.acceptOffer(o, code)
		case "decline":
			err = req.declineOffer(o)
		default:
			err = req.writeOffer(http.StatusOK, o, code, nil)
		}
	}
	if errors.Is(err, errNoOffer) {
		return req.refuseCode(code)
	}
	return err
}

// refuseCode answers a code that opens nothing. A form that comes a second time
// leads to the application that the first one got.
func (req *request) refuseCode(code string) error {
	if id, err := applicationOf(code); err == nil {
		app, err := req.registry.Application(req.ctx, oauthapp.OwnedBy(req.account.ID), id)
		if err == nil {
			req.app = app
			return req.redirect(req.appURL(), noticeOwnedAlready)
		}
		if !errors.Is(err, oauthapp.ErrNotFound) {
			return err
		}
	}
	return req.writeReceive(http.StatusUnprocessableEntity, page.Receive{
		Code:    req.field("code"),
		Problem: page.Say("receive.no_offer"),
	})
}

// writeOffer shows what is offered, and the problem with accepting it, if any.
func (req *request) writeOffer(status int, o openOffer, code string, problem *page.Message) error {
	from, err := req.kernel.AccountName(req.ctx, o.Owner)
	if err != nil {
		return err
	}
	usage, err := req.registry.Usage(req.ctx, oauthapp.OwnedBy(o.Owner), o.app.ID)
	if errors.Is(err, oauthapp.ErrNotFound) {
		return errNoOffer
	}
	if err != nil {
		return err
	}
	return req.writeReceive(status, page.Receive{Code: code, Problem: problem, Offer: &page.Offer{
		Name: o.app.Name, Description: o.app.Description, Homepage: o.app.HomepageURL, From: from, Public: o.app.Type == oauthapp.Public,
		Standing: userStanding(o.app), ExpiresAt: req.moment(o.ExpiresAt),
		Usage: page.Usage{Users: usage.Users, More: usage.More, LastUsedAt: req.moment(usage.LastUsedAt)},
	}})
}

func (req *request) acceptOffer(o openOffer, code string) error {
	if o.Owner == req.account.ID {
		return req.writeOffer(http.StatusUnprocessableEntity, o, code, page.Say("receive.own"))
	}
	app, err := req.accept(req.ctx, o, req.account.ID)
	var invalid *oauthapp.ValidationError
	switch {
	case errors.Is(err, oauthapp.ErrLimit):
		return req.writeOffer(http.StatusUnprocessableEntity, o, code, page.Say("receive.limit", req.kernel.MaxApplications))
	case errors.As(err, &invalid):
		return req.writeOffer(http.StatusUnprocessableEntity, o, code, kernel.Problems(invalid)[0].Message)
	case err != nil:
		return err
	}
	req.app = app
	return req.redirect(req.appURL(), noticeReceived)
}

func (req *request) declineOffer(o openOffer) error {
	if _, err := req.close(req.ctx, o); err != nil {
		return err
	}
	req.reportTransfer(oauthapp.ApplicationTransferDeclined, o.app)
	return req.redirect(req.listURL(), noticeDeclined)
}

// reportTransfer reports what this user did about an offer, for this account.
func (req *request) reportTransfer(kind oauthapp.EventType, app oauthapp.Application) {
	e := kernel.EventOf(kind, app)
	e.Actor.UserID, e.AccountID = req.user.ID, req.account.ID
	req.kernel.Emit(req.r, e)
}
