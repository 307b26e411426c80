package accounts_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/database"
)

// post is accounts with their letters.
type post struct {
	*accounts.Service
	t     *testing.T
	db    *database.DB
	codes *codes.Codes
}

func newPost(t *testing.T, limits ...accounts.TextMessages) post {
	t.Helper()
	texts := accounts.TextMessages{PerDay: 100}
	if len(limits) > 0 {
		texts = limits[0]
	}
	return newPostWith(t, texts)
}

func newPostWith(t *testing.T, texts accounts.TextMessages, options ...accounts.Option) post {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	made, err := codes.New([]ed25519.PrivateKey{key})
	require.NoError(t, err)
	s, db := limitedService(t, accounts.Limits{}, append(options, accounts.WithCodes(made, nil), accounts.WithTextMessages(texts))...)
	return post{s, t, db, made}
}

// letter is the newest of a kind to an address.
func (p post) letter(kind, to string) (id uuid.UUID) {
	p.t.Helper()
	require.NoError(p.t, p.db.Pool.QueryRow(p.t.Context(), `SELECT coalesce(proof_id, id) FROM letters
		WHERE kind = $1 AND lower(recipient) = lower($2) ORDER BY created_at DESC LIMIT 1`, kind, to).Scan(&id), "%s to %s", kind, to)
	return id
}

func (p post) count(query string, args ...any) (n int) {
	p.t.Helper()
	require.NoError(p.t, p.db.Pool.QueryRow(p.t.Context(), query, args...).Scan(&n))
	return n
}

func (p post) exec(statement string, args ...any) {
	p.t.Helper()
	_, err := p.db.Pool.Exec(p.t.Context(), statement, args...)
	require.NoError(p.t, err)
}

// member registers and logs in.
func (p post) member(email string) (accounts.Account, accounts.Claims) {
	p.t.Helper()
	a, err := p.Register(p.t.Context(), accounts.Registration{Email: email, Password: goodPassword, Name: "Asha", Phone: "+919820012345"}, home)
	require.NoError(p.t, err)
	return a, p.in(email, goodPassword)
}

func (p post) in(email, plain string) accounts.Claims {
	p.t.Helper()
	pair, err := p.Login(p.t.Context(), email, plain, accounts.Client{Address: home})
	require.NoError(p.t, err)
	return p.claims(pair)
}

func (p post) claims(pair accounts.TokenPair) accounts.Claims {
	p.t.Helper()
	claims, err := p.Verify(pair.AccessToken)
	require.NoError(p.t, err)
	return *claims
}

// other is a code that is not the one.
func other(code string) string {
	if code == "000000" {
		return "111111"
	}
	return "000000"
}

const mailbox = "asha@example.com"

func TestAnAddressIsProvedByItsCode(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, by := p.member("Asha@Example.com")
	code := p.codes.Code("email", p.letter("confirm_email", mailbox))

	_, err := p.ConfirmCode(t.Context(), by, "email", other(code))
	assert.Equal(t, booking.CodeWrongCode, booking.CodeOf(err))
	a, err := p.ConfirmCode(t.Context(), by, "email", code[:3]+" "+code[3:])
	require.NoError(t, err, "with a space, as people type it")
	assert.True(t, a.EmailVerified)
	_, err = p.ConfirmCode(t.Context(), by, "email", code)
	assert.Equal(t, booking.CodeWrongCode, booking.CodeOf(err), "a code works once")
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(p.AskForCode(t.Context(), by, "email", "")))
}

func TestScenario7_GuessedCodes(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	a, by := p.member(mailbox)
	right := p.codes.Code("email", p.letter("confirm_email", mailbox))

	var wrong atomic.Int32
	var guessing sync.WaitGroup
	for range 100 {
		guessing.Go(func() {
			if _, err := p.ConfirmCode(t.Context(), by, "email", other(right)); booking.CodeOf(err) == booking.CodeWrongCode {
				wrong.Add(1)
			}
		})
	}
	guessing.Wait()
	assert.EqualValues(t, 100, wrong.Load())
	assert.Equal(t, 5, p.count(`SELECT tries FROM proofs WHERE account_id = $1`, a.ID), "so many are compared")
	_, err := p.ConfirmCode(t.Context(), by, "email", right)
	assert.Equal(t, booking.CodeWrongCode, booking.CodeOf(err), "the right one comes too late")

	// New codes bring new tries, up to the budget of the address.
	sent := 1
	for range 20 {
		p.exec(`UPDATE proofs SET created_at = created_at - interval '61 minutes'`)
		if p.AskForCode(t.Context(), by, "email", "") != nil {
			break
		}
		sent++
		for range 5 {
			_, err := p.ConfirmCode(t.Context(), by, "email", other(p.codes.Code("email", p.letter("confirm_email", mailbox))))
			assert.Error(t, err)
		}
	}
	assert.LessOrEqual(t, sent, 10)
	assert.LessOrEqual(t, p.count(`SELECT sum(tries) FROM proofs WHERE account_id = $1`, a.ID), 30)
	_, err = p.ConfirmCode(t.Context(), by, "email", p.codes.Code("email", p.letter("confirm_email", mailbox)))
	assert.Equal(t, booking.CodeWrongCode, booking.CodeOf(err), "not even the right one, on this day")
}

