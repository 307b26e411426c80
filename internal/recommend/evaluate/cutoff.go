package evaluate

import (
	"context"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// CutOff is how good lists are when nothing of the future is known.
type CutOff struct {
	At         time.Time // what is trained on is before
	Popularity recommend.Measure
	Ours       recommend.Measure
}

// OneMoment trains on the first share of all ratings, and asks about the last film of each person who
// rated one later. Their own row up to that film is read when they are asked about, as in production;
// other people's later ratings are not read at all. Candidates are films of a year that had begun.
func OneMoment(ctx context.Context, r *Ratings, share float64, o recommend.Options) (CutOff, error) {
	var times []time.Time
	for _, row := range r.People {
		for _, liking := range row {
			times = append(times, liking.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	cut := CutOff{At: times[int(share*float64(len(times)))]}
	train, _ := recommend.SplitAt(recommend.Data{Films: r.Films, People: r.People}, cut.At, nil)
	var later [][]recommend.Liking
	for _, row := range r.People {
		if len(row) > 1 && !row[len(row)-1].At.Before(cut.At) {
			later = append(later, row)
		}
	}
	_, cases := recommend.LeaveLast(recommend.Data{Films: r.Films, People: later}, 1)
	for i, c := range cases.List {
		year := later[i][len(later[i])-1].At.Year()
		cases.List[i].Candidates = slices.DeleteFunc(c.Candidates, func(film int32) bool { return r.Films[film].Year > year && film != c.Target })
	}
	model, err := recommend.Train(ctx, train, o)
	if err != nil {
		return CutOff{}, err
	}
	cut.Ours = model.Measure("one moment", cases)
	cut.Popularity = measure("one moment", cases, popularity(trainingOf(train)))
	return cut, nil
}
