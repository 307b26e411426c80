package importer

import (
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/schema"
)

// city gives a city that is there as it is: a file about theaters changes none.
func (h *houses) city(line cityLine, f *findings, at paths) schema.City {
	if city, there := h.cities[*line.Slug]; there {
		return city
	}
	before := len(f.all)
	required(f, at.city("name"), line.Name)
	required(f, at.city("country"), line.Country)
	required(f, at.city("time_zone"), line.TimeZone)
	required(f, at.city("currency"), line.Currency)
	required(f, at.city("lat"), line.Lat)
	required(f, at.city("lon"), line.Lon)
	if len(f.all) > before {
		f.add(at.city("slug"), "There is no city %s. To make it, say all of it.", printable(*line.Slug))
		return schema.City{}
	}
	return schema.City{
		ID: uuid.New(), Slug: *line.Slug, Name: *line.Name, Country: *line.Country,
		TimeZone: *line.TimeZone, Currency: *line.Currency, Lat: *line.Lat, Lon: *line.Lon,
	}
}

func (h *houses) cityByID(id uuid.UUID) schema.City {
	for _, city := range h.cities {
		if city.ID == id {
			return city
		}
	}
	return schema.City{}
}
