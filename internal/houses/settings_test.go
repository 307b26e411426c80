package houses

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/sealing"
)

func TestSettingsOfAHouse(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	h, err := r.store.House(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"token": "secret"}, h.Credentials)
	assert.Equal(t, "INR", h.Currency)
	assert.Equal(t, "Asia/Kolkata", h.TimeZone)
	stored := r.text(`SELECT encode(credentials, 'escape') FROM houses`)
	assert.NotContains(t, stored, "secret", "credentials are sealed")
	assert.NotContains(t, r.text(`SELECT string_agg(before::text || after::text, '') FROM audit_log`), "secret")

	first := h.Version
	same := NewSettings{Adapter: "session", Address: "https://theater.example", Options: map[string]string{OptionFee: "2000", "site": "0001"}}
	h, err = r.store.Save(t.Context(), audit.System(""), r.Theater, same)
	require.NoError(t, err)
	assert.Equal(t, first, h.Version, "nothing changed")
	assert.Equal(t, map[string]string{"token": "secret"}, h.Credentials, "left out, they stay")
	same.Credentials = map[string]string{"token": "other"}
	h, err = r.store.Save(t.Context(), audit.System(""), r.Theater, same)
	require.NoError(t, err)
	assert.Greater(t, h.Version, first)
	same.Credentials = map[string]string{}
	h, err = r.store.Save(t.Context(), audit.System(""), r.Theater, same)
	require.NoError(t, err)
	assert.Empty(t, h.Credentials)

	for name, bad := range map[string]NewSettings{
		"adapter": {Adapter: "Session!", Address: "https://theater.example"},
		"address": {Adapter: "session", Address: "https://user:secret@theater.example"},
		"option":  {Adapter: "session", Address: "https://theater.example", Options: map[string]string{"Über": "x"}},
		"fee":     {Adapter: "session", Address: "https://theater.example", Options: map[string]string{OptionFee: "-1"}},
	} {
		_, err := r.store.Save(t.Context(), audit.System(""), r.Theater, bad)
		assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), name)
	}
	for _, id := range []string{"x", "00000000-0000-0000-0000-000000000001"} {
		_, err = r.store.House(t.Context(), id)
		assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
		_, err = r.store.Save(t.Context(), audit.System(""), id, same)
		assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	}
}

func TestPauseChangesTheTermsOfItsShows(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.full(listed("s1", tomorrow()))
	show, others := r.show("s1"), r.Show()
	before, othersBefore := r.terms(show), r.terms(others)
	r.told()
	_, err := r.store.Pause(t.Context(), audit.System(""), r.Theater, true, "")
	assert.Equal(t, booking.CodeValidation, booking.CodeOf(err), "a pause has a reason")
	h, err := r.store.Pause(t.Context(), audit.System(""), r.Theater, true, "Their server is down.")
	require.NoError(t, err)
	assert.NotNil(t, h.PausedAt)
	assert.Equal(t, before+1, r.terms(show), "a hold on the terms of before is refused")
	assert.Equal(t, othersBefore, r.terms(others), "a show that we sell ourselves is not paused")
	assert.Equal(t, []string{show}, r.told())
	h, err = r.store.Pause(t.Context(), audit.System(""), r.Theater, true, "Their server is still down.")
	require.NoError(t, err)
	assert.Equal(t, "Their server is still down.", h.PausedReason)
	assert.Equal(t, before+1, r.terms(show))
	all, err := r.store.Statuses(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, 1, all[0].Shows)
	h, err = r.store.Pause(t.Context(), audit.System(""), r.Theater, false, "")
	require.NoError(t, err)
	assert.Nil(t, h.PausedAt)
	assert.Equal(t, before+2, r.terms(show))
}

// settings are of one house, as a database would have them.
type settings struct {
	Settings

	err   error
	reads int
}

func (s *settings) House(context.Context, string) (Settings, error) {
	s.reads++
	return s.Settings, s.err
}

var (
	_ activities.HouseRegistry = (*Registry[activities.House, activities.HouseVendor])(nil)
	_ activities.HouseBooks    = (*Store)(nil)
)

// guard is of one client.
type guard struct {
	name string
	ill  bool
}

func (g *guard) Ill() bool { return g.ill }

func registryOver(s settingsReader, off ...string) *Registry[string, *guard] {
	return newRegistry(s, RegistryOptions[string, *guard]{
		Factories: map[string]func(Settings) (string, error){"session": func(s Settings) (string, error) {
			if s.Address == "" {
				return "", errors.New("no address")
			}
			return "client of " + s.Address, nil
		}},
		Guard: func(name string) *guard { return &guard{name: name} }, Off: off,
	})
}

// look makes the registry read the settings again.
func look(r *Registry[string, *guard]) {
	for _, house := range r.known {
		house.looked = time.Time{}
	}
}

// isPaused tells that a sale is refused because of operators.
func isPaused(t *testing.T, err error) {
	t.Helper()
	var refused *booking.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, booking.CodeShowNotOnSale, refused.Code)
	assert.Equal(t, booking.ReasonTheaterPaused, refused.Reason)
}

