package booking

// The roles of an account, as access tokens carry them. docs/staff.md says what each may
// do.
const (
	RoleCustomer       = "customer"
	RoleDoor           = "door" // lets people in at the theaters that are assigned
	RoleSupport        = "support"
	RoleTheaterManager = "theater_manager"
	RoleAdmin          = "admin"
)
