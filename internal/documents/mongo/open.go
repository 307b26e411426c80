// Package mongo keeps documents in MongoDB, for platforms that have one. It asks for little,
// so that compatible servers do, too: no transactions, no change streams, no $lookup. What
// has to be atomic is one document. Groups have an _id that is one value; UUIDs are binary of
// subtype 4; a TTL index deletes what is over, and every read leaves it out before that.
//
// What does not live here: the rules that every store keeps (package documents).
package mongo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/outage"
)

const (
	// databaseName is used when the address names none.
	databaseName = "boxoffice"
	// maxConns is what a process takes of the server's connections.
	maxConns = 16
	// reachWithin is how long a server is looked for.
	reachWithin = 2 * time.Second
	// answerWithin bounds what a request waits for, appendWithin what a batch of events waits
	// for, and workWithin what a job waits for: a fold, a model, a deletion.
	answerWithin = 3 * time.Second
	appendWithin = 15 * time.Second
	workWithin   = 2 * time.Minute
)

// Open gives a store that connects when it is first asked: one that is away keeps no process
// from starting. address is mongodb:// or mongodb+srv://; its path names the database.
func Open(address string, o documents.Options) (*documents.Store, error) {
	client, db, err := connect(address)
	if err != nil {
		return nil, err
	}
	s := store{db: db, options: o.Complete()}
	return &documents.Store{
		Name:        "MongoDB database " + db.Name(),
		Preferences: preferences{s}, Events: events{s}, Counters: counters{s}, Lists: lists{s}, Models: models{s},
		Ping: s.ping,
		Close: func() {
			ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
			defer cancel()
			_ = client.Disconnect(ctx) // the connections are given up in any case
		},
	}, nil
}

func connect(address string) (*mongo.Client, *mongo.Database, error) {
	name := databaseName
	if parsed, err := url.Parse(address); err == nil && strings.Trim(parsed.Path, "/") != "" {
		name = strings.Trim(parsed.Path, "/")
	}
	client, err := mongo.Connect(options.Client().
		SetAppName("boxoffice documents").SetMaxPoolSize(maxConns).SetServerSelectionTimeout(reachWithin).
		SetRegistry(registry()).SetBSONOptions(&options.BSONOptions{UseJSONStructTags: true}).
		ApplyURI(address))
	if err != nil {
		return nil, nil, fmt.Errorf("documents: open MongoDB: %w", err)
	}
	return client, client.Database(name), nil
}

// registry writes UUIDs as MongoDB's own tools do.
func registry() *bson.Registry {
	kind, r := reflect.TypeFor[uuid.UUID](), bson.NewRegistry()
	r.RegisterTypeEncoder(kind, bson.ValueEncoderFunc(func(_ bson.EncodeContext, w bson.ValueWriter, value reflect.Value) error {
		id := value.Interface().(uuid.UUID)
		return w.WriteBinaryWithSubtype(id[:], bson.TypeBinaryUUID)
	}))
	r.RegisterTypeDecoder(kind, bson.ValueDecoderFunc(func(_ bson.DecodeContext, r bson.ValueReader, value reflect.Value) error {
		content, _, err := r.ReadBinary()
		if err != nil {
			return err
		}
		id, err := uuid.FromBytes(content)
		if err == nil {
			value.Set(reflect.ValueOf(id))
		}
		return err
	}))
	return r
}

// store is what the ports share.
type store struct {
	db      *mongo.Database
	options documents.Options
}

// The collections.
const (
	profilesIn = "profiles"
	eventsIn   = "events"
	countersIn = "counters"
	listsIn    = "lists"
	modelsIn   = "models"
	partsIn    = "model_parts"
	inUseIn    = "models_in_use"
)

// indexed are the collections with indexes of their own.
var indexed = []string{eventsIn, countersIn, listsIn, partsIn}

// indexes of a collection. kept_until is a TTL index: the server deletes what is over, some
// time later. They are made for each call, because the driver changes them.
func indexes(collection string) []mongo.IndexModel {
	switch collection {
	case eventsIn:
		ofPeople := bson.D{{Key: "person", Value: bson.D{{Key: "$exists", Value: true}}}}
		person := index("person", bson.D{{Key: "person", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}})
		person.Options.SetPartialFilterExpression(ofPeople)
		return []mongo.IndexModel{person, index("kind", bson.D{{Key: "kind", Value: 1}, {Key: "at", Value: 1}, {Key: "_id", Value: 1}}), timeToLive()}
	case countersIn:
		return []mongo.IndexModel{
			index("city", bson.D{{Key: "city", Value: 1}, {Key: "day", Value: 1}}), index("day", bson.D{{Key: "day", Value: 1}}), timeToLive(),
		}
	case listsIn:
		return []mongo.IndexModel{index("person", bson.D{{Key: "person", Value: 1}}), timeToLive()}
	default:
		return []mongo.IndexModel{index("name", bson.D{{Key: "name", Value: 1}})}
	}
}

