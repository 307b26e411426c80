package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/boxoffice/boxoffice/internal/documents"
)

type models struct{ store }

// model is written after all of its parts: where it is, they are.
type model struct {
	ID       string            `bson:"_id"` // name|version; no name has a |
	Name     string            `bson:"name"`
	Version  string            `bson:"version"`
	MadeAt   time.Time         `bson:"made_at"`
	StoredAt time.Time         `bson:"stored_at"`
	Sum      string            `bson:"sum"`
	Parts    int               `bson:"parts"`
	Notes    map[string]string `bson:"notes,omitempty"`
}

// part is of one content of a version: writers of different contents do not meet.
type part struct {
	ID       string    `bson:"_id"` // sum|number|name|version
	Name     string    `bson:"name"`
	Model    string    `bson:"model"` // sum|name|version
	Part     int       `bson:"part"`
	StoredAt time.Time `bson:"stored_at"`
	Content  []byte    `bson:"content"`
}

func modelID(name, version string) string { return name + "|" + version }

func (m model) partsOf() string { return m.Sum + "|" + m.ID }

func (m model) part(i int) string { return fmt.Sprintf("%s|%d|%s", m.Sum, i, m.ID) }

// Put implements documents.Models.
func (s models) Put(ctx context.Context, m documents.Model) error {
	if err := m.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	parts := m.Parts()
	head := model{
		ID: modelID(m.Name, m.Version), Name: m.Name, Version: m.Version, MadeAt: documents.Milliseconds(m.MadeAt), StoredAt: s.options.Moment(),
		Sum: m.Sum(), Parts: len(parts), Notes: m.Notes,
	}
	if there, err := s.compare(ctx, head); there || err != nil {
		return err
	}
	for i, content := range parts {
		one := part{ID: head.part(i), Name: m.Name, Model: head.partsOf(), Part: i, StoredAt: head.StoredAt, Content: content}
		if err := again(func() error {
			_, err := s.db.Collection(partsIn).ReplaceOne(ctx, bson.D{{Key: "_id", Value: one.ID}}, one, options.Replace().SetUpsert(true))
			return err
		}); err != nil {
			return explain(err, "keep a part of a model")
		}
	}
	_, err := s.db.Collection(modelsIn).InsertOne(ctx, head)
	if mongo.IsDuplicateKeyError(err) {
		_, err := s.compare(ctx, head)
		return err // the parts that are of no model are pruned later
	}
	return explain(err, "keep a model")
}

// compare tells whether the version is there. Code: conflict when it has other content.
func (s models) compare(ctx context.Context, m model) (there bool, err error) {
	var found model
	there, err = s.one(ctx, "compare a model", modelsIn, bson.D{{Key: "_id", Value: m.ID}}, &found)
	if there && found.Sum != m.Sum {
		return true, documents.Conflict("The version %q of the model %q is there with other content. Give the new one another name.", m.Version, m.Name)
	}
	return there, err
}

type inUse struct {
	Name     string    `bson:"_id"`
	Current  string    `bson:"current"`
	Previous string    `bson:"previous"`
	Since    time.Time `bson:"since"`
}

// Swap implements documents.Models.
func (s models) Swap(ctx context.Context, name, from, to string) error {
	if err := documents.CheckSwap(from, to); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	there, err := s.one(ctx, "swap a model", modelsIn, bson.D{{Key: "_id", Value: modelID(name, to)}}, &model{})
	if err != nil {
		return err
	}
	if !there {
		return documents.NoModel(name, to)
	}
	next := inUse{Name: name, Current: to, Previous: from, Since: s.options.Moment()}
	if from == "" {
		_, err = s.db.Collection(inUseIn).InsertOne(ctx, next)
		if err == nil || !mongo.IsDuplicateKeyError(err) {
			return explain(err, "swap a model")
		}
	} else {
		done, err := s.db.Collection(inUseIn).ReplaceOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "current", Value: from}}, next)
		if err != nil || done.MatchedCount > 0 {
			return explain(err, "swap a model")
		}
	}
	used, err := s.InUse(ctx, name)
	if err != nil {
		return err
	}
	return documents.Swapped(used, name, from, to)
}

// InUse implements documents.Models.
func (s models) InUse(ctx context.Context, name string) (documents.InUse, error) {
	var used inUse
	_, err := s.one(ctx, "read which model is in use", inUseIn, bson.D{{Key: "_id", Value: name}}, &used)
	return documents.InUse{Current: used.Current, Previous: used.Previous, Since: used.Since}, err
}

// Read implements documents.Models, a part at a time.
func (s models) Read(ctx context.Context, name, version string) (documents.Model, error) {
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	var head model
	there, err := s.one(ctx, "read a model", modelsIn, bson.D{{Key: "_id", Value: modelID(name, version)}}, &head)
	if err != nil {
		return documents.Model{}, err
	}
	if !there {
		return documents.Model{}, documents.NoModel(name, version)
	}
	m := documents.Model{Name: name, Version: version, MadeAt: head.MadeAt, Notes: head.Notes}
	for i := range head.Parts {
		var one part
		there, err := s.one(ctx, "read a part of a model", partsIn, bson.D{{Key: "_id", Value: head.part(i)}}, &one)
		if err != nil {
			return documents.Model{}, err
		}
		if !there { // pruned since the head was read
			return documents.Model{}, documents.NoModel(name, version)
		}
		m.Content = append(m.Content, one.Content...)
	}
	return m, m.CheckSum(head.Sum)
}

// unfinishedFor is how long a writer may take from its first part to the model.
const unfinishedFor = 24 * time.Hour

// Prune implements documents.Models. It also deletes parts that a writer left without a model.
func (s models) Prune(ctx context.Context, name string, newest int) (int, error) {
	used, err := s.InUse(ctx, name)
	if err != nil {
		return 0, err
	}
	all, err := find[model](ctx, s.store, "prune models", modelsIn, bson.D{{Key: "name", Value: name}},
		options.Find().SetSort(bson.D{{Key: "made_at", Value: -1}, {Key: "version", Value: -1}}))
	if err != nil {
		return 0, err
	}
	kept, gone := bson.A{}, 0
	for i, m := range all {
		if i < newest || m.Version == used.Current || m.Version == used.Previous {
			kept = append(kept, m.partsOf())
			continue
		}
		// The model first: a reader then finds none, instead of half of one.
		n, err := s.remove(ctx, "prune a model", modelsIn, bson.D{{Key: "_id", Value: m.ID}})
		if err != nil {
			return gone, err
		}
		gone += n
		if _, err := s.remove(ctx, "prune a model", partsIn, bson.D{{Key: "name", Value: name}, {Key: "model", Value: m.partsOf()}}); err != nil {
			return gone, err
		}
	}
	_, err = s.remove(ctx, "prune parts of models", partsIn, bson.D{
		{Key: "name", Value: name}, {Key: "model", Value: bson.D{{Key: "$nin", Value: kept}}},
		{Key: "stored_at", Value: bson.D{{Key: "$lt", Value: s.options.Moment().Add(-unfinishedFor)}}},
	})
	return gone, err
}
