package mongo

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type counters struct{ store }

type counter struct {
	ID     string         `bson:"_id"` // documents.CounterKey, which sorts
	City   uuid.UUID      `bson:"city"`
	Day    int            `bson:"day"`
	Film   uuid.UUID      `bson:"film"`
	Kind   documents.Kind `bson:"kind"`
	Events int            `bson:"events"`
	People int            `bson:"people"`
	// Of is the _id without the city: what is summed over cities.
	Of        string    `bson:"of"`
	KeptUntil time.Time `bson:"kept_until"`
}

// tally is what a group of events comes to.
type tally struct {
	Counter string       `bson:"_id"`
	Events  int          `bson:"events"`
	People  []*uuid.UUID `bson:"people"` // nil for events without a person, on some servers
}

// foldedAtATime is how many counters are written in one request.
const foldedAtATime = 1000

// Fold implements documents.Counters, a day at a time: a repeat goes on with less to do.
func (s counters) Fold(ctx context.Context, from, to documents.Day, kinds ...documents.Kind) error {
	if err := documents.CheckFold(from, to, kinds); err != nil {
		return err
	}
	for day := from; day <= to; day++ {
		if err := s.foldDay(ctx, day, kinds); err != nil {
			return explain(err, "count events")
		}
	}
	return nil
}

func (s counters) foldDay(ctx context.Context, day documents.Day, kinds []documents.Kind) error {
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	// A group has the people of one city, film and day: far from the 16 MB of a document.
	// They are counted here: not every server that speaks MongoDB's protocol can.
	found, err := s.db.Collection(eventsIn).Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: bson.D{
			{Key: "kind", Value: bson.D{{Key: "$in", Value: kinds}}},
			{Key: "at", Value: bson.D{{Key: "$gte", Value: day.Start()}, {Key: "$lt", Value: (day + 1).Start()}}},
			{Key: "counter", Value: bson.D{{Key: "$exists", Value: true}}}, s.kept(),
		}}},
		{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: "$counter"}, {Key: "events", Value: bson.D{{Key: "$sum", Value: 1}}},
			{Key: "people", Value: bson.D{{Key: "$addToSet", Value: "$person"}}},
		}}},
	}, options.Aggregate().SetAllowDiskUse(true))
	if err != nil {
		return err
	}
	defer func() { _ = found.Close(context.WithoutCancel(ctx)) }()
	counted := map[string]tally{}
	for found.Next(ctx) {
		var one tally
		if err := found.Decode(&one); err != nil {
			return err
		}
		counted[one.Counter] = one
		if len(counted) == foldedAtATime {
			if err := s.raise(ctx, counted); err != nil {
				return err
			}
			clear(counted)
		}
	}
	if err := found.Err(); err != nil {
		return err
	}
	return s.raise(ctx, counted)
}

func (t tally) people() (n int) {
	for _, person := range t.People {
		if person != nil {
			n++
		}
	}
	return n
}

// raiseTries is how often a write is tried that meets other folds.
const raiseTries = 5

// raise writes the counters that have grown, and forgets the others. Each write says itself
// that it only raises: a fold that read earlier and writes later takes nothing back. A
// counter that another fold has made meanwhile (E11000) may still be lower than this one's.
func (s counters) raise(ctx context.Context, counted map[string]tally) (err error) {
	for range raiseTries {
		if err = s.dropKnown(ctx, counted); err != nil || len(counted) == 0 {
			return err
		}
		if err = s.raiseOnce(ctx, counted); !mongo.IsDuplicateKeyError(err) {
			return err
		}
	}
	return err
}

// dropKnown leaves the tallies that are higher than their counters.
func (s counters) dropKnown(ctx context.Context, counted map[string]tally) error {
	ids := make(bson.A, 0, len(counted))
	for id := range counted {
		ids = append(ids, id)
	}
	there, err := find[counter](ctx, s.store, "read counters", countersIn, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find())
	for _, c := range there {
		if one := counted[c.ID]; one.Events <= c.Events && one.people() <= c.People {
			delete(counted, c.ID)
		}
	}
	return err
}

