package config

import "time"

// hoarding: how many seats wait for payment, and what unpaid holds cost (docs/hoarding.md).
type hoarding struct {
	HoldLimits          Switch          `env:"HOLD_LIMITS" envDefault:"on" dev:"off" doc:"on: the limits below, against hoarding (docs/hoarding.md). off: none of them but HOLD_AT_MOST and UNPROVED_HOLD_AT_MOST."`
	HoldSeats           int             `env:"HOLD_SEATS" envDefault:"20" doc:"How many unpaid seats a customer, or a device, has at a time. 0 is no limit."`
	HoldSeatsOfShow     int             `env:"HOLD_SEATS_OF_SHOW" envDefault:"10" doc:"The same, of one show."`
	UnprovedHoldSeats   int             `env:"UNPROVED_HOLD_SEATS" envDefault:"6" doc:"The same of a customer who has neither confirmed an e-mail address nor bought a ticket."`
	UnprovedHolds       int             `env:"UNPROVED_HOLDS" envDefault:"2" doc:"How many holds such a customer has at a time. 0 is no limit but MAX_HOLDS."`
	NetworkHoldSeats    int             `env:"NETWORK_HOLD_SEATS" envDefault:"400" doc:"How many unpaid seats customers who have bought nothing yet have at a time from one IPv4 address, or a network of IPv6. Behind one address can be all visitors of a theater. 0 is no limit."`
	BadNetworkHoldSeats int             `env:"BAD_NETWORK_HOLD_SEATS" envDefault:"20" doc:"What is left of that to a network whose holds end unpaid."`
	UnpaidHoldsFree     int             `env:"UNPAID_HOLDS_FREE" envDefault:"2" doc:"How many holds may end unpaid before the next one costs a wait, and fewer seats."`
	UnpaidHoldWaits     []time.Duration `env:"UNPAID_HOLD_WAITS" envDefault:"1m,5m,15m,60m" doc:"The waits, by comma: the last one for all that follow. No wait is shorter than the seats were kept. Empty: no waits."`
	UnpaidHoldsKept     time.Duration   `env:"UNPAID_HOLDS_KEPT" envDefault:"24h" doc:"How long an unpaid hold counts. The records are deleted then."`
	CardSeats           int             `env:"CARD_SEATS" envDefault:"20" doc:"How many seats of one show are sold to one card; a payment for more is returned. 0 is no limit."`
	HoldAtMost          time.Duration   `env:"HOLD_AT_MOST" envDefault:"90m" doc:"How long seats wait for their payment in all, however often a customer asks for more time. 0 is no limit but HOLD_EXTENSIONS."`
	UnprovedHoldAtMost  time.Duration   `env:"UNPROVED_HOLD_AT_MOST" envDefault:"24m" dev:"0" doc:"The same for a customer who has neither confirmed an e-mail address nor bought a ticket."`
}

func (h hoarding) check(wrong *settingErrors) {
	for variable, value := range map[string]int{
		"HOLD_SEATS": h.HoldSeats, "HOLD_SEATS_OF_SHOW": h.HoldSeatsOfShow, "UNPROVED_HOLD_SEATS": h.UnprovedHoldSeats,
		"UNPROVED_HOLDS": h.UnprovedHolds, "NETWORK_HOLD_SEATS": h.NetworkHoldSeats, "BAD_NETWORK_HOLD_SEATS": h.BadNetworkHoldSeats,
		"UNPAID_HOLDS_FREE": h.UnpaidHoldsFree, "CARD_SEATS": h.CardSeats,
	} {
		if value < 0 || value > 1_000_000 {
			wrong.add(variable, "is %d. Choose between 0 and 1000000.", value)
		}
	}
	for _, wait := range h.UnpaidHoldWaits {
		if wait < time.Second || wait > 24*time.Hour {
			wrong.add("UNPAID_HOLD_WAITS", "has %s. Choose between 1s and 24h.", wait)
		}
	}
	for variable, value := range map[string]time.Duration{"HOLD_AT_MOST": h.HoldAtMost, "UNPROVED_HOLD_AT_MOST": h.UnprovedHoldAtMost} {
		if value < 0 || value > 24*time.Hour {
			wrong.add(variable, "is %s. Choose between 0 and 24h.", value)
		}
	}
	if h.UnpaidHoldsKept < time.Hour || h.UnpaidHoldsKept > 30*24*time.Hour {
		wrong.add("UNPAID_HOLDS_KEPT", "is %s. Choose between 1h and 720h.", h.UnpaidHoldsKept)
	}
}
