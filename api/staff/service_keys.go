package staff

import (
	"net/http"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/servicekeys"
)

// mountKeys mounts the service keys of partners, which administrators give and take.
func (s *service) mountKeys() {
	const keys = "/v1/admin/service-keys"
	s.Get(keys, s.listKeys)
	s.Post(keys, s.createKey)
	s.Route(http.MethodDelete, keys+"/{id}", s.revokeKey)
}

func (s *service) listKeys(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	return answerPage(w, err, func() ([]servicekeys.Item, string, error) {
		return s.Keys.List(r.Context(), limit, r.URL.Query().Get("cursor"))
	})
}

// createKey takes no Idempotency-Key: to give the same answer twice, the key would have to be
// stored.
func (s *service) createKey(w http.ResponseWriter, r *http.Request) error {
	if err := s.FreshCaller(r); err != nil {
		return err
	}
	var wanted servicekeys.Wanted
	if err := rest.Decode(w, r, &wanted); err != nil {
		return err
	}
	made, err := s.Keys.Create(r.Context(), rest.ActorOf(r), wanted)
	if err != nil {
		return err
	}
	return rest.Answer(w, http.StatusCreated, made)
}

// revokeKey asks for no fresh session: a key that has leaked must end now.
func (s *service) revokeKey(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathUUID(r, "service key")
	if err != nil {
		return err
	}
	if err := s.Keys.Revoke(r.Context(), rest.ActorOf(r), id); err != nil {
		return err
	}
	return rest.NoContent(w)
}
