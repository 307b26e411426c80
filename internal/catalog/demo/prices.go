package demo

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// basePrices are what an evening seat on a weekday costs in 2D, in minor units.
// A sofa is priced per seat, like everything else.
var basePrices = map[string]map[string]int64{
	"INR": {"silver": 18000, "gold": 25000, "platinum": 32000, "premium": 36000, "sofa": 48000, "recliner": 55000},
	"GBP": {"silver": 999, "gold": 1199, "platinum": 1399, "premium": 1499, "sofa": 1899, "recliner": 2099},
	"USD": {"silver": 1349, "gold": 1599, "platinum": 1849, "premium": 1999, "sofa": 2399, "recliner": 2599},
}

// priceSteps are the smallest differences between prices: ten rupees, fifty
// pence, fifty cents.
var priceSteps = map[string]int64{"INR": 1000, "GBP": 50, "USD": 50}

var formatPercent = map[string]int64{"2D": 100, "3D": 112, "Dolby": 125, "IMAX": 140, "4DX": 150}

// prices sets a price for every category of the layout.
func (t theater) prices(layout booking.Layout, start time.Time, format string) map[string]int64 {
	percents := []int64{t.city.pricePercent, formatPercent[format], dayPercent(start), hourPercent(start)}
	prices := make(map[string]int64)
	for _, row := range layout.Rows {
		price, ok := basePrices[t.Currency][row.Category]
		if !ok {
			panic(fmt.Sprintf("demo: no %s price for category %q", t.Currency, row.Category))
		}
		for _, percent := range percents {
			price = price * percent / 100
		}
		step := priceSteps[t.Currency]
		prices[row.Category] = (price + step/2) / step * step
	}
	return prices
}

// dayPercent makes the weekend, which starts on Friday at five, dearer.
func dayPercent(start time.Time) int64 {
	day := start.Weekday()
	if day == time.Saturday || day == time.Sunday || day == time.Friday && start.Hour() >= 17 {
		return 120
	}
	return 100
}

func hourPercent(start time.Time) int64 {
	switch hour := start.Hour(); {
	case hour < 12:
		return 70
	case hour < 17:
		return 85
	default:
		return 100
	}
}
