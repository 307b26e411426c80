package api

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

func (a *api) staffListPriceCards(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	cards, next, err := a.Staff.PriceCards(r.Context(), actorOf(r), staff.PriceCardFilter{
		TheaterID: query.Get("theater_id"), Limit: limit, Cursor: query.Get("cursor"),
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, pageOf(cards, next))
}

func (a *api) staffCreatePriceCard(w http.ResponseWriter, r *http.Request) {
	var request staff.NewPriceCard
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	card, err := a.Staff.CreatePriceCard(r.Context(), actorOf(r), request)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/admin/prices/"+card.ID.String())
	a.answer(w, r, http.StatusCreated, card)
}

func (a *api) staffGetPriceCard(w http.ResponseWriter, r *http.Request) {
	card, err := a.Staff.PriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"])
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, card)
}

func (a *api) staffChangePriceCard(w http.ResponseWriter, r *http.Request) {
	var request staff.PriceCardChange
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	card, err := a.Staff.ChangePriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"], request, nil)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, http.StatusOK, card)
}

func (a *api) staffDeletePriceCard(w http.ResponseWriter, r *http.Request) {
	if err := a.Staff.DeletePriceCard(r.Context(), actorOf(r), mux.Vars(r)["id"]); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
