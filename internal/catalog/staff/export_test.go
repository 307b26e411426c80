package staff

type (
	DutyFields    = dutyFields
	ScreenFields  = screenFields
	TheaterFields = theaterFields
)
