package office

import "encoding/xml"

// The packets that the office takes.
const (
	packetSchedule = "schedule"
	packetSeats    = "seats"
	packetReserve  = "reserve"
	packetConfirm  = "confirm"
	packetState    = "state"
	packetDelete   = "delete"
	packetRefund   = "refund"
	packetList     = "list"
)

// packet is what we send.
type packet struct {
	XMLName   xml.Name `xml:"Request"`
	Packet    string   `xml:"packet,attr"`
	Show      string   `xml:"show,attr,omitempty"`
	Reference string   `xml:"reference,attr,omitempty"`
	Number    string   `xml:"number,attr,omitempty"`
	Amount    string   `xml:"amount,attr,omitempty"`
	Currency  string   `xml:"currency,attr,omitempty"`
	Since     string   `xml:"since,attr,omitempty"`
	After     string   `xml:"after,attr,omitempty"`
	Places    []place  `xml:"Place"`
}

// answer is what the office says. Which parts it has depends on the packet.
type answer struct {
	XMLName xml.Name `xml:"Answer"`
	Packet  string   `xml:"packet,attr"`
	// Status is required: an answer without one is not the office's.
	Status *int   `xml:"status,attr"`
	Text   string `xml:"text,attr"`
	Zone   string `xml:"zone,attr"` // of all times without one

	// of the schedule
	Version int64  `xml:"version,attr"`
	More    bool   `xml:"more,attr"`
	Shows   []show `xml:"Show"`

	// of what is about one show
	Show string `xml:"show,attr"`

	// of the seats of a show, and of a refused reservation
	Live  bool    `xml:"live,attr"`
	Age   float64 `xml:"age,attr"` // in seconds
	Taken []place `xml:"Taken"`

	// of all packets about orders
	Orders []order `xml:"Order"`
	Next   string  `xml:"next,attr"`
}

// place is one seat.
type place struct {
	ID       string `xml:"id,attr"`
	Category string `xml:"category,attr,omitempty"`
	Price    string `xml:"price,attr,omitempty"`
	Code     string `xml:"code,attr,omitempty"` // opens the door
}

// order is a reservation or a sale.
type order struct {
	Number    string  `xml:"number,attr"` // may be given to another order over time
	Reference string  `xml:"reference,attr"`
	Show      string  `xml:"show,attr"`
	State     string  `xml:"state,attr"`
	Reserved  string  `xml:"reserved,attr"`
	Total     string  `xml:"total,attr"`
	Currency  string  `xml:"currency,attr"`
	Sale      string  `xml:"sale,attr"` // what the office calls the sale
	Places    []place `xml:"Place"`
}

type show struct {
	ID        string     `xml:"id,attr"`
	Version   int64      `xml:"version,attr"`
	Film      string     `xml:"film,attr"`
	Title     string     `xml:"title,attr"`
	Minutes   int        `xml:"minutes,attr"`
	Length    int        `xml:"length,attr"` // minutes, from start to end
	Screen    string     `xml:"screen,attr"`
	Starts    string     `xml:"starts,attr"`
	Closes    string     `xml:"closes,attr"`
	Format    string     `xml:"format,attr"`
	Language  string     `xml:"language,attr"`
	Cancelled bool       `xml:"cancelled,attr"`
	Currency  string     `xml:"currency,attr"`
	Prices    []category `xml:"Price"`
	Rows      []row      `xml:"Row"`
}

type category struct {
	ID     string `xml:"category,attr"`
	Name   string `xml:"name,attr"`
	Amount string `xml:"amount,attr"`
}

type row struct {
	Label    string `xml:"label,attr"`
	Category string `xml:"category,attr"`
	Seats    []seat `xml:"Seat"`
}

type seat struct {
	Name  string  `xml:"name,attr"`
	Place string  `xml:"place,attr"`
	X     float64 `xml:"x,attr"`
	Type  string  `xml:"type,attr"`
}
