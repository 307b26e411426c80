package booking

// The roles of an account, as access tokens carry them. docs/staff.md says what each may
// do.
const (
	RoleCustomer       = "customer"
	RoleSupport        = "support"
	RoleTheaterManager = "theater_manager"
	RoleAdmin          = "admin"
)
