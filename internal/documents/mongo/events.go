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

type events struct{ store }

type event struct {
	// ID is nil in what is written: the filter has it.
	ID     *uuid.UUID           `bson:"_id,omitempty"`
	Kind   documents.Kind       `bson:"kind"`
	At     time.Time            `bson:"at"`
	Person *uuid.UUID           `bson:"person,omitempty"`
	City   *uuid.UUID           `bson:"city,omitempty"`
	Film   *uuid.UUID           `bson:"film,omitempty"`
	Facts  documents.EventFacts `bson:"facts"`
	// Counter is the _id of the counter that counts it; empty without a film.
	Counter   string    `bson:"counter,omitempty"`
	KeptUntil time.Time `bson:"kept_until"`
}

func perhaps(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func (e event) read() documents.Event {
	out := documents.Event{Kind: e.Kind, At: e.At, EventFacts: e.Facts}
	for into, id := range map[*uuid.UUID]*uuid.UUID{&out.ID: e.ID, &out.Person: e.Person, &out.City: e.City, &out.Film: e.Film} {
		if id != nil {
			*into = *id
		}
	}
	return out
}

func (s events) write(e documents.Event) event {
	out := event{
		Kind: e.Kind, At: e.At, Person: perhaps(e.Person), City: perhaps(e.City), Film: perhaps(e.Film), Facts: e.EventFacts,
		KeptUntil: e.At.Add(s.options.Kept.Of(e.Kind)),
	}
	if e.Film != uuid.Nil {
		out.Counter = documents.CounterKey{City: e.City, Day: documents.DayOf(e.At), Film: e.Film, Kind: e.Kind}.String()
	}
	return out
}

// Append implements documents.Events. An upsert that finds its id changes nothing.
func (s events) Append(ctx context.Context, batch []documents.Event) (documents.Appended, error) {
	good, refused, err := documents.CheckBatch(batch, s.options.Moment(), s.options.Kept)
	done := documents.Appended{Refused: refused}
	if err != nil || len(good) == 0 {
		return done, err
	}
	writes := make([]mongo.WriteModel, len(good))
	for i, e := range good {
		writes[i] = mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: e.ID}}).
			SetUpdate(bson.D{{Key: "$setOnInsert", Value: s.write(e)}}).SetUpsert(true)
	}
	ctx, cancel := context.WithTimeout(ctx, appendWithin)
	defer cancel()
	err = again(func() error {
		result, err := s.db.Collection(eventsIn).BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
		if result != nil {
			done.New += int(result.UpsertedCount)
		}
		return err
	})
	return done, explain(err, "append events")
}

// Recent implements documents.Events.
func (s events) Recent(ctx context.Context, q documents.RecentQuery) (documents.Page, error) {
	filter := bson.D{{Key: "person", Value: q.Person}, s.kept()}
	if len(q.Kinds) > 0 {
		filter = append(filter, bson.E{Key: "kind", Value: bson.D{{Key: "$in", Value: q.Kinds}}})
	}
	if q.Cursor != "" {
		before, err := documents.ReadPlace(q.Cursor)
		if err != nil {
			return documents.Page{}, err
		}
		filter = append(filter, beyond(before, "$lt")...)
	}
	return s.page(ctx, "read events of a person", filter, -1, q.Size())
}

// Scan implements documents.Events.
func (s events) Scan(ctx context.Context, q documents.ScanQuery) (documents.Page, error) {
	if q.To.IsZero() {
		q.To = s.options.Now()
	}
	filter := bson.D{{Key: "kind", Value: q.Kind}, s.kept(), {Key: "at", Value: bson.D{{Key: "$gte", Value: q.From}, {Key: "$lt", Value: q.To}}}}
	if q.Cursor != "" {
		after, err := documents.ReadPlace(q.Cursor)
		if err != nil {
			return documents.Page{}, err
		}
		// The first of the two lets the index begin there.
		filter[2].Value = bson.D{{Key: "$gte", Value: after.At}, {Key: "$lt", Value: q.To}}
		filter = append(filter, beyond(after, "$gt")[1])
	}
	return s.page(ctx, "scan events", filter, 1, q.Size())
}

// beyond is what comes after a place, in the direction of an operator.
func beyond(place documents.Place, than string) bson.D {
	return bson.D{
		{Key: "at", Value: bson.D{{Key: than + "e", Value: place.At}}},
		{Key: "$or", Value: bson.A{
			bson.D{{Key: "at", Value: bson.D{{Key: than, Value: place.At}}}},
			bson.D{{Key: "at", Value: place.At}, {Key: "_id", Value: bson.D{{Key: than, Value: place.ID}}}},
		}},
	}
}

func (s events) page(ctx context.Context, doing string, filter bson.D, direction, size int) (documents.Page, error) {
	found, err := find[event](ctx, s.store, doing, eventsIn, filter,
		options.Find().SetSort(bson.D{{Key: "at", Value: direction}, {Key: "_id", Value: direction}}).SetLimit(int64(size)+1))
	var rows []documents.Event
	for _, one := range found {
		rows = append(rows, one.read())
	}
	return documents.Cut(rows, size), err
}

// Forget implements documents.Events.
func (s events) Forget(ctx context.Context, person uuid.UUID) (int, error) {
	return s.remove(ctx, "forget a person", eventsIn, bson.D{{Key: "person", Value: person}})
}

// Expire implements documents.Events.
func (s events) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, eventsIn, limit)
}