func TestAMailboxIsNotFilled(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, by := p.member(mailbox)
	for range 20 {
		require.NoError(t, p.AskForReset(t.Context(), " ASHA@example.com", ""), "the answer is always the same")
		require.NoError(t, p.AskForReset(t.Context(), "nobody@example.com", ""))
	}
	assert.NoError(t, p.AskForCode(t.Context(), by, "email", ""), "codes have a budget of their own")
	assert.Equal(t, 3, p.count(`SELECT count(*) FROM letters WHERE kind = 'reset_password'`))
	assert.Equal(t, 3, p.count(`SELECT count(*) FROM proofs WHERE recipient = 'nobody@example.com'`), "unknown addresses are counted alike")
	assert.Zero(t, p.count(`SELECT count(*) FROM letters WHERE recipient = 'nobody@example.com'`))
}

func TestScenario6_LinksAreOpenedByPrograms(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	a, by := p.member(mailbox)
	token := p.codes.Token("email", p.letter("confirm_email", mailbox))
	const inSession = `SELECT count(*) FROM proven_addresses WHERE account_id = $1 AND in_session`

	require.NoError(t, p.VerifyByLink(t.Context(), nil, token), "a scanner presses the button")
	assert.Zero(t, p.count(inSession, a.ID))
	_, stranger := p.member("eve@example.com")
	require.NoError(t, p.VerifyByLink(t.Context(), &stranger, token))
	assert.Zero(t, p.count(inSession, a.ID), "with a session of another account")
	require.NoError(t, p.VerifyByLink(t.Context(), &by, token), "the person opens it afterwards")
	assert.Equal(t, 1, p.count(inSession, a.ID))
	require.NoError(t, p.VerifyByLink(t.Context(), nil, token))
	assert.Equal(t, 1, p.count(inSession, a.ID), "a later scanner takes nothing away")

	for name, bad := range map[string]string{"of another purpose": p.codes.Token("reset", p.letter("confirm_email", mailbox)),
		"of no proof": p.codes.Token("email", uuid.New()), "cut": token[1:], "empty": ""} {
		assert.Equal(t, booking.CodeLinkOver, booking.CodeOf(p.VerifyByLink(t.Context(), nil, bad)), name)
	}
	p.exec(`UPDATE proofs SET link_until = now() - interval '1 second'`)
	assert.Equal(t, booking.CodeLinkOver, booking.CodeOf(p.VerifyByLink(t.Context(), nil, token)), "a day later")
}

func TestANewPasswordByLink(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, old := p.member(mailbox)
	require.NoError(t, p.AskForReset(t.Context(), mailbox, "hi"))
	first := p.codes.Token("reset", p.letter("reset_password", mailbox))
	require.NoError(t, p.AskForReset(t.Context(), mailbox, "hi"))
	token := p.codes.Token("reset", p.letter("reset_password", mailbox))

	err := p.Reset(t.Context(), token, "password123")
	assert.Equal(t, []string{"password"}, fieldsOf(t, err), "one that is tried first loses nothing")
	assert.Equal(t, []string{"password"}, fieldsOf(t, p.Reset(t.Context(), token, mailbox)), "nor the address itself")
	require.NoError(t, p.Reset(t.Context(), token, "velvet otter under rain"))
	for name, again := range map[string]string{"twice": token, "an earlier mail": first} {
		assert.Equal(t, booking.CodeLinkOver, booking.CodeOf(p.Reset(t.Context(), again, "another good long one")), name)
	}
	_, err = p.Standing(t.Context(), &old)
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "sessions end")
	_, err = p.Login(t.Context(), mailbox, goodPassword, accounts.Client{Address: home})
	assert.Error(t, err)
	by := p.in(mailbox, "velvet otter under rain")
	a, err := p.Account(t.Context(), by.Subject)
	require.NoError(t, err)
	assert.True(t, a.EmailVerified, "who has the mail has the address")
	p.letter("password_changed", mailbox)
}

