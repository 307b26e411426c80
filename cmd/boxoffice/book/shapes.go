package book

import (
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// What this tour reads of the API's answers.
type (
	session struct {
		AccessToken string `json:"access_token"`
	}
	cityDoc struct {
		Slug     string `json:"slug"`
		Name     string `json:"name"`
		Currency string `json:"currency"`
	}
	movieDoc struct {
		Slug        string `json:"slug"`
		Title       string `json:"title"`
		Certificate string `json:"certificate"`
	}
	showDoc struct {
		ID        string    `json:"id"`
		StartsAt  time.Time `json:"starts_at"`
		LocalTime string    `json:"local_time"`
		Format    string    `json:"format"`
		Language  string    `json:"language"`
	}
	movieShowsDoc struct {
		Items []struct {
			Theater struct {
				Name string `json:"name"`
			} `json:"theater"`
			Shows []showDoc `json:"shows"`
		} `json:"items"`
	}
	seatMapDoc struct {
		Layout booking.Layout           `json:"layout"`
		Prices map[string]booking.Money `json:"prices"`
		Held   []string                 `json:"held"`
		Sold   []string                 `json:"sold"`
	}
	bookingDoc struct {
		ID            string                  `json:"id"`
		Status        booking.Status          `json:"status"`
		Seats         []string                `json:"seats"`
		Quote         booking.Quote           `json:"quote"`
		HoldExpiresAt time.Time               `json:"hold_expires_at"`
		Payment       booking.PaymentView     `json:"payment"`
		Timeline      []booking.TimelineEntry `json:"timeline"`
	}
	ticketDoc struct {
		Serial string `json:"serial"`
		QR     string `json:"qr"`
	}
)

type list[T any] struct {
	Items []T `json:"items"`
}
