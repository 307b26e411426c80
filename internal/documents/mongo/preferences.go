package mongo

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
)

type preferences struct{ store }

type profile struct {
	Person    uuid.UUID         `bson:"_id"`
	Version   int64             `bson:"version"`
	ChangedAt time.Time         `bson:"changed_at"`
	Body      documents.Profile `bson:"body"`
}

// Get implements documents.Preferences.
func (s preferences) Get(ctx context.Context, person uuid.UUID) (documents.Profile, error) {
	var found profile
	_, err := s.one(ctx, "read a profile", profilesIn, bson.D{{Key: "_id", Value: person}}, &found)
	p := found.Body
	p.Version, p.ChangedAt = found.Version, found.ChangedAt
	return p, err
}

// Put implements documents.Preferences.
func (s preferences) Put(ctx context.Context, person uuid.UUID, p documents.Profile) (version int64, err error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conflict := changedMeanwhile()
	next := profile{Person: person, Version: p.Version + 1, ChangedAt: s.options.Moment(), Body: p}
	profiles := s.db.Collection(profilesIn)
	if p.Version == 0 {
		next.Version = documents.FirstVersion(s.options.Now())
		_, err := profiles.InsertOne(ctx, next)
		if mongo.IsDuplicateKeyError(err) {
			return 0, conflict.Wrap(err)
		}
		return next.Version, explain(err, "write a profile")
	}
	done, err := profiles.ReplaceOne(ctx, bson.D{{Key: "_id", Value: person}, {Key: "version", Value: p.Version}}, next)
	switch {
	case err != nil:
		return 0, explain(err, "write a profile")
	case done.MatchedCount == 0:
		return 0, conflict
	default:
		return next.Version, nil
	}
}

func changedMeanwhile() *booking.Error {
	return documents.Conflict("The preferences were changed meanwhile. Read them again, then repeat the change.")
}

// Delete implements documents.Preferences.
func (s preferences) Delete(ctx context.Context, person uuid.UUID) error {
	_, err := s.remove(ctx, "delete a profile", profilesIn, bson.D{{Key: "_id", Value: person}})
	return err
}

// DeleteVersion implements documents.Preferences.
func (s preferences) DeleteVersion(ctx context.Context, person uuid.UUID, version int64) error {
	n, err := s.remove(ctx, "delete a profile", profilesIn, bson.D{{Key: "_id", Value: person}, {Key: "version", Value: version}})
	if err == nil && n == 0 {
		return changedMeanwhile()
	}
	return err
}
