package sandbox

import (
	"slices"
	"strings"
)

// listParams are what every list takes. https://docs.stripe.com/api/pagination
var listParams = []string{"limit", "starting_after", "ending_before", "created"}

type listRequest struct {
	limit         int
	startingAfter string
	endingBefore  string
	within        func(created int64) bool
}

func readListRequest(c *call) (listRequest, *stripeError) {
	r := listRequest{limit: 10, startingAfter: c.form.text("starting_after"), endingBefore: c.form.text("ending_before")}
	limit, given, refusal := c.form.integer("limit")
	switch {
	case refusal != nil:
		return r, refusal
	case given && (limit < 1 || limit > 100):
		return r, invalidRequest("parameter_invalid_integer", "limit", "Invalid integer: limit must be between 1 and 100.")
	case given:
		r.limit = int(limit)
	}
	if r.startingAfter != "" && r.endingBefore != "" {
		return r, invalidRequest("", "ending_before", "You may only specify one of these parameters: starting_after, ending_before.")
	}
	r.within, refusal = createdFilter(c.form)
	return r, refusal
}

// createdFilter reads created=… or created[gte]=… and its like.
func createdFilter(f *form) (func(int64) bool, *stripeError) {
	exact, given, refusal := f.integer("created")
	if refusal != nil {
		return nil, refusal
	}
	if given {
		return func(at int64) bool { return at == exact }, nil
	}
	bounds := map[string]int64{}
	for name := range f.at("created").kids {
		n, _, refusal := f.at("created").integer(name)
		if refusal != nil {
			return nil, refusal
		}
		bounds[name] = n
	}
	if refusal := f.at("created").only("created", "gt", "gte", "lt", "lte"); refusal != nil {
		return nil, refusal
	}
	return func(at int64) bool {
		for name, bound := range bounds {
			ok := map[string]bool{"gt": at > bound, "gte": at >= bound, "lt": at < bound, "lte": at <= bound}[name]
			if !ok {
				return false
			}
		}
		return true
	}, nil
}

// list answers with a bucket's objects, newest first. match tells when an
// object was created and whether it is wanted.
func list[T any](t *tx, c *call, bucket []byte, path string, match func(*T) (int64, bool)) (any, error) {
	r, refusal := readListRequest(c)
	if refusal != nil {
		return nil, refusal
	}
	out := &listObject{Object: "list", Data: []any{}, URL: path}
	take := func(key string, value *T) (bool, error) {
		created, wanted := match(value)
		if key == r.endingBefore || !wanted || !r.within(created) {
			return true, nil
		}
		if len(out.Data) == r.limit {
			out.HasMore = true
			return false, nil
		}
		out.Data = append(out.Data, value)
		return true, nil
	}
	if r.endingBefore == "" {
		return out, eachNewest(t, bucket, r.startingAfter, take)
	}
	err := eachFrom(t, bucket, r.endingBefore, take)
	slices.Reverse(out.Data)
	return out, err
}

// page does the same for objects already in hand, newest first.
func page[T any](c *call, path string, objects []*T, id func(*T) string, match func(*T) (int64, bool)) (any, error) {
	r, refusal := readListRequest(c)
	if refusal != nil {
		return nil, refusal
	}
	out := &listObject{Object: "list", Data: []any{}, URL: path}
	for _, object := range objects {
		created, wanted := match(object)
		switch {
		case r.startingAfter != "" && id(object) >= r.startingAfter, id(object) <= r.endingBefore, !wanted, !r.within(created):
		case len(out.Data) == r.limit:
			out.HasMore = true
		default:
			out.Data = append(out.Data, object)
		}
	}
	return out, nil
}

// expand replaces ids by objects where the request asks for it.
// https://docs.stripe.com/api/expanding_objects
func expand(t *tx, object any, paths []string) error {
	for _, path := range paths {
		if strings.Count(path, ".") > 3 {
			return invalidRequest("", "expand", "You cannot expand more than 4 levels of a property.")
		}
		if err := expandPath(t, object, path, path); err != nil {
			return err
		}
	}
	return nil
}

func expandPath(t *tx, object any, path, whole string) error {
	head, rest, _ := strings.Cut(path, ".")
	if l, ok := object.(*listObject); ok && head == "data" && rest != "" {
		for _, item := range l.Data {
			if err := expandPath(t, item, rest, whole); err != nil {
				return err
			}
		}
		return nil
	}
	if ch, ok := object.(*charge); ok && head == "refunds" {
		return expandRefunds(t, ch, rest, whole)
	}
	at, bucket := expandable(object, head)
	if at == nil {
		return invalidRequest("", "expand", "This property cannot be expanded ("+whole+").")
	}
	if at.id == "" {
		return nil
	}
	if at.object == nil {
		found, err := loadAny(t, bucket, at.id)
		if err != nil {
			return err
		}
		at.object = found
	}
	if rest == "" {
		return nil
	}
	return expandPath(t, at.object, rest, whole)
}

// expandable tells which field of the object has that name.
func expandable(object any, name string) (*ref, []byte) {
	switch o := object.(type) {
	case *paymentIntent:
		switch name {
		case "latest_charge":
			return &o.LatestCharge, bucketCharges
		case "payment_method":
			return &o.PaymentMethod, bucketMethods
		case "customer": // the sandbox keeps none, so there is never one to show
			return &ref{}, nil
		}
	case *charge:
		switch name {
		case "payment_intent":
			return &o.PaymentIntent, bucketIntents
		case "balance_transaction": // the sandbox has no balance and takes no fee
			return &ref{}, nil
		}
	case *refund:
		switch name {
		case "charge":
			return &o.Charge, bucketCharges
		case "payment_intent":
			return &o.PaymentIntent, bucketIntents
		}
	case *dispute:
		switch name {
		case "charge":
			return &o.Charge, bucketCharges
		case "payment_intent":
			return &o.PaymentIntent, bucketIntents
		}
	}
	return nil, nil
}

func loadAny(t *tx, bucket []byte, id string) (any, error) {
	switch string(bucket) {
	case string(bucketCharges):
		return get[charge](t, bucket, id)
	case string(bucketIntents):
		return get[paymentIntent](t, bucket, id)
	default:
		method, err := get[storedMethod](t, bucket, id)
		if err != nil || method == nil {
			return nil, err
		}
		return &method.Method, nil
	}
}

func expandRefunds(t *tx, ch *charge, rest, whole string) error {
	refunds, err := refundsOf(t, ch.PaymentIntent.id)
	if err != nil {
		return err
	}
	ch.Refunds = &listObject{Object: "list", Data: []any{}, URL: "/v1/charges/" + ch.ID + "/refunds"}
	for _, re := range refunds {
		if re.Charge.id == ch.ID {
			ch.Refunds.Data = append(ch.Refunds.Data, re)
		}
	}
	if rest == "" {
		return nil
	}
	return expandPath(t, ch.Refunds, rest, whole)
}
