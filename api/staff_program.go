package api

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// staffPlanProgram answers 201 when shows were planned, 200 when that was only
// tried or nothing fitted.
func (a *api) staffPlanProgram(w http.ResponseWriter, r *http.Request) {
	var request staff.ProgramRequest
	if err := decode(w, r, &request); err != nil {
		a.fail(w, r, err)
		return
	}
	program, err := a.Staff.PlanProgram(r.Context(), actorOf(r), mux.Vars(r)["id"], request)
	if err != nil {
		a.failInTheWay(w, r, err)
		return
	}
	status := http.StatusOK
	if len(program.Created) > 0 && !program.DryRun {
		status = http.StatusCreated
	}
	a.answer(w, r, status, program)
}
