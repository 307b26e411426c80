package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/schema"
)

// Preferences are how an account's owner wants to be spoken to. What is nil stays; empty is
// not chosen.
type Preferences struct {
	Locale   *string `json:"locale"`
	TimeZone *string `json:"time_zone"`
	HomeCity *string `json:"home_city"`
}

var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (p Preferences) check(fields *fieldErrors) Preferences {
	if p.Locale != nil {
		locale, err := tag(*p.Locale)
		if err != nil {
			fields.add("locale", "Write a language tag such as hi or ar-EG, or leave it empty.")
		}
		p.Locale = &locale
	}
	if p.TimeZone != nil && *p.TimeZone != "" {
		// LoadLocation also takes Local, which is the server's own.
		if _, err := time.LoadLocation(*p.TimeZone); err != nil || *p.TimeZone == "Local" {
			fields.add("time_zone", "Write a name of the IANA database, for example Asia/Kolkata, or leave it empty.")
		}
	}
	if p.HomeCity != nil && *p.HomeCity != "" && (len(*p.HomeCity) > 100 || !slug.MatchString(*p.HomeCity)) {
		fields.add("home_city", "Write the slug of a city, as in /v1/cities, or leave it empty.")
	}
	return p
}

// setPreferences stores what was chosen. Code: validation_failed for an unknown city.
func setPreferences(ctx context.Context, tx bun.Tx, account uuid.UUID, p Preferences) error {
	if p.Locale == nil && p.TimeZone == nil && p.HomeCity == nil {
		return nil
	}
	if p.HomeCity != nil && *p.HomeCity != "" {
		is, err := tx.NewSelect().Model((*schema.City)(nil)).Where("slug = ?", *p.HomeCity).Exists(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("look for a city: %w", err)
		case !is:
			return booking.Invalid(booking.FieldError{Field: "home_city", Message: "There is no such city. /v1/cities lists them."})
		}
	}
	_, err := tx.NewRaw(`INSERT INTO preferences AS p (account_id, locale, time_zone, home_city)
		VALUES (?0, coalesce(?1, ''), coalesce(?2, ''), coalesce(?3, ''))
		ON CONFLICT (account_id) DO UPDATE SET locale = coalesce(?1, p.locale), time_zone = coalesce(?2, p.time_zone),
			home_city = coalesce(?3, p.home_city)`, account, p.Locale, p.TimeZone, p.HomeCity).Exec(ctx)
	if err != nil {
		return fmt.Errorf("store preferences: %w", err)
	}
	return nil
}

// details adds what is not in the account's own row.
func (s *Service) details(ctx context.Context, a Account) (Account, error) {
	var guest sql.NullString
	err := s.db.NewRaw(`SELECT account_is_verified(a.id), phone_of(a.id) <> '', g.email,
			coalesce(p.locale, ''), coalesce(p.time_zone, ''), coalesce(p.home_city, '')
		FROM accounts a LEFT JOIN guests g ON g.account_id = a.id LEFT JOIN preferences p ON p.account_id = a.id
		WHERE a.id = ?`, a.ID).Scan(ctx, &a.EmailVerified, &a.PhoneVerified, &guest, &a.Locale, &a.TimeZone, &a.HomeCity)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("read the details of an account: %w", err)
	}
	if guest.Valid {
		a.Guest, a.Email = true, guest.String
	}
	return a, nil
}

// Choice is whether a customer wants a kind of message by a channel.
type Choice struct {
	Channel string `json:"channel"`
	Kind    string `json:"kind"`
	Wanted  bool   `json:"wanted"`
	// Required is what cannot be turned off: a customer who paid has to learn of a change.
	Required bool `json:"required"`
}

var (
	choiceChannels = []string{byEmail, bySMS, "push"}
	choiceKinds    = []string{"tickets", "changes", "reminders"}
)

// required are the mails without which a customer would not know where to go.
func required(channel, kind string) bool { return channel == byEmail && kind != "reminders" }

// Choices lists what an account's owner wants to be told, and how.
func (s *Service) Choices(ctx context.Context, account string) ([]Choice, error) {
	var off []schema.UnwantedMessage
	if err := s.db.NewSelect().Model(&off).Where("account_id = ?", account).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read what an account wants to be told: %w", err)
	}
	all := []Choice{}
	for _, kind := range choiceKinds {
		for _, channel := range choiceChannels {
			unwanted := slices.ContainsFunc(off, func(u schema.UnwantedMessage) bool { return u.Channel == channel && u.Kind == kind })
			all = append(all, Choice{channel, kind, !unwanted || required(channel, kind), required(channel, kind)})
		}
	}
	return all, nil
}

// Choose stores choices; those that are not named stay. Code: validation_failed.
func (s *Service) Choose(ctx context.Context, account string, choices []Choice) error {
	var fields fieldErrors
	for i, c := range choices {
		field := fmt.Sprintf("items[%d]", i)
		if !slices.Contains(choiceChannels, c.Channel) {
			fields.add(field+".channel", "Must be email, sms or push.")
		}
		if !slices.Contains(choiceKinds, c.Kind) {
			fields.add(field+".kind", "Must be tickets, changes or reminders.")
		}
		if !c.Wanted && required(c.Channel, c.Kind) {
			fields.add(field+".wanted", "This mail cannot be turned off: without it you would not know where to go.")
		}
	}
	if err := fields.Err(); err != nil {
		return err
	}
	return s.ending(ctx, account, func(ctx context.Context, tx bun.Tx) error {
		for _, c := range choices {
			if err := choose(ctx, tx, account, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func choose(ctx context.Context, tx bun.Tx, account string, c Choice) error {
	var err error
	if c.Wanted {
		_, err = tx.NewDelete().Model((*schema.UnwantedMessage)(nil)).
			Where("account_id = ? AND channel = ? AND kind = ?", account, c.Channel, c.Kind).Exec(ctx)
	} else {
		_, err = tx.NewInsert().Model(&schema.UnwantedMessage{Channel: c.Channel, Kind: c.Kind}).
			Value("account_id", "?::uuid", account).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("store a choice: %w", err)
	}
	return nil
}
