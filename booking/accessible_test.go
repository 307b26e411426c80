package booking_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

// accessibleRow is  c w w c _ w s s  with an aisle before the last wheelchair space.
func accessibleRow() booking.Layout {
	return booking.Layout{Rows: []booking.Row{{Label: "A", Category: "gold", Seats: []booking.Seat{
		{ID: "A1", X: 1, Type: booking.SeatCompanion}, {ID: "A2", X: 2.25, Type: booking.SeatWheelchair},
		{ID: "A3", X: 3.75, Type: booking.SeatWheelchair}, {ID: "A4", X: 5, Type: booking.SeatCompanion},
		{ID: "A5", X: 7.5, Type: booking.SeatWheelchair}, {ID: "A6", X: 8.75, Type: booking.SeatStandard},
		{ID: "A7", X: 9.75, Type: booking.SeatStandard},
	}}}}
}

func TestAccessibleRule(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seats      []string
		accessible *bool
		refused    []string
	}{
		"ordinary seats":                          {[]string{"A6", "A7"}, nil, nil},
		"ordinary seats, no one needs a space":    {[]string{"A6", "A7"}, new(false), nil},
		"a wheelchair space":                      {[]string{"A2"}, nil, nil},
		"a wheelchair space that is needed":       {[]string{"A2"}, new(true), nil},
		"a wheelchair space that no one needs":    {[]string{"A2", "A6"}, new(false), []string{"A2"}},
		"a space and its companion":               {[]string{"A1", "A2"}, nil, nil},
		"a space between two companions' seats":   {[]string{"A4", "A3"}, new(true), nil},
		"a companion seat alone":                  {[]string{"A1"}, nil, []string{"A1"}},
		"a companion seat of a customer who asks": {[]string{"A1"}, new(true), []string{"A1"}},
		"a companion seat and an ordinary one":    {[]string{"A6", "A4"}, nil, []string{"A4"}},
		"beside another space than the one taken": {[]string{"A2", "A4"}, nil, []string{"A4"}},
		"a space across the aisle":                {[]string{"A4", "A5"}, nil, []string{"A4"}},
		"all that is wrong at once":               {[]string{"A1", "A3", "A4"}, new(false), []string{"A1", "A3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := booking.AccessibleRule(accessibleRow(), test.seats, test.accessible)
			assert.Equal(t, len(test.refused) > 0, rule.Applies())
			if !rule.Applies() {
				return
			}
			err := rule.Refuse("Sat 28 Nov 16:30")
			assert.Equal(t, booking.CodeValidation, err.Code)
			require.Len(t, err.Fields, len(test.refused))
			for i, seat := range test.refused {
				assert.Equal(t, "seats", err.Fields[i].Field)
				assert.Contains(t, err.Fields[i].Message, seat+" is a ")
				assert.Contains(t, err.Fields[i].Message, "Until Sat 28 Nov 16:30 ")
			}
		})
	}
	assert.Equal(t,
		`A2 is a wheelchair space. Until noon it is sold only to people who need it. Choose another seat, or send "accessible": true if one of you needs it.`,
		booking.AccessibleRule(accessibleRow(), []string{"A2"}, new(false)).Refuse("noon").Fields[0].Message)
	assert.Equal(t,
		`A1 is a companion seat. Until noon it is sold only with the wheelchair space beside it. Choose another seat, or take that space, too.`,
		booking.AccessibleRule(accessibleRow(), []string{"A1"}, nil).Refuse("noon").Fields[0].Message)
}
