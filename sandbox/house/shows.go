package house

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Show is a show of a site.
type Show struct {
	ID     string `json:"id"`
	Film   Film   `json:"film"`
	Screen string `json:"screen"` // its id
	// ScreenName and Rows are the screen's; a show whose seating was changed has rows of
	// its own, which are kept.
	ScreenName string     `json:"screen_name,omitempty"`
	Rows       []Row      `json:"rows,omitempty"`
	StartsAt   time.Time  `json:"starts_at"`
	EndsAt     time.Time  `json:"ends_at"`
	OpenUntil  time.Time  `json:"open_until"`
	Cancelled  bool       `json:"cancelled"`
	Categories []Category `json:"categories"`
	// Version is the site's at the show's last change.
	Version int64 `json:"version"`
	// Raised says that the fault price_changed has raised the prices.
	Raised bool `json:"raised,omitempty"`
}

// place finds a seat in the show's rows.
func (s *Show) place(id string) (Row, Seat, bool) {
	for _, row := range s.Rows {
		for _, seat := range row.Seats {
			if seatID(row, seat) == id {
				return row, seat, true
			}
		}
	}
	return Row{}, Seat{}, false
}

// price is what a category costs, in cents; false when the show does not have it.
func (s *Show) price(category string) (int64, bool) {
	i := slices.IndexFunc(s.Categories, func(c Category) bool { return c.ID == category })
	if i < 0 {
		return 0, false
	}
	return s.Categories[i].Price, true
}

// pairs gives the other half of each sofa seat.
func (s *Show) pairs() map[string]string {
	other := map[string]string{}
	for _, row := range s.Rows {
		last := ""
		for _, seat := range row.Seats {
			id := seatID(row, seat)
			switch {
			case seat.Type != "sofa":
			case last == "":
				last = id
			default:
				other[last], other[id] = id, last
				last = ""
			}
		}
	}
	return other
}

// NewShow is a show that a site is asked for.
type NewShow struct {
	ID       string    `json:"id"`
	Film     string    `json:"film"`
	Screen   string    `json:"screen"`
	StartsAt time.Time `json:"starts_at"`
}

// AddShow adds a show; one that exists under this id stays as it is. Kinds: NoSite, NoShow
// when the site does not have the film or the screen.
func (b *Books) AddShow(site string, n NewShow) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		film := slices.IndexFunc(s.Films, func(f Film) bool { return f.ID == n.Film })
		if film < 0 || s.screen(n.Screen).Rows == nil {
			return refuse(NoShow)
		}
		if err := addShow(t, s, n.ID, s.Films[film], n.Screen, n.StartsAt.UTC()); err != nil {
			return err
		}
		return put(t, bucketSites, site, s)
	})
}

// AddDays adds the shows of so many days from today that are missing.
func (b *Books) AddDays(site string, days int) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		if err := addDays(t, s, days); err != nil {
			return err
		}
		return put(t, bucketSites, site, s)
	})
}

