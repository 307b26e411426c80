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

type lists struct{ store }

type list struct {
	Key       string         `bson:"_id"`
	Person    *uuid.UUID     `bson:"person,omitempty"`
	MadeAt    time.Time      `bson:"made_at"`
	KeptUntil time.Time      `bson:"kept_until"`
	Body      documents.List `bson:"body"`
}

// Put implements documents.Lists. An upsert that finds a newer list tries to insert beside
// it, and is refused because the key is there: then nothing is left to do.
func (s lists) Put(ctx context.Context, l documents.List, ttl time.Duration) error {
	if err := l.Check(ttl); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	now := s.options.Moment()
	next := list{Key: l.Key, Person: perhaps(l.Person), MadeAt: documents.Milliseconds(l.MadeAt), KeptUntil: now.Add(ttl), Body: l}
	err := again(func() error {
		_, err := s.db.Collection(listsIn).ReplaceOne(ctx, bson.D{
			{Key: "_id", Value: l.Key},
			{Key: "$or", Value: bson.A{
				bson.D{{Key: "made_at", Value: bson.D{{Key: "$lte", Value: next.MadeAt}}}},
				bson.D{{Key: "kept_until", Value: bson.D{{Key: "$lte", Value: now}}}},
			}},
		}, next, options.Replace().SetUpsert(true))
		return err
	})
	if mongo.IsDuplicateKeyError(err) {
		return nil
	}
	return explain(err, "keep a list")
}

// Get implements documents.Lists.
func (s lists) Get(ctx context.Context, key string) (documents.List, bool, error) {
	var found list
	there, err := s.one(ctx, "read a list", listsIn, bson.D{{Key: "_id", Value: key}, s.kept()}, &found)
	l := found.Body
	l.Key, l.MadeAt = found.Key, found.MadeAt
	if found.Person != nil {
		l.Person = *found.Person
	}
	return l, there, err
}

// Drop implements documents.Lists.
func (s lists) Drop(ctx context.Context, key string) error {
	_, err := s.remove(ctx, "drop a list", listsIn, bson.D{{Key: "_id", Value: key}})
	return err
}

// Forget implements documents.Lists.
func (s lists) Forget(ctx context.Context, person uuid.UUID) (int, error) {
	return s.remove(ctx, "forget the lists of a person", listsIn, bson.D{{Key: "person", Value: person}})
}

// Expire implements documents.Lists.
func (s lists) Expire(ctx context.Context, limit int) (int, error) {
	return s.expire(ctx, listsIn, limit)
}
