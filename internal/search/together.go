package search

import "slices"

const (
	// togetherBelow is how poor the best title has to be before a query is
	// read as a title and a person.
	togetherBelow = 0.62
	// togetherWords bounds the splits that are tried.
	togetherWords = 4
	togetherSure  = 0.66 // what the person has to score
	togetherScore = 0.76 // what a movie of that very title then does
)

// together reads a query as a title beside a name, "heat pacino" or "pacino
// heat": movies that fit the one, of a person who fits the other. Two names are
// the movies of both.
func (x *Index) together(words []string) (movies []hit, through map[uint32]uint32) {
	if len(words) < 2 || len(words) > togetherWords {
		return nil, nil
	}
	through = map[uint32]uint32{}
	for at := 1; at < len(words); at++ {
		for _, m := range x.ofBoth(words[:at], words[at:]) {
			if _, known := through[m.owner]; !known {
				through[m.owner] = m.person
				movies = append(movies, hit{owner: m.owner, match: match{score: togetherScore}})
			}
		}
		for _, parts := range [][2][]string{{words[:at], words[at:]}, {words[at:], words[:at]}} {
			title, key := newPattern(squash(parts[0])), squash(parts[0])
			for _, p := range head(x.byPerson.find(parts[1], true), 2) {
				if p.score < togetherSure || len(key) < 3 {
					continue
				}
				for _, m := range x.people[p.owner].movies {
					score := x.titled(m, title, len(key))
					if _, known := through[m]; !known && score > 0 {
						through[m] = p.owner
						movies = append(movies, hit{owner: m, match: match{score: score}})
					}
				}
			}
		}
	}
	return movies, through
}

// shared is a movie of two people, and one of them.
type shared struct{ owner, person uint32 }

// ofBoth are the movies that two people share.
func (x *Index) ofBoth(first, second []string) (movies []shared) {
	a, b := head(x.byPerson.find(first, true), 1), head(x.byPerson.find(second, true), 1)
	if len(a) == 0 || len(b) == 0 || a[0].score < togetherSure || b[0].score < togetherSure {
		return nil
	}
	for _, m := range x.people[a[0].owner].movies {
		if slices.Contains(x.people[b[0].owner].movies, m) {
			movies = append(movies, shared{m, a[0].owner})
		}
	}
	return movies
}

// titled scores a movie whose title, or its beginning, is the pattern, with one
// typo at most; 0 is for all others.
func (x *Index) titled(movie uint32, title *pattern, n int) float32 {
	key := squash(withoutArticle(queryWords(x.movies[movie].Title)))
	full, prefix := title.distance(key)
	switch {
	case full == 0:
		return togetherScore
	case full <= min(editsAllowed(n), 1):
		return togetherScore - 0.04
	case prefix == 0 && n >= 4:
		return togetherScore - 0.02
	}
	return 0
}
