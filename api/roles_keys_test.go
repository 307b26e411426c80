package api

import (
	"net/http"
	"slices"

	"github.com/boxoffice/boxoffice/api/policy"
	"github.com/boxoffice/boxoffice/booking"
)

// keyRefusal is refusal for service keys.
func keyRefusal(rule policy.Rule, as caller, scopes []booking.KeyScope) int {
	ofHouse := rule.Reach == policy.OneTheater || rule.Reach == policy.OneShow
	switch {
	case !slices.Contains(scopes, rule.Key):
		return http.StatusForbidden
	case (as == house || as == otherHouse) && rule.Reach == policy.Everywhere:
		return http.StatusForbidden
	case as == otherHouse && ofHouse:
		return http.StatusForbidden
	}
	return 0
}
