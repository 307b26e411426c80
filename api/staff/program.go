package staff

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/boxoffice/boxoffice/api/rest"
	"github.com/boxoffice/boxoffice/internal/catalog/staff"
)

// planProgram answers 201 when shows were planned, and 200 after a dry run or when nothing
// fitted.
func (s *service) planProgram(w http.ResponseWriter, r *http.Request) error {
	var request staff.ProgramRequest
	if err := rest.Decode(w, r, &request); err != nil {
		return err
	}
	program, err := s.Staff.PlanProgram(r.Context(), rest.ActorOf(r), mux.Vars(r)["id"], request)
	if err != nil {
		return failInTheWay(w, err)
	}
	status := http.StatusOK
	if len(program.Created) > 0 && !program.DryRun {
		status = http.StatusCreated
	}
	return rest.Answer(w, status, program)
}
