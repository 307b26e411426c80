package house

import (
	"crypto/subtle"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"
)

// The ticket-office style: XML packets by POST to one address, with HTTP Basic. All answers
// are HTTP 200 with a status of their own. An order has a temporary number and the client's
// reference. It is confirmed once; no hold is made longer, and no answer says when one ends.
// Times are local, without their offset; the zone has the name that Windows has for it.

// officeOps are the operations behind the packets.
var officeOps = map[string]string{
	"schedule": opProgram, "seats": opSeats, "reserve": opHold, "confirm": opConfirm,
	"state": opState, "delete": opRelease, "refund": opCancel, "list": opSales,
}

// The statuses of answers.
const (
	officeOK             = 0
	officeFailed         = 1
	officeFailedAfter    = 2 // it was done, and then something failed
	officeFeedStarts     = 5 // the version is not known
	officeNoShow         = 10
	officeNotOnSale      = 11
	officeTaken          = 12
	officeNoPlace        = 13
	officeWrongCategory  = 14
	officeKnownReference = 15
	officeHalfPair       = 16
	officeNoOrder        = 20
	officeOver           = 21
	officeConfirmed      = 22
	officeWrongAmount    = 23
	officeConfirming     = 24
	officeSold           = 25
	officeTooLate        = 26
	officeCancelled      = 27
	officeNotSold        = 28
)

// officeStatuses are the statuses of refusals, unless a packet has another.
var officeStatuses = map[Kind]int{
	NoShow: officeNoShow, NotOnSale: officeNotOnSale, SeatsTaken: officeTaken, NoSuchSeat: officeNoPlace, HalfPair: officeHalfPair,
	PriceChanged: officeWrongAmount, NoOrder: officeNoOrder, HoldOver: officeOver, AlreadySold: officeConfirmed, Completing: officeConfirming,
	NotSold: officeNotSold, AlreadyCancelled: officeCancelled, TooLate: officeTooLate, Duplicate: officeKnownReference, Failed: officeFailed,
}

// windowsZones are the names of some zones at Windows; others keep theirs.
var windowsZones = map[string]string{
	"America/New_York": "Eastern Standard Time", "America/Chicago": "Central Standard Time", "America/Los_Angeles": "Pacific Standard Time",
	"Europe/London": "GMT Standard Time", "Europe/Berlin": "W. Europe Standard Time", "Europe/Paris": "Romance Standard Time",
	"Asia/Kolkata": "India Standard Time", "Asia/Tokyo": "Tokyo Standard Time", "Australia/Sydney": "AUS Eastern Standard Time",
}

func officeRoutes(s *Server, r *mux.Router) {
	r.HandleFunc("", s.serveOffice).Methods(http.MethodPost)
}

func (s *Server) serveOffice(w http.ResponseWriter, r *http.Request) {
	var asked officePacket
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || xml.Unmarshal(raw, &asked) != nil || officeOps[asked.Packet] == "" {
		http.Error(w, "A packet is one Request in XML, of a kind that there is.", http.StatusBadRequest)
		return
	}
	s.serve(w, r, manner{
		style: styleOffice, operation: officeOps[asked.Packet],
		run: func(c *call) (answer, error) { return c.office(asked) },
		failure: func(status int, message string) answer {
			return answer{status, "text/plain; charset=utf-8", []byte(message)}
		},
	})
}

// office answers one packet.
func (c *call) office(asked officePacket) (answer, error) {
	user, password, _ := c.request.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(c.Site.User+"\x00"+c.Site.Password)) != 1 {
		return answer{http.StatusUnauthorized, "text/plain; charset=utf-8", []byte("Who are you?")}, nil
	}
	said := officeAnswer{Packet: asked.Packet, Show: asked.Show, Zone: c.officeZone()}
	err := c.officePacket(asked, &said)
	if c.bookedButFailed(err) {
		said = officeAnswer{Packet: asked.Packet, Status: officeFailedAfter, Text: "The answer could not be made"}
	}
	if kind := kindOf(err); kind != "" {
		if said.Status == 0 {
			said.Status = officeStatuses[kind]
		}
		said.Text, err = string(kind), nil
	}
	if err != nil {
		return answer{}, err
	}
	body, err := xml.Marshal(said)
	return answer{http.StatusOK, "application/xml; charset=utf-8", append([]byte(xml.Header), body...)}, err
}

func (c *call) officePacket(asked officePacket, said *officeAnswer) error {
	one := func(order Order, err error) error {
		if err == nil {
			said.Orders = []officeOrder{c.officeOrder(order)}
		}
		return err
	}
	switch asked.Packet {
	case "schedule":
		return c.officeSchedule(asked, said)
	case "seats":
		return c.officeSeats(asked, said)
	case "reserve":
		return c.officeReserve(asked, said)
	case "confirm":
		return one(c.officeConfirm(asked))
	case "state":
		return one(c.state(asked.Number, asked.Reference))
	case "delete":
		err := one(c.release(asked.Number))
		if kindOf(err) == AlreadySold {
			said.Status = officeSold
		}
		return err
	case "refund":
		return one(c.cancel(asked.Number))
	default:
		return c.officeList(asked, said)
	}
}

func (c *call) officeZone() string {
	if name, known := windowsZones[c.Site.TimeZone]; known {
		return name
	}
	return c.Site.TimeZone
}

// officeTime is a time as people at the site read it.
func (c *call) officeTime(t time.Time) string {
	return t.In(c.Site.zone()).Format("2006-01-02T15:04:05")
}

func officeMoney(cents int64) string {
	return strconv.FormatInt(cents/100, 10) + "." + strconv.FormatInt(100+cents%100, 10)[1:]
}
