package api

import (
	"fmt"
	"strings"

	"github.com/boxoffice/boxoffice/api/policy"
)

// describeKeys adds to the document what the policy says of service keys: which operations
// they open, with which scope, and the refusals. One that a key does not open answers 403 to
// it.
func describeKeys(document map[string]any) error {
	paths, _ := document["paths"].(map[string]any)
	for path, item := range paths {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			described, _ := operation.(map[string]any)
			if described["operationId"] == nil { // the item's own parameters
				continue
			}
			responses, ok := described["responses"].(map[string]any)
			rule, err := policy.Of(strings.ToUpper(method) + " " + path)
			if err != nil || !ok {
				return fmt.Errorf("%s %s: no responses, or %w", method, path, err)
			}
			refer := func(status, response string) {
				if _, there := responses[status]; !there {
					responses[status] = map[string]any{"$ref": "#/components/responses/" + response}
				}
			}
			if rule.Key == "" {
				refer("403", "ServiceKeyForbidden")
				continue
			}
			// The empty requirement means that none is needed.
			described["security"] = []any{map[string]any{}, map[string]any{"serviceKey": []any{}}}
			described["x-service-key-scope"] = string(rule.Key)
			refer("401", "ServiceKeyRefused")
			refer("403", "ServiceKeyLimited")
		}
	}
	return nil
}
