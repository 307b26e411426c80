package demo

// login is an account that is public. It exists in demo data only; a
// loader must refuse to create these where real customers book.
type login struct {
	Role     string
	Email    string
	Password string
	Name     string
	Phone    string // E.164
}

// Logins gives one account for each role. The domain is reserved (RFC 2606), and
// so are the numbers, for drama: North American 555-01xx.
func Logins() []login {
	return []login{
		{Role: "customer", Email: "customer@boxoffice.example", Password: "popcorn-customer-1", Name: "Asha Raman", Phone: "+12025550143"},
		{Role: "theater_manager", Email: "manager@boxoffice.example", Password: "popcorn-manager-1", Name: "Tomasz Vale", Phone: "+12025550144"},
		{Role: "support", Email: "support@boxoffice.example", Password: "popcorn-support-1", Name: "Ines Okafor", Phone: "+12025550145"},
		{Role: "admin", Email: "admin@boxoffice.example", Password: "popcorn-admin-1", Name: "Mika Lindqvist", Phone: "+12025550146"},
	}
}
