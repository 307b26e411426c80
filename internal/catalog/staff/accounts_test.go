package staff_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// session begins one for an account and gives its id.
func (o *office) session(account uuid.UUID) uuid.UUID {
	id := uuid.New()
	o.exec(`INSERT INTO sessions (id, family, account_id, refresh_hash, expires_at) VALUES ($1, $1, $2, $3, now() + interval '1 day')`,
		id, account, id[:])
	return id
}

func (o *office) revoked(session uuid.UUID) (yes bool) {
	o.t.Helper()
	require.NoError(o.t, o.db.Pool.QueryRow(o.t.Context(), `SELECT revoked_at IS NOT NULL FROM sessions WHERE id = $1`, session).Scan(&yes))
	return yes
}

func TestDutiesOfAnAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	somebody := o.person(booking.RoleCustomer).AccountID
	first := o.session(somebody)

	made, err := o.store.EditAccount(t.Context(), o.admin, somebody, staff.DutyFields{
		Role: new(booking.RoleTheaterManager), TheaterIDs: &[]string{o.theater.String(), o.other.String(), o.theater.String()}}, nil)
	require.NoError(t, err)
	assert.Equal(t, booking.RoleTheaterManager, made.Role)
	assert.ElementsMatch(t, []uuid.UUID{o.theater, o.other}, made.TheaterIDs)
	assert.False(t, o.revoked(first), "a new role counts in the sessions that there are")

	manager := audit.Actor{AccountID: somebody, Role: booking.RoleTheaterManager}
	_, err = o.store.EditTheater(t.Context(), manager, o.other, staff.TheaterFields{Name: new("Regal, Camp")}, nil)
	require.NoError(t, err)
	made, err = o.store.EditAccount(t.Context(), o.admin, somebody, staff.DutyFields{TheaterIDs: &[]string{o.theater.String()}}, nil)
	require.NoError(t, err)
	assert.Equal(t, []uuid.UUID{o.theater}, made.TheaterIDs)
	_, err = o.store.EditTheater(t.Context(), manager, o.other, staff.TheaterFields{Name: new("Regal")}, nil)
	assert.Equal(t, booking.CodeForbidden, booking.CodeOf(err), "with the token that was handed out before")

	made, err = o.store.EditAccount(t.Context(), o.admin, somebody, staff.DutyFields{Role: new(booking.RoleSupport)}, nil)
	require.NoError(t, err)
	assert.Empty(t, made.TheaterIDs, "only managers have some")
	assert.False(t, o.revoked(first))
	read, err := o.store.Account(t.Context(), o.admin, somebody)
	require.NoError(t, err)
	assert.Equal(t, rendered(t, made), rendered(t, read))
	_, err = o.store.EditAccount(t.Context(), o.admin, somebody, staff.DutyFields{Role: new(booking.RoleSupport)}, nil)
	require.NoError(t, err)

	log := o.log("account", somebody)
	require.Len(t, log, 3, "nothing is written about what changes nothing")
	assert.JSONEq(t, `{"role":"support","theater_ids":[]}`, string(log[0].After))
	assert.JSONEq(t, `{"role":"theater_manager","theater_ids":["`+o.theater.String()+`"]}`, string(log[0].Before))
	assert.JSONEq(t, `{"role":"customer","theater_ids":[]}`, string(log[2].Before), "and nothing personal")
}

// A place at the door is no right to run a theater, also not after a change of role.
func TestTheDoorSeesTheShowsOfItsTheaters(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	somebody := o.person(booking.RoleCustomer).AccountID
	give := func(fields staff.DutyFields) staff.Account {
		made, err := o.store.EditAccount(t.Context(), o.admin, somebody, fields, nil)
		require.NoError(t, err)
		return made
	}
	made := give(staff.DutyFields{Role: new(booking.RoleTheaterManager), TheaterIDs: &[]string{o.theater.String(), o.other.String()}})
	assert.Len(t, made.TheaterIDs, 2)
	made = give(staff.DutyFields{Role: new(booking.RoleDoor)})
	assert.Empty(t, made.TheaterIDs, "those of another role are not named")
	made = give(staff.DutyFields{TheaterIDs: &[]string{o.theater.String()}})
	assert.Equal(t, []uuid.UUID{o.theater}, made.TheaterIDs)
	made = give(staff.DutyFields{Role: new(booking.RoleDoor)})
	assert.Equal(t, []uuid.UUID{o.theater}, made.TheaterIDs, "the same role takes nothing away")

	door := audit.Actor{AccountID: somebody, Role: booking.RoleDoor}
	_, next, err := o.store.Shows(t.Context(), door, staff.ShowFilter{TheaterID: o.theater.String()})
	require.NoError(t, err)
	assert.Empty(t, next)
	_, _, err = o.store.Shows(t.Context(), door, staff.ShowFilter{TheaterID: o.other.String()})
	assert.Equal(t, booking.CodeForbidden, booking.CodeOf(err))
	_, err = o.store.EditTheater(t.Context(), door, o.theater, staff.TheaterFields{Name: new("Mine")}, nil)
	assert.Equal(t, booking.CodeForbidden, booking.CodeOf(err))
	_, _, err = o.store.PriceCards(t.Context(), door, staff.PriceCardFilter{TheaterID: o.theater.String()})
	assert.Equal(t, booking.CodeForbidden, booking.CodeOf(err))
	_, err = o.store.EditTheater(t.Context(), audit.Actor{AccountID: somebody, Role: booking.RoleTheaterManager}, o.theater, staff.TheaterFields{Name: new("Mine")}, nil)
	assert.Equal(t, booking.CodeForbidden, booking.CodeOf(err), "its row is not one of a manager")

	// The release before takes the role away and knows nothing of the rows.
	o.exec(`UPDATE accounts SET role = 'customer' WHERE id = $1`, somebody)
	read, err := o.store.Account(t.Context(), o.admin, somebody)
	require.NoError(t, err)
	assert.Empty(t, read.TheaterIDs)
	assert.Empty(t, give(staff.DutyFields{Role: new(booking.RoleDoor)}).TheaterIDs)
}

func TestDutyRefusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	somebody := o.person(booking.RoleCustomer).AccountID
	for name, c := range map[string]struct {
		account uuid.UUID
		fields  staff.DutyFields
		code    booking.Code
		wrong   []string
	}{
		"no such role":       {somebody, staff.DutyFields{Role: new("king"), TheaterIDs: &[]string{"lotus"}}, booking.CodeValidation, []string{"role", "theater_ids[0]"}},
		"no such theater":    {somebody, staff.DutyFields{Role: new("theater_manager"), TheaterIDs: &[]string{o.theater.String(), uuid.NewString()}}, booking.CodeValidation, []string{"theater_ids[1]"}},
		"a customer's house": {somebody, staff.DutyFields{TheaterIDs: &[]string{o.theater.String()}}, booking.CodeValidation, []string{"theater_ids"}},
		"too many":           {somebody, staff.DutyFields{TheaterIDs: new(make([]string, 201))}, booking.CodeValidation, []string{"theater_ids"}},
		"nobody":             {uuid.New(), staff.DutyFields{Role: new("support")}, booking.CodeNotFound, nil},
		"oneself":            {o.admin.AccountID, staff.DutyFields{Role: new("customer")}, booking.CodeConflict, nil},
	} {
		_, err := o.store.EditAccount(t.Context(), o.admin, c.account, c.fields, nil)
		assert.Equal(t, c.code, booking.CodeOf(err), "%s: %v", name, err)
		assert.Equal(t, c.wrong, fieldsOf(t, err), name)
	}
	read, err := o.store.Account(t.Context(), o.admin, somebody)
	require.NoError(t, err)
	assert.Equal(t, booking.RoleCustomer, read.Role)
}

// A token says admin for minutes after the database says otherwise.
func TestOfTwoAdministratorsWhoDemoteEachOtherOneStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for range 5 {
		one, two := o.person(booking.RoleAdmin), o.person(booking.RoleAdmin)
		var group sync.WaitGroup
		errs := make([]error, 2)
		for i, pair := range [][2]audit.Actor{{one, two}, {two, one}} {
			group.Go(func() {
				_, errs[i] = o.store.EditAccount(t.Context(), pair[0], pair[1].AccountID, staff.DutyFields{Role: new("customer")}, nil)
			})
		}
		group.Wait()
		codes := []booking.Code{}
		for _, err := range errs {
			if err != nil {
				codes = append(codes, booking.CodeOf(err))
			}
		}
		assert.Equal(t, []booking.Code{booking.CodeForbidden}, codes)
	}
}

func TestListOfAccounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.exec(`INSERT INTO accounts (id, email, password_hash, name) SELECT gen_random_uuid(), 'c' || n || '@Example.com', 'x', 'C' FROM generate_series(1, 5) n`)
	seen := map[uuid.UUID]bool{}
	f := staff.AccountFilter{Limit: 3}
	for {
		items, next, err := o.store.Accounts(t.Context(), o.admin, f)
		require.NoError(t, err)
		for _, a := range items {
			assert.False(t, seen[a.ID], "twice")
			seen[a.ID] = true
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	assert.Len(t, seen, 8, "five of them made in the same moment")

	items, _, err := o.store.Accounts(t.Context(), o.admin, staff.AccountFilter{Email: " C3@example.COM"})
	require.NoError(t, err)
	require.Len(t, items, 1)
	assert.Equal(t, "c3@Example.com", items[0].Email)
	items, _, err = o.store.Accounts(t.Context(), o.admin, staff.AccountFilter{Email: "c3"})
	require.NoError(t, err)
	assert.Empty(t, items, "the whole address only")
	items, _, err = o.store.Accounts(t.Context(), o.admin, staff.AccountFilter{Role: booking.RoleTheaterManager})
	require.NoError(t, err)
	require.Len(t, items, 1)
	assert.Equal(t, []uuid.UUID{o.theater}, items[0].TheaterIDs)
	_, _, err = o.store.Accounts(t.Context(), o.admin, staff.AccountFilter{Role: "king", Email: "\x00", Cursor: "x"})
	assert.Equal(t, []string{"cursor", "role", "email"}, fieldsOf(t, err))
}