func TestKeysOfCredentialsAreExchanged(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	with := func(keys ...byte) *Store {
		var all [][]byte
		for _, key := range keys {
			all = append(all, bytes.Repeat([]byte{key}, sealing.KeySize))
		}
		box, err := sealing.New(all...)
		require.NoError(t, err)
		options := r.store.Options
		options.Box = box
		return New(r.Pool, options)
	}
	save := func(s *Store, token string) {
		_, err := s.Save(t.Context(), audit.System(""), r.Theater, NewSettings{Adapter: "session", Address: "https://theater.example",
			Credentials: map[string]string{"token": token}})
		require.NoError(t, err)
	}
	save(with(1), "secret")
	save(with(2, 1), "secret") // the same again: sealed with the next key
	h, err := with(2).House(t.Context(), r.Theater)
	require.NoError(t, err, "the old key can be dropped")
	assert.Equal(t, map[string]string{"token": "secret"}, h.Credentials)
	save(with(2), "secret")
	again, err := with(2).House(t.Context(), r.Theater)
	require.NoError(t, err)
	assert.Equal(t, h.Version, again.Version, "nothing changed")

	lost := with(3)
	_, err = lost.House(t.Context(), r.Theater)
	require.Error(t, err)
	_, err = lost.Save(t.Context(), audit.System(""), r.Theater, NewSettings{Adapter: "session", Address: "https://theater.example"})
	require.Error(t, err, "what does not open is not kept")
	save(lost, "secret")
	h, err = lost.House(t.Context(), r.Theater)
	require.NoError(t, err, "a lost key is replaced")
	assert.Equal(t, map[string]string{"token": "secret"}, h.Credentials)
}

func TestRegistryMakesAClientForEachVersion(t *testing.T) {
	t.Parallel()
	s := &settings{Settings: Settings{TheaterID: "t1", Adapter: "session", Address: "a", Version: 1}}
	r := registryOver(s)
	house, first, err := r.House(t.Context(), "t1")
	require.NoError(t, err)
	assert.Equal(t, "client of a", house)
	assert.Equal(t, "theater-t1", first.name)
	require.NoError(t, r.Selling(t.Context(), "t1"))
	assert.Equal(t, 1, s.reads, "not read again in the same second")

	paused := time.Now()
	s.PausedAt = &paused
	look(r)
	_, again, err := r.House(t.Context(), "t1")
	require.NoError(t, err, "what has begun goes on")
	assert.Same(t, first, again, "a pause makes no new client")
	isPaused(t, r.Selling(t.Context(), "t1"))

	s.PausedAt, s.Version, s.Address = nil, 2, "b"
	look(r)
	require.NoError(t, r.Selling(t.Context(), "t1"))
	house, again, err = r.House(t.Context(), "t1")
	require.NoError(t, err)
	assert.Equal(t, "client of b", house)
	assert.NotSame(t, first, again)

	s.err = booking.E(booking.CodeUnavailable, "No database.")
	look(r)
	house, _, err = r.House(t.Context(), "t1")
	require.NoError(t, err, "the settings of a moment ago do")
	assert.Equal(t, "client of b", house)
	s.err = booking.E(booking.CodeNotFound, "Gone.")
	look(r)
	_, _, err = r.House(t.Context(), "t1")
	assert.Equal(t, booking.CodeNotFound, booking.CodeOf(err))
	assert.Empty(t, r.known)
}

func TestAPauseThatHasEndedSellsAtOnce(t *testing.T) {
	t.Parallel()
	paused := time.Now()
	s := &settings{Settings: Settings{TheaterID: "t1", Adapter: "session", Address: "a", Version: 1, PausedAt: &paused}}
	r := registryOver(s)
	isPaused(t, r.Selling(t.Context(), "t1"))
	s.PausedAt = nil
	require.NoError(t, r.Selling(t.Context(), "t1"), "the copy of a moment ago says paused")

	// Settings that cannot be read refuse no sale.
	s.PausedAt = &paused
	look(r)
	isPaused(t, r.Selling(t.Context(), "t1"))
	s.err = booking.E(booking.CodeUnavailable, "No database.")
	assert.Equal(t, booking.CodeUnavailable, booking.CodeOf(r.Selling(t.Context(), "t1")))

	// While it sells, one look is good for a second.
	s.err, s.PausedAt = nil, nil
	require.NoError(t, r.Selling(t.Context(), "t1"))
	before := s.reads
	require.NoError(t, r.Selling(t.Context(), "t1"))
	assert.Equal(t, before, s.reads)
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Settings{
		"an adapter that this worker lacks": {Adapter: "unknown"},
		"settings that are not usable":      {Adapter: "session"},
	} {
		_, _, err := registryOver(&settings{Settings: s}).House(t.Context(), "t1")
		assert.Equal(t, booking.CodeHouseUnavailable, booking.CodeOf(err), name)
	}
	off := registryOver(&settings{Settings: Settings{Adapter: "session", Address: "a"}}, "session")
	isPaused(t, off.Selling(t.Context(), "t1"))
	_, asked, err := off.House(t.Context(), "t1")
	require.NoError(t, err)
	assert.True(t, off.Off("session"))
	assert.False(t, off.Off("office"))
	assert.False(t, off.Ill("t1"))
	asked.ill = true
	assert.True(t, off.Ill("t1"))
	assert.False(t, off.Ill("t2"), "it was not asked")
}
