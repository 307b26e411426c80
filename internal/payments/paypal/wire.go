package paypal

import (
	"net/url"
	"path"
	"strings"
	"time"
)

// The parts of PayPal's objects that are read. https://developer.paypal.com/docs/api/orders/v2/

type order struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Updated string `json:"update_time"`
	Units   []unit `json:"purchase_units"`
	Links   links  `json:"links"`
}

type unit struct {
	ReferenceID string   `json:"reference_id"`
	Amount      *money   `json:"amount"`
	CustomID    string   `json:"custom_id"`
	Payments    payments `json:"payments"`
}

type payments struct {
	Authorizations []authorization `json:"authorizations"`
	Captures       []capture       `json:"captures"`
	Refunds        []refund        `json:"refunds"`
}

type authorization struct {
	ID      string    `json:"id"`
	Status  string    `json:"status"`
	Amount  *money    `json:"amount"`
	Created time.Time `json:"create_time"`
	Expires time.Time `json:"expiration_time"`

	related
}

type capture struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Amount    *money `json:"amount"`
	Breakdown struct {
		Fee *money `json:"paypal_fee"`
	} `json:"seller_receivable_breakdown"`

	related
}

type refund struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Amount *money `json:"amount"`

	related
}

// related says what an object belongs to.
type related struct {
	Supplementary struct {
		IDs struct {
			OrderID         string `json:"order_id"`
			AuthorizationID string `json:"authorization_id"`
			CaptureID       string `json:"capture_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	Links links `json:"links"`
}

type links []struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// to finds a link; empty without one.
func (l links) to(rels ...string) string {
	for _, one := range l {
		for _, rel := range rels {
			if one.Rel == rel {
				return one.Href
			}
		}
	}
	return ""
}

// up is the id of the object above, when it is of the kind: "captures" of a refund.
func (l links) up(kind string) string {
	address, err := url.Parse(l.to("up"))
	if err != nil {
		return ""
	}
	folder, id := path.Split(address.Path)
	if !strings.HasSuffix(folder, "/"+kind+"/") || !isID(id) {
		return ""
	}
	return id
}

// Statuses of orders, authorizations, captures and refunds that matter here.
const (
	statusApproved  = "APPROVED"
	statusCompleted = "COMPLETED"
	statusVoided    = "VOIDED"
	statusCreated   = "CREATED"
	statusPartly    = "PARTIALLY_CAPTURED"
	statusCaptured  = "CAPTURED"
	statusPending   = "PENDING"
	statusDenied    = "DENIED"
	statusDeclined  = "DECLINED"
	statusFailed    = "FAILED"
	statusCancelled = "CANCELLED"
)

// isMoney tells whether a capture is money that has come; refunds do not change that.
func (c capture) isMoney() bool {
	return c.Status == statusCompleted || c.Status == "PARTIALLY_REFUNDED" || c.Status == "REFUNDED"
}

// counts tells whether a refund is money that went back, or is going.
func (r refund) counts() bool { return r.Status != statusFailed && r.Status != statusCancelled }

// isLive tells whether an authorization can be captured.
func (a authorization) isLive() bool { return a.Status == statusCreated || a.Status == statusPartly }

// isID keeps what is no id of PayPal's out of URLs.
func isID(id string) bool {
	return id != "" && len(id) <= 36 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
