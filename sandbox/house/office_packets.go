package house

import "encoding/xml"

// officePacket is what a client sends. Which parts it has depends on the packet.
type officePacket struct {
	XMLName   xml.Name      `xml:"Request"`
	Packet    string        `xml:"packet,attr"`
	Show      string        `xml:"show,attr"`
	Reference string        `xml:"reference,attr"`
	Number    string        `xml:"number,attr"`
	Amount    string        `xml:"amount,attr"`
	Currency  string        `xml:"currency,attr"`
	Since     string        `xml:"since,attr"`
	After     string        `xml:"after,attr"`
	Places    []officePlace `xml:"Place"`
}

type officeAnswer struct {
	XMLName xml.Name      `xml:"Answer"`
	Packet  string        `xml:"packet,attr"`
	Status  int           `xml:"status,attr"`
	Text    string        `xml:"text,attr,omitempty"`
	Zone    string        `xml:"zone,attr,omitempty"`
	Show    string        `xml:"show,attr,omitempty"`
	Version int64         `xml:"version,attr,omitempty"` // of the schedule: the next packet's since
	More    bool          `xml:"more,attr,omitempty"`
	Live    bool          `xml:"live,attr,omitempty"` // the seats are told as they are now
	Age     float64       `xml:"age,attr,omitempty"`  // or as they were, in seconds
	Next    string        `xml:"next,attr,omitempty"` // of the list: the next packet's after
	Shows   []officeShow  `xml:"Show"`
	Taken   []officePlace `xml:"Taken"`
	Orders  []officeOrder `xml:"Order"`
}

type officePlace struct {
	ID       string `xml:"id,attr"`
	Category string `xml:"category,attr,omitempty"`
	Price    string `xml:"price,attr,omitempty"`
	Code     string `xml:"code,attr,omitempty"`
}

type officeOrder struct {
	Number    string        `xml:"number,attr"`
	Reference string        `xml:"reference,attr,omitempty"`
	Show      string        `xml:"show,attr"`
	State     string        `xml:"state,attr"`
	Reserved  string        `xml:"reserved,attr,omitempty"` // when, by the site's clock
	Total     string        `xml:"total,attr"`
	Currency  string        `xml:"currency,attr"`
	Sale      string        `xml:"sale,attr,omitempty"`
	Places    []officePlace `xml:"Place"`
}

type officeShow struct {
	ID        string        `xml:"id,attr"`
	Version   int64         `xml:"version,attr"`
	Film      string        `xml:"film,attr"`
	Title     string        `xml:"title,attr"`
	Minutes   int           `xml:"minutes,attr"`
	Length    int           `xml:"length,attr"`
	Screen    string        `xml:"screen,attr"`
	Starts    string        `xml:"starts,attr"`
	Closes    string        `xml:"closes,attr"`
	Format    string        `xml:"format,attr"`
	Language  string        `xml:"language,attr"`
	Cancelled bool          `xml:"cancelled,attr,omitempty"`
	Currency  string        `xml:"currency,attr"`
	Prices    []officePrice `xml:"Price"`
	Rows      []officeRow   `xml:"Row"`
}

type officePrice struct {
	Category string `xml:"category,attr"`
	Name     string `xml:"name,attr"`
	Amount   string `xml:"amount,attr"`
}

type officeRow struct {
	Label    string       `xml:"label,attr"`
	Category string       `xml:"category,attr"`
	Seats    []officeSeat `xml:"Seat"`
}

type officeSeat struct {
	Name  string  `xml:"name,attr"`
	Place string  `xml:"place,attr"`
	X     float64 `xml:"x,attr"`
	Type  string  `xml:"type,attr"`
}