func TestThePasswordIsChanged(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, by := p.member(mailbox)
	elsewhere := p.in(mailbox, goodPassword)
	from := accounts.Client{Address: home}
	err := p.ChangePassword(t.Context(), by, accounts.PasswordChange{Current: "wrong", New: "velvet otter under rain"}, from)
	assert.Equal(t, booking.CodeWrongPassword, booking.CodeOf(err))
	assert.Equal(t, []string{"current_password"}, fieldsOf(t, err), "the new one is not wrong")
	err = p.ChangePassword(t.Context(), by, accounts.PasswordChange{Current: goodPassword, New: "asha@example.com"}, from)
	assert.Equal(t, []string{"password"}, fieldsOf(t, err), "it is the address")
	require.NoError(t, p.ChangePassword(t.Context(), by, accounts.PasswordChange{Current: goodPassword, New: "velvet otter under rain"}, from))
	_, err = p.Standing(t.Context(), &by)
	require.NoError(t, err)
	_, err = p.Standing(t.Context(), &elsewhere)
	assert.Error(t, err, "the other sessions end")
}

func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, by := p.member(mailbox)
	const next = "asha.next@example.com"
	p.exec(`UPDATE session_devices SET began_at = began_at - interval '1 hour'`)
	assert.Equal(t, booking.CodeConfirmationNeeded, booking.CodeOf(p.AskForNewEmail(t.Context(), by, next, "")), "a session that was left open")
	assert.Equal(t, booking.CodeWrongPassword, booking.CodeOf(p.Confirm(t.Context(), by, accounts.Proof{Password: "wrong"}, accounts.Client{Address: home})))
	require.NoError(t, p.Confirm(t.Context(), by, accounts.Proof{Password: goodPassword}, accounts.Client{Address: home}))
	require.NoError(t, p.AskForNewEmail(t.Context(), by, next, ""))
	a, err := p.Account(t.Context(), by.Subject)
	require.NoError(t, err)
	assert.Equal(t, mailbox, a.Email, "nothing has changed yet")

	code := p.codes.Code("new_email", p.letter("new_email", next))
	a, err = p.ConfirmNewEmail(t.Context(), by, code)
	require.NoError(t, err)
	assert.Equal(t, next, a.Email)
	assert.True(t, a.EmailVerified)

	undo := p.codes.Token("undo_email", p.letter("email_changed", mailbox))
	require.NoError(t, p.UndoNewEmail(t.Context(), undo, ""))
	a, err = p.Account(t.Context(), by.Subject)
	require.NoError(t, err)
	assert.Equal(t, mailbox, a.Email)
	_, err = p.Standing(t.Context(), &by)
	assert.Error(t, err, "all sessions end")
	_, err = p.Login(t.Context(), mailbox, goodPassword, accounts.Client{Address: home})
	assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "the password may be a thief's")
	assert.Equal(t, booking.CodeLinkOver, booking.CodeOf(p.UndoNewEmail(t.Context(), undo, "")))
	require.NoError(t, p.Reset(t.Context(), p.codes.Token("reset", p.letter("reset_password", mailbox)), "velvet otter under rain"))
	p.in(mailbox, "velvet otter under rain")
}

func TestAnAddressThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	_, by := p.member(mailbox)
	require.NoError(t, p.AskForNewEmail(t.Context(), by, "free@example.com", ""))
	code := p.codes.Code("new_email", p.letter("new_email", "free@example.com"))
	p.member("Free@example.com")
	_, err := p.ConfirmNewEmail(t.Context(), by, code)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(err))

	require.NoError(t, p.AskForNewEmail(t.Context(), by, "FREE@example.com", ""), "the answer does not tell that it has an account")
	assert.Equal(t, 1, p.count(`SELECT count(*) FROM letters WHERE kind = 'new_email'`), "and no code is sent")
}

func TestANumberIsProvedAfterTheAddress(t *testing.T) {
	t.Parallel()
	p := newPost(t, accounts.TextMessages{PerDay: 100, Countries: []string{"IN"}})
	_, by := p.member(mailbox)
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(p.AskForCode(t.Context(), by, "sms", "")), "the address comes first")
	_, err := p.ConfirmCode(t.Context(), by, "email", p.codes.Code("email", p.letter("confirm_email", mailbox)))
	require.NoError(t, err)
	require.NoError(t, p.AskForCode(t.Context(), by, "sms", ""))
	a, err := p.ConfirmCode(t.Context(), by, "sms", p.codes.Code("phone", p.letter("confirm_phone", "+919820012345")))
	require.NoError(t, err)
	assert.True(t, a.PhoneVerified)

	abroad := "+992917123456"
	a, err = p.UpdateProfile(t.Context(), by.Subject, accounts.Profile{Phone: &abroad})
	require.NoError(t, err)
	assert.False(t, a.PhoneVerified, "another number has to be proved")
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(p.AskForCode(t.Context(), by, "sms", "")), "a country that is not served")
}

