package api

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func (a *api) staffListPriceCards(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	query := r.URL.Query()
	answerPage(a, w, r, err, func() ([]staff.PriceCard, string, error) {
		return a.Staff.PriceCards(r.Context(), actorOf(r), staff.PriceCardFilter{
			TheaterID: query.Get("theater_id"), Limit: limit, Cursor: query.Get("cursor")})
	})
}

func (a *api) staffCreatePriceCard(w http.ResponseWriter, r *http.Request) {
	var request staff.NewPriceCard
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	card, err := a.Staff.CreatePriceCard(r.Context(), actorOf(r), request)
	if err == nil {
		w.Header().Set("Location", "/v1/admin/prices/"+card.ID.String())
	}
	a.answerEdited(w, r, http.StatusCreated, card, err)
}

func (a *api) staffGetPriceCard(w http.ResponseWriter, r *http.Request) {
	card, err := a.Staff.PriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"])
	a.answerEdited(w, r, http.StatusOK, card, err)
}

func (a *api) staffChangePriceCard(w http.ResponseWriter, r *http.Request) {
	var request staff.PriceCardChange
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	card, err := a.Staff.ChangePriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"], request, unlessChanged(r))
	a.answerEdited(w, r, http.StatusOK, card, err)
}

func (a *api) staffDeletePriceCard(w http.ResponseWriter, r *http.Request) {
	if err := a.Staff.DeletePriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"]); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
