package importer

const (
	Movies   = ofMovies
	Theaters = ofTheaters
	Shows    = ofShows
)
