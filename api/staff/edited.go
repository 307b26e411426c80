package staff

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/cache"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// answerPage reads a page and answers with it, unless the request is wrong.
func answerPage[T any](w http.ResponseWriter, wrong error, read func() ([]T, string, error)) error {
	if wrong != nil {
		return wrong
	}
	items, next, err := read()
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusOK, rest.PageOf(items, next))
}

// readOne answers with one thing and its entity tag, which a change may send back
// as If-Match.
func readOne[T any](what string, read func(context.Context, uuid.UUID) (T, error)) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := rest.PathUUID(r, what)
		if err != nil {
			return err
		}
		value, err := read(r.Context(), id)
		return answerEdited(w, http.StatusOK, value, err)
	}
}

// created makes a thing from the body.
func created[Fields, T any](create func(context.Context, audit.Actor, Fields) (T, error)) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var fields Fields
		if err := rest.Decode(w, r, &fields); err != nil {
			return err
		}
		value, err := create(r.Context(), rest.ActorOf(r), fields)
		return answerEdited(w, http.StatusCreated, value, err)
	}
}

// edited sets the fields of the body.
func edited[Fields, T any](
	what string, change func(context.Context, audit.Actor, uuid.UUID, Fields, staff.Precondition) (T, error),
) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := rest.PathUUID(r, what)
		if err != nil {
			return err
		}
		var fields Fields
		if err := rest.Decode(w, r, &fields); err != nil {
			return err
		}
		value, err := change(r.Context(), rest.ActorOf(r), id, fields, unlessChanged(r))
		return answerEdited(w, http.StatusOK, value, err)
	}
}

// commanded runs a command on a thing that needs no body.
func commanded[T any](
	what string, command func(context.Context, audit.Actor, uuid.UUID, staff.Precondition) (T, error),
) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := rest.PathUUID(r, what)
		if err != nil {
			return err
		}
		value, err := command(r.Context(), rest.ActorOf(r), id, unlessChanged(r))
		return answerEdited(w, http.StatusOK, value, err)
	}
}

// answerEdited answers with what staff work on, or with the error. The entity tag may
// come back as If-Match. The answer is never cached: an editor needs the current state.
func answerEdited(w http.ResponseWriter, status int, value any, err error) error {
	if err != nil {
		return err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("render %T: %w", value, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("ETag", cache.ETag(body))
	rest.Write(w, status, rest.JSON, body)
	return nil
}

// unlessChanged reads If-Match (RFC 9110, section 13.1.1): a thing that is not
// what its editor saw stays as it is. Nil without the header.
func unlessChanged(r *http.Request) staff.Precondition {
	wanted := strings.Join(r.Header.Values("If-Match"), ",")
	if wanted == "" {
		return nil
	}
	return func(current any) error {
		body, err := json.Marshal(current)
		if err != nil {
			return fmt.Errorf("render %T: %w", current, err)
		}
		for tag := range strings.SplitSeq(wanted, ",") {
			// The comparison is strong: a weak tag never fits.
			if tag = strings.TrimSpace(tag); tag == "*" || tag == cache.ETag(body) {
				return nil
			}
		}
		return booking.E(rest.CodePreconditionFailed, "It was changed meanwhile. Read it again, then decide.")
	}
}