func TestTextMessagesHaveBudgets(t *testing.T) {
	t.Parallel()
	p := newPost(t, accounts.TextMessages{PerDay: 33})
	ask := func(i int, phone string) error {
		_, by := p.member(fmt.Sprintf("member%d@example.com", i))
		p.exec(`UPDATE accounts SET phone = $2 WHERE id = $1`, by.Subject, phone)
		p.exec(`INSERT INTO proven_addresses (account_id, channel, address, in_session) SELECT id, 'email', lower(email), true FROM accounts WHERE id = $1`, by.Subject)
		return p.AskForCode(t.Context(), by, "sms", "")
	}
	for i := range 30 {
		require.NoError(t, ask(i, fmt.Sprintf("+99291712%04d", i)))
	}
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(ask(30, "+992917129999")), "the range of numbers is used up")
	for i := range 3 {
		require.NoError(t, ask(31+i, fmt.Sprintf("+9198200%d2345", i)), "others are not")
	}
	assert.Equal(t, booking.CodeTooManyRequests, booking.CodeOf(ask(40, "+919820992345")), "the day is used up")
	assert.Equal(t, 1, p.count(`SELECT count(*) FROM alerts WHERE kind = 'text_messages'`), "staff know")
}

func TestGuestsAndTheirAccountLater(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	pair, err := p.BeginGuest(t.Context(), accounts.GuestRequest{Email: "Asha@Example.com"}, accounts.Client{Address: home})
	require.NoError(t, err)
	guest := p.claims(pair)
	a, err := p.Account(t.Context(), guest.Subject)
	require.NoError(t, err)
	assert.True(t, a.Guest)
	assert.False(t, a.EmailVerified)
	assert.Equal(t, "Asha@example.com", a.Email)
	assert.Equal(t, 1, p.count(`SELECT count(*) FROM (SELECT must_confirm($1) AS yes) m WHERE yes`, guest.Subject))

	a, err = p.ConfirmCode(t.Context(), guest, "email", p.codes.Code("email", p.letter("confirm_email", mailbox)))
	require.NoError(t, err)
	assert.True(t, a.EmailVerified)
	p.book(guest.Subject)

	_, owner := p.member(mailbox)
	const theirs = `SELECT count(*) FROM bookings WHERE customer_id = $1`
	token := p.codes.Token("email", p.letter("confirm_email", mailbox))
	require.NoError(t, p.VerifyByLink(t.Context(), nil, token))
	p.in(mailbox, goodPassword)
	assert.Zero(t, p.count(theirs, owner.Subject), "an address that was not proved in its session claims nothing")
	require.NoError(t, p.VerifyByLink(t.Context(), &owner, token))
	assert.Equal(t, 1, p.count(theirs, owner.Subject))
	assert.Equal(t, 1, p.count(`SELECT count(*) FROM claimed_bookings WHERE account_id = $1`, owner.Subject))

	for _, plain := range []string{"", goodPassword} {
		_, err = p.Login(t.Context(), "guest-"+guest.Subject+"@guests.invalid", plain, accounts.Client{Address: home})
		assert.Equal(t, booking.CodeUnauthenticated, booking.CodeOf(err), "a guest has no password")
	}
	assert.Equal(t, booking.CodeConflict, booking.CodeOf(p.AskForNewEmail(t.Context(), guest, "x@example.com", "")))
}

