package staff

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func (s *service) listPriceCards(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	query := r.URL.Query()
	return answerPage(w, err, func() ([]staff.PriceCard, string, error) {
		return s.Staff.PriceCards(r.Context(), rest.ActorOf(r), staff.PriceCardFilter{
			TheaterID: query.Get("theater_id"), Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (s *service) createPriceCard(w http.ResponseWriter, r *http.Request) error {
	var request staff.NewPriceCard
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	card, err := s.Staff.CreatePriceCard(r.Context(), rest.ActorOf(r), request)
	if err == nil {
		w.Header().Set("Location", "/v1/admin/prices/"+card.ID.String())
	}
	return answerEdited(w, http.StatusCreated, card, err)
}

func (s *service) getPriceCard(w http.ResponseWriter, r *http.Request) error {
	card, err := s.Staff.PriceCard(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"])
	return answerEdited(w, http.StatusOK, card, err)
}

func (s *service) changePriceCard(w http.ResponseWriter, r *http.Request) error {
	var request staff.PriceCardEdit
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	card, err := s.Staff.EditPriceCard(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"], request, unlessChanged(r))
	return answerEdited(w, http.StatusOK, card, err)
}

func (s *service) deletePriceCard(w http.ResponseWriter, r *http.Request) error {
	if err := s.Staff.DeletePriceCard(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"]); err != nil {
		return err
	}
	return rest.NoContent(w)
}
