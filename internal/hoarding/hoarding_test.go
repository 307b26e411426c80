package hoarding

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/booking"
)

func TestEachUnpaidHoldCostsMore(t *testing.T) {
	t.Parallel()
	limits := Limits{Seats: 20, SeatsUnproved: 6, Waits: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}}
	for beyond, want := range []booking.HoldStep{
		{Wait: 0, Seats: 20, Unproved: 6},
		{Wait: 60, Seats: 10, Unproved: 3},
		{Wait: 300, Seats: 5, Unproved: 2},
		{Wait: 900, Seats: 2, Unproved: 2},
		{Wait: 3600, Seats: 2, Unproved: 2},
		{Wait: 3600, Seats: 2, Unproved: 2},
	} {
		assert.Equal(t, want, limits.Step(beyond), "%d beyond the free ones", beyond)
	}
	for name, test := range map[string]struct {
		limits Limits
		beyond int
		want   booking.HoldStep
	}{
		"never below none":             {limits, -1, booking.HoldStep{Seats: 20, Unproved: 6}},
		"no waits cost nothing":        {Limits{Seats: 20, SeatsUnproved: 6}, 9, booking.HoldStep{Seats: 20, Unproved: 6}},
		"no limit stays none":          {Limits{Waits: limits.Waits}, 5, booking.HoldStep{Wait: 3600, Seats: unlimited, Unproved: unlimited}},
		"a limit of one does not grow": {Limits{Seats: 1, SeatsUnproved: 1, Waits: limits.Waits}, 3, booking.HoldStep{Wait: 900, Seats: 1, Unproved: 1}},
	} {
		assert.Equal(t, test.want, test.limits.Step(test.beyond), name)
	}
}

func TestRulesNameNoClient(t *testing.T) {
	t.Parallel()
	guard := New(Limits{Memory: time.Hour, Free: 2}, []byte("a secret"))
	rules := guard.Rules("a device", netip.MustParseAddr("2001:db8:1:2:3::4"))
	document, err := json.Marshal(rules)
	require.NoError(t, err)
	assert.NotContains(t, string(document), "2001")
	assert.NotContains(t, string(document), "a device")
	assert.Len(t, rules.Networks, 3)
	assert.Equal(t, []int{1, 2, 10}, []int{rules.Networks[0].Share, rules.Networks[1].Share, rules.Networks[2].Share})
	assert.Equal(t, 3600, rules.Memory)

	neighbor := guard.Rules("", netip.MustParseAddr("2001:db8:1:2:ffff::1"))
	assert.Equal(t, rules.Networks, neighbor.Networks, "one client has 64 bits")
	assert.Empty(t, neighbor.Device)
	other := New(Limits{}, []byte("another")).Rules("a device", netip.MustParseAddr("2001:db8:1:2:3::4"))
	assert.NotEqual(t, rules.Device, other.Device)
	assert.NotEqual(t, rules.Networks, other.Networks)
	assert.Equal(t, guard.CardKey("x"), guard.CardKey("x"))
	assert.NotEqual(t, guard.CardKey("x"), guard.Key("device", "x"))
	assert.Empty(t, guard.CardKey(""))

	var off *Guard
	assert.Nil(t, off.Rules("a device", netip.Addr{}))
	assert.Empty(t, off.CardKey("x"))
}