func index(name string, keys bson.D) mongo.IndexModel {
	return mongo.IndexModel{Keys: keys, Options: options.Index().SetName(name)}
}

func timeToLive() mongo.IndexModel {
	m := index("kept_until", bson.D{{Key: "kept_until", Value: 1}})
	m.Options.SetExpireAfterSeconds(0)
	return m
}

// Migrate makes the indexes that are not there yet, and names each collection to progress
// (nil: no progress is told).
func Migrate(ctx context.Context, address string, progress func(string)) error {
	client, db, err := connect(address)
	if err != nil {
		return err
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	for _, collection := range indexed {
		if progress != nil {
			progress("MongoDB: indexes of " + collection)
		}
		if _, err := db.Collection(collection).Indexes().CreateMany(ctx, indexes(collection)); err != nil {
			return explain(err, "make the indexes of "+collection)
		}
	}
	return nil
}

func (s store) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	found, err := s.db.Collection(eventsIn).Indexes().ListSpecifications(ctx)
	if err != nil {
		return explain(err, "ask MongoDB")
	}
	if len(found) <= len(indexes(eventsIn)) { // _id has one, too
		return errors.New("documents: MongoDB lacks indexes: run boxoffice migrate")
	}
	return nil
}

// explain gives the errors of a server that is away their code.
func explain(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case isAway(err):
		return documents.Unavailable(fmt.Errorf("documents: %s: %w", doing, err))
	default:
		return fmt.Errorf("documents: %s: %w", doing, err)
	}
}

// passing are codes that say nothing about the request: a server that is stopping, starting
// or no longer the primary, a time limit, a conflict of writes.
var passing = []int{50, 89, 91, 112, 189, 262, 10107, 11600, 11602, 13435, 13436}

func isAway(err error) bool {
	if outage.Is(err) || mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	var server mongo.ServerError
	if errors.As(err, &server) {
		for _, code := range passing {
			if server.HasErrorCode(code) {
				return true
			}
		}
		return server.HasErrorLabel("RetryableWriteError")
	}
	return false
}

// again repeats a write once that met another writer's first insert of the same document: the
// second time the document is there.
func again(write func() error) error {
	err := write()
	if mongo.IsDuplicateKeyError(err) {
		err = write()
	}
	return err
}

// find reads all documents of a query.
func find[T any](ctx context.Context, s store, doing, collection string, filter bson.D, opts *options.FindOptionsBuilder) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	cursor, err := s.db.Collection(collection).Find(ctx, filter, opts)
	if err != nil {
		return nil, explain(err, doing)
	}
	var all []T
	if err := cursor.All(ctx, &all); err != nil {
		return nil, explain(err, doing)
	}
	return all, nil
}

// one reads the document of a query, if there is one.
func (s store) one(ctx context.Context, doing, collection string, filter bson.D, into any) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = s.db.Collection(collection).FindOne(ctx, filter).Decode(into)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, explain(err, doing)
}

// remove deletes all documents of a query.
func (s store) remove(ctx context.Context, doing, collection string, filter bson.D) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	done, err := s.db.Collection(collection).DeleteMany(ctx, filter)
	if err != nil {
		return 0, explain(err, doing)
	}
	return int(done.DeletedCount), nil
}

// expire deletes documents whose time is over, without waiting for the server to do it.
func (s store) expire(ctx context.Context, collection string, limit int) (int, error) {
	over, err := find[struct {
		ID any `bson:"_id"`
	}](ctx, s, "expire "+collection, collection, bson.D{{Key: "kept_until", Value: bson.D{{Key: "$lte", Value: s.options.Moment()}}}},
		options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetSort(bson.D{{Key: "kept_until", Value: 1}}).SetLimit(int64(limit)))
	if err != nil || len(over) == 0 {
		return 0, err
	}
	ids := make(bson.A, len(over))
	for i, one := range over {
		ids[i] = one.ID
	}
	// A list may have been made again meanwhile.
	return s.remove(ctx, "expire "+collection, collection, bson.D{
		{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}, {Key: "kept_until", Value: bson.D{{Key: "$lte", Value: s.options.Moment()}}},
	})
}

// kept leaves out what is over.
func (s store) kept() bson.E {
	return bson.E{Key: "kept_until", Value: bson.D{{Key: "$gt", Value: s.options.Moment()}}}
}