func (s counters) raiseOnce(ctx context.Context, counted map[string]tally) error {
	var writes []mongo.WriteModel
	for id, one := range counted {
		key, err := documents.ReadCounterKey(id)
		if err != nil {
			return err
		}
		writes = append(writes,
			lower("events", id, one.Events).SetUpsert(true).SetUpdate(bson.D{
				{Key: "$set", Value: bson.D{{Key: "events", Value: one.Events}}},
				{Key: "$setOnInsert", Value: bson.D{
					{Key: "people", Value: one.people()}, {Key: "city", Value: key.City}, {Key: "day", Value: int(key.Day)}, {Key: "film", Value: key.Film},
					{Key: "kind", Value: key.Kind}, {Key: "of", Value: id[len(key.City.String())+1:]}, {Key: "kept_until", Value: key.Day.Until(s.options.Kept)},
				}},
			}),
			lower("people", id, one.people()).SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "people", Value: one.people()}}}}))
	}
	_, err := s.db.Collection(countersIn).BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	return err
}

// lower is a counter that is lower than n. Where it is not, an upsert is refused because the
// counter is there.
func lower(field, id string, n int) *mongo.UpdateOneModel {
	return mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: id}, {Key: field, Value: bson.D{{Key: "$lt", Value: n}}}})
}

// Range implements documents.Counters. The _id sorts by city, day, film and kind.
func (s counters) Range(ctx context.Context, q documents.RangeQuery) (documents.CountPage, error) {
	if err := documents.CheckDays(q.From, q.To); err != nil {
		return documents.CountPage{}, err
	}
	after, err := q.After()
	if err != nil {
		return documents.CountPage{}, err
	}
	first := func(day documents.Day) string { return q.City.String() + "|" + day.String() }
	ids := bson.D{{Key: "$gte", Value: first(q.From)}, {Key: "$lt", Value: first(q.To + 1)}}
	if after != nil {
		ids[0] = bson.E{Key: "$gt", Value: max(first(q.From), after.String())}
	}
	filter := bson.D{{Key: "_id", Value: ids}, s.kept()}
	if q.Film != uuid.Nil {
		filter = append(filter, bson.E{Key: "film", Value: q.Film})
	}
	if len(q.Kinds) > 0 {
		filter = append(filter, bson.E{Key: "kind", Value: bson.D{{Key: "$in", Value: q.Kinds}}})
	}
	found, err := find[counter](ctx, s.store, "read counters", countersIn, filter,
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(q.Size())+1))
	var rows []documents.Count
	for _, c := range found {
		rows = append(rows, documents.Count{
			CounterKey: documents.CounterKey{City: c.City, Day: documents.Day(c.Day), Film: c.Film, Kind: c.Kind}, Events: c.Events, People: c.People,
		})
	}
	return documents.CutCounts(rows, q.Size()), err
}

// Top implements documents.Counters. The server sums over cities, we weigh: a day has a few
// counters for each film, and a query few days.
func (s counters) Top(ctx context.Context, q documents.TopQuery) ([]documents.Scored, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	match := bson.D{
		{Key: "day", Value: bson.D{{Key: "$gte", Value: int(q.From)}, {Key: "$lte", Value: int(q.To)}}},
		{Key: "kind", Value: bson.D{{Key: "$in", Value: q.Kinds()}}}, s.kept(),
	}
	if q.City != uuid.Nil {
		match = append(match, bson.E{Key: "city", Value: q.City})
	}
	counted := "$events"
	if q.People {
		counted = "$people"
	}
	found, err := s.db.Collection(countersIn).Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: match}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$of"}, {Key: "counted", Value: bson.D{{Key: "$sum", Value: counted}}}}}},
	}, options.Aggregate().SetAllowDiskUse(true))
	if err != nil {
		return nil, explain(err, "read the top films")
	}
	var rows []struct {
		Of      string `bson:"_id"`
		Counted int    `bson:"counted"`
	}
	if err := found.All(ctx, &rows); err != nil {
		return nil, explain(err, "read the top films")
	}
	scores := map[uuid.UUID]float64{}
	for _, row := range rows {
		key, err := documents.ReadCounterKey(q.City.String() + "|" + row.Of)
		if err != nil {
			return nil, explain(err, "read the top films")
		}
		scores[key.Film] += q.Worth(key) * float64(row.Counted)
	}
	return q.Best(scores), nil
}

// Expire implements documents.Counters.
func (s counters) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, countersIn, limit)
}