// addDays gives shows ids of screen, date and number, so that a repeat finds them. The film
// depends on these alone, too, as long as the films are the same. What has begun is left out.
func addDays(t *bbolt.Tx, site *Site, days int) error {
	now, zone := site.now(), site.zone()
	local := now.In(zone)
	for day := range days {
		midnight := time.Date(local.Year(), local.Month(), local.Day()+day, 0, 0, 0, 0, zone)
		ordinal := int(time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
		for i, screen := range site.Screens {
			for n, text := range site.Times {
				at, err := time.Parse("15:04", text)
				if err != nil {
					return err
				}
				starts := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), at.Hour(), at.Minute(), 0, 0, zone)
				if !starts.After(now) {
					continue
				}
				film := site.Films[(ordinal+2*i+n)%len(site.Films)]
				id := fmt.Sprintf("%s-%s-%d", screen.ID, midnight.Format("20060102"), n+1)
				if err := addShow(t, site, id, film, screen.ID, starts.UTC()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// addShow counts the site's version up; the caller keeps the site.
func addShow(t *bbolt.Tx, site *Site, id string, film Film, screen string, starts time.Time) error {
	key := site.ID + "/" + id
	if t.Bucket(bucketShows).Get([]byte(key)) != nil {
		return nil
	}
	show := Show{ID: id, Film: film, Screen: screen, Categories: site.Categories}
	show.move(site, starts)
	return keepShow(t, site, &show)
}

func (s *Show) move(site *Site, starts time.Time) {
	s.StartsAt = starts
	s.EndsAt = starts.Add(time.Duration(s.Film.Minutes) * time.Minute)
	s.OpenUntil = starts.Add(-time.Duration(site.SalesEndMinutes) * time.Minute)
}

// keepShow stores a change of a show as the site's next one; the caller keeps the site.
func keepShow(t *bbolt.Tx, site *Site, show *Show) error {
	site.Version++
	show.Version = site.Version
	return put(t, bucketShows, site.ID+"/"+show.ID, show)
}

func showIn(t *bbolt.Tx, site *Site, id string) (*Show, error) {
	show, err := get[Show](t, bucketShows, site.ID+"/"+id)
	if err != nil {
		return nil, err
	}
	if show == nil {
		return nil, refuse(NoShow)
	}
	show.seat(site)
	return show, nil
}

// seat gives the show its screen's seating, unless it has its own.
func (s *Show) seat(site *Site) {
	screen := site.screen(s.Screen)
	s.ScreenName = screen.Name
	if s.Rows == nil {
		s.Rows = screen.Rows
	}
}

// Show gives a show with its seating. Kinds: NoSite, NoShow.
func (b *Books) Show(site, id string) (Show, error) {
	var show Show
	err := b.db.View(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		found, err := showIn(t, s, id)
		if err == nil {
			show = *found
		}
		return err
	})
	return show, err
}

// Changed lists the shows that changed after a version, in the order of their changes, at
// most so many. latest is the site's version. Kind: NoSite.
func (b *Books) Changed(site string, since int64, most int) (shows []Show, latest int64, err error) {
	shows, latest, err = b.allShows(site)
	shows = slices.DeleteFunc(shows, func(s Show) bool { return s.Version <= since })
	slices.SortFunc(shows, func(a, b Show) int { return cmp.Compare(a.Version, b.Version) })
	return shows[:min(len(shows), most)], latest, err
}

// Shows lists the shows that are not over, in the order of their ids after one, at most so
// many. latest is the site's version. Kind: NoSite.
func (b *Books) Shows(site, after string, most int) (shows []Show, latest int64, err error) {
	s, err := b.Site(site)
	if err != nil {
		return nil, 0, err
	}
	shows, latest, err = b.allShows(site)
	shows = slices.DeleteFunc(shows, func(one Show) bool { return one.ID <= after || one.EndsAt.Before(s.now()) })
	return shows[:min(len(shows), most)], latest, err
}

func (b *Books) allShows(site string) (shows []Show, latest int64, err error) {
	err = b.db.View(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		latest = s.Version
		return each(t, bucketShows, site+"/", "", func(_ string, show *Show) (bool, error) {
			show.seat(s)
			shows = append(shows, *show)
			return true, nil
		})
	})
	return shows, latest, err
}

// ChangeShow changes a show, for example at the counter. Kinds: NoSite, NoShow.
func (b *Books) ChangeShow(site, id string, change func(s *Site, show *Show) error) error {
	return b.db.Update(func(t *bbolt.Tx) error {
		s, err := siteIn(t, site)
		if err != nil {
			return err
		}
		return changeShow(t, s, id, change)
	})
}

func changeShow(t *bbolt.Tx, site *Site, id string, change func(s *Site, show *Show) error) error {
	show, err := get[Show](t, bucketShows, site.ID+"/"+id)
	switch {
	case err != nil:
		return err
	case show == nil:
		return refuse(NoShow)
	}
	if err := change(site, show); err != nil {
		return err
	}
	if err := keepShow(t, site, show); err != nil {
		return err
	}
	return put(t, bucketSites, site.ID, site)
}
