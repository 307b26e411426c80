package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Currencies that PayPal takes, and those that it takes without decimals. INR is not
// among them. https://developer.paypal.com/api/rest/reference/currency-codes/
var (
	paypalCurrencies = strings.Fields(`
		AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD`)
	paypalWholeOnly = []string{"HUF", "JPY", "TWD"}
)

// paypalMost is the most that one payment may be, in units without decimals.
const paypalMost = 9_999_999

// paypalMoney is an amount as it goes over the wire.
type paypalMoney struct {
	CurrencyCode string `json:"currency_code"`
	Value        string `json:"value"`
}

// paypalAmount is an amount in PayPal's own smallest units: cents, and whole yen,
// forint or dollars of Taiwan.
type paypalAmount struct {
	Units    int64
	Currency string
}

func paypalDecimals(currency string) int {
	if slices.Contains(paypalWholeOnly, currency) {
		return 0
	}
	return 2
}

// wire writes 1250 EUR as 12.50.
func (a paypalAmount) wire() paypalMoney {
	sign, units := "", a.Units
	if units < 0 {
		sign, units = "-", -units
	}
	text := strconv.FormatInt(units, 10)
	if n := paypalDecimals(a.Currency); n > 0 {
		text = padLeft(text, n+1)
		text = text[:len(text)-n] + "." + text[len(text)-n:]
	}
	return paypalMoney{a.Currency, sign + text}
}

func padLeft(digits string, n int) string {
	if missing := n - len(digits); missing > 0 {
		return strings.Repeat("0", missing) + digits
	}
	return digits
}

// minor is the amount in minor units of ISO 4217, in which books are kept: HUF and TWD
// have two decimals there.
func (a paypalAmount) minor() int64 {
	if a.Currency == "HUF" || a.Currency == "TWD" {
		return a.Units * 100
	}
	return a.Units
}

func (a paypalAmount) with(units int64) paypalAmount { return paypalAmount{units, a.Currency} }

// amount reads an amount; field is where it stands in the request.
func (m paypalMoney) amount(field string) (paypalAmount, *paypalError) {
	wrong := func(issue, description string) *paypalError {
		return paypalUnprocessable(issue, description).at(field+"/value", m.Value)
	}
	if !slices.Contains(paypalCurrencies, m.CurrencyCode) {
		return paypalAmount{}, paypalUnprocessable("INVALID_CURRENCY_CODE",
			"Currency code is invalid or is not currently supported. Please refer https://developer.paypal.com/api/rest/reference/currency-codes/ for list of supported currency codes.").at(field+"/currency_code", m.CurrencyCode)
	}
	whole, fraction, point := strings.Cut(m.Value, ".")
	decimals := paypalDecimals(m.CurrencyCode)
	switch {
	case !isDigits(strings.TrimPrefix(whole, "-")), point && !isDigits(fraction):
		return paypalAmount{}, paypalBadRequest("INVALID_PARAMETER_SYNTAX",
			"The value of a field does not conform to the expected format.").at(field+"/value", m.Value)
	case strings.HasPrefix(whole, "-"):
		return paypalAmount{}, wrong("CANNOT_BE_NEGATIVE", "Must be greater than or equal to zero.")
	case point && decimals == 0:
		return paypalAmount{}, wrong("DECIMALS_NOT_SUPPORTED", "Currency does not support decimals.")
	case len(fraction) > decimals:
		return paypalAmount{}, wrong("DECIMAL_PRECISION", "If the currency supports decimals, only two decimal place precision is supported.")
	case len(strings.TrimLeft(whole, "0")) > len(strconv.Itoa(paypalMost)):
		return paypalAmount{}, wrong("MAX_VALUE_EXCEEDED", "Should be less than or equal to 9999999.99.")
	}
	units, _ := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if units == 0 {
		return paypalAmount{}, wrong("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.")
	}
	return paypalAmount{units, m.CurrencyCode}, nil
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// paypalFee is what PayPal keeps of a payment: by its usual rates of 3.49 % and 0.49, for
// currencies without decimals 3.49 % alone.
func paypalFee(a paypalAmount) paypalAmount {
	fee := (a.Units*349 + 5_000) / 10_000
	if paypalDecimals(a.Currency) > 0 {
		fee += 49
	}
	return a.with(min(fee, a.Units))
}

// paypalError is an answer of PayPal's that is not 2xx.
// https://developer.paypal.com/api/rest/responses/
type paypalError struct {
	Status      int
	Name        string
	Message     string
	Issue       string
	Description string
	Field       string
	Value       string
	// changed tells that the operation left something behind that must be kept.
	changed bool
}

func (e *paypalError) Error() string { return e.Name + " " + e.Issue }

func (e *paypalError) at(field, value string) *paypalError {
	e.Field, e.Value = field, value
	return e
}

func paypalUnprocessable(issue, description string) *paypalError {
	return &paypalError{
		Status: http.StatusUnprocessableEntity, Name: "UNPROCESSABLE_ENTITY", Issue: issue, Description: description,
		Message: "The requested action could not be performed, semantically incorrect, or failed business validation.",
	}
}

func paypalBadRequest(issue, description string) *paypalError {
	return &paypalError{
		Status: http.StatusBadRequest, Name: "INVALID_REQUEST", Issue: issue, Description: description,
		Message: "Request is not well-formed, syntactically incorrect, or violates schema.",
	}
}

func paypalNotFound() *paypalError {
	return &paypalError{
		Status: http.StatusNotFound, Name: "RESOURCE_NOT_FOUND", Issue: "INVALID_RESOURCE_ID",
		Message:     "The specified resource does not exist.",
		Description: "Specified resource ID does not exist. Please check the resource ID and try again.",
	}
}

func paypalBusy() *paypalError {
	return &paypalError{
		Status: http.StatusConflict, Name: "RESOURCE_CONFLICT", Issue: "PREVIOUS_REQUEST_IN_PROGRESS",
		Message:     "The server has detected a conflict while processing this request.",
		Description: "A previous request on this resource is currently in progress. Please wait for some time and try again.",
	}
}

func paypalFailure(status int, message string) *paypalError {
	names := map[int]string{
		http.StatusUnauthorized: "AUTHENTICATION_FAILURE", http.StatusForbidden: "NOT_AUTHORIZED",
		http.StatusNotFound: "RESOURCE_NOT_FOUND", http.StatusConflict: "RESOURCE_CONFLICT",
		http.StatusUnprocessableEntity: "UNPROCESSABLE_ENTITY", http.StatusTooManyRequests: "RATE_LIMIT_REACHED",
		http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",
	}
	name := names[status]
	switch {
	case name != "":
	case status < http.StatusInternalServerError:
		name = "INVALID_REQUEST"
	default:
		name = "INTERNAL_SERVER_ERROR"
	}
	return &paypalError{Status: status, Name: name, Message: message}
}