// book puts in a confirmed booking.
func (p post) book(customer string) {
	p.t.Helper()
	p.exec(`WITH c AS (INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
			VALUES (gen_random_uuid(), 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.5, 73.8) RETURNING id),
		m AS (INSERT INTO movies (id, slug, title, year, runtime_minutes) VALUES (gen_random_uuid(), 'm', 'M', 2026, 100) RETURNING id),
		t AS (INSERT INTO theaters (id, slug, city_id, name, address, lat, lon, time_zone, currency)
			SELECT gen_random_uuid(), 't', id, 'T', 'Street 1', 18.5, 73.8, 'Asia/Kolkata', 'INR' FROM c RETURNING id),
		s AS (INSERT INTO screens (id, theater_id, name) SELECT gen_random_uuid(), id, 'S' FROM t RETURNING id, theater_id),
		l AS (INSERT INTO layouts (id, screen_id, version, layout, capacity) SELECT gen_random_uuid(), id, 1, '{"rows":[]}', 1 FROM s RETURNING id),
		sh AS (INSERT INTO shows (id, movie_id, theater_id, screen_id, layout_id, starts_at, ends_at, format, language, sales_open_at, sales_close_at, currency, prices)
			SELECT gen_random_uuid(), m.id, s.theater_id, s.id, l.id, now() + interval '1 day', now() + interval '26 hours', '2D', 'en', now() - interval '1 day', now() + interval '1 day', 'INR', '{}'
			FROM m, s, l RETURNING id)
		INSERT INTO bookings (id, customer_id, show_id, status, seats, quote, total, currency, hold_expires_at, request_hash)
		SELECT gen_random_uuid(), $1::uuid, id, 'confirmed', '{A1}', '{}', 100, 'INR', now(), '' FROM sh`, customer)
}

func TestChoicesOfMessages(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	a, _ := p.member(mailbox)
	require.NoError(t, p.Choose(t.Context(), a.ID, []accounts.Choice{{Channel: "sms", Kind: "reminders"}, {Channel: "email", Kind: "reminders"}}))
	all, err := p.Choices(t.Context(), a.ID)
	require.NoError(t, err)
	off := 0
	for _, c := range all {
		if !c.Wanted {
			off++
			assert.Equal(t, "reminders", c.Kind)
		}
	}
	assert.Len(t, all, 9)
	assert.Equal(t, 2, off)
	require.NoError(t, p.Choose(t.Context(), a.ID, []accounts.Choice{{Channel: "sms", Kind: "reminders", Wanted: true}}))
	assert.Equal(t, 1, p.count(`SELECT count(*) FROM unwanted_messages`))
	err = p.Choose(t.Context(), a.ID, []accounts.Choice{{Channel: "email", Kind: "tickets"}, {Channel: "fax", Kind: "jokes"}})
	assert.Equal(t, []string{"items[0].wanted", "items[1].channel", "items[1].kind"}, fieldsOf(t, err))
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	a, _ := p.member(mailbox)
	p.exec(`INSERT INTO cities (id, slug, name, country, time_zone, currency, lat, lon)
		VALUES (gen_random_uuid(), 'pune', 'Pune', 'IN', 'Asia/Kolkata', 'INR', 18.5, 73.8)`)
	locale, zone, city := "hi-in", "Asia/Kolkata", "pune"
	changed, err := p.UpdateProfile(t.Context(), a.ID, accounts.Profile{Preferences: accounts.Preferences{Locale: &locale, TimeZone: &zone, HomeCity: &city}})
	require.NoError(t, err)
	assert.Equal(t, []string{"hi-IN", zone, city}, []string{changed.Locale, changed.TimeZone, changed.HomeCity})
	bad, far, none := "not a language at all!", "Mars/Olympus", "atlantis"
	_, err = p.UpdateProfile(t.Context(), a.ID, accounts.Profile{Preferences: accounts.Preferences{Locale: &bad, TimeZone: &far}})
	assert.Equal(t, []string{"locale", "time_zone"}, fieldsOf(t, err))
	_, err = p.UpdateProfile(t.Context(), a.ID, accounts.Profile{Preferences: accounts.Preferences{HomeCity: &none}})
	assert.Equal(t, []string{"home_city"}, fieldsOf(t, err))
}

func TestPasswordsThatAreTriedFirst(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for _, bad := range []string{"password123", "1234567890", "qwertyuiop", "iloveyou12", "Passw0rd!!", "aaaaaaaaaaaa", "asha.example", "boxoffice1", strings.Repeat("ab", 30)} {
		_, err := p.Register(t.Context(), accounts.Registration{Email: mailbox, Password: bad, Name: "Asha"}, home)
		assert.Equal(t, []string{"password"}, fieldsOf(t, err), bad)
	}
	for _, good := range []string{goodPassword, "velvet otter under rain", "long enough to pass", "popcorn-customer-1", "तीन लाल हाथी नाचते हैं", strings.Repeat("velvet otter ", 9) + "under rain!"} {
		email := uuid.NewString() + "@example.com"
		_, err := p.Register(t.Context(), accounts.Registration{Email: email, Password: good, Name: "Asha"}, home)
		assert.NoError(t, err, good)
	}
}
