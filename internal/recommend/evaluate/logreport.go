package evaluate

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// ReportLog prints what came of the lists of the last days, by model.
func ReportLog(log Log, days int, out io.Writer) error {
	baseline := Popularity
	if slices.ContainsFunc(log.Shown, func(e Entry) bool { return e.Model == Control }) {
		baseline = Control
	}
	arms := Rates(log, baseline)
	if len(arms) == 0 {
		_, err := fmt.Fprintf(out, "In the last %d days no movie of a list came into view, so there is nothing to compare. Apps report what did by POST /v1/me/impressions. There were %d bookings.\n", days, len(log.Booked))
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(table, "| %d days\t| lists\t| in view\t| people\t| opened\t| of those in view\t| 95 %%\t| if all were as likely\t| 95 %%\t|\n|---|---|---|---|---|---|---|---|---|\n", days)
	for _, a := range arms {
		fmt.Fprintf(table, "| %s\t| %d\t| %d\t| %d\t| %d\t| %s\t| %s\t|\n", a.Model, a.Lists, a.Shown, a.People, a.Opened, a.Rate.cells(), a.Weighted.cells())
	}
	fmt.Fprint(table, "\n| booked within 7 days\t| in view, 7 days ago or more\t| booked\t| of those in view\t| 95 %\t|\n|---|---|---|---|---|\n")
	for _, a := range arms {
		fmt.Fprintf(table, "| %s\t| %d\t| %d\t| %s\t|\n", a.Model, a.BookedOf, a.Booked, a.BookedRate.cells())
	}
	compared := slices.DeleteFunc(slices.Clone(arms), func(a Arm) bool { return !a.Compared })
	if len(compared) > 0 {
		fmt.Fprintf(table, "\n| more than %s, people with an account\t| opened, points\t| 95 %%\t| booked, points\t| 95 %%\t|\n|---|---|---|---|---|\n", baseline)
	}
	for _, a := range compared {
		fmt.Fprintf(table, "| %s\t| %s\t| %s\t|\n", a.Model, a.MoreOpened.cells(), a.MoreBooks.cells())
	}
	fmt.Fprint(table, "\n| opened, by place")
	for _, p := range places {
		fmt.Fprintf(table, "\t| %s\t| 95 %%", p)
	}
	fmt.Fprint(table, "\t|\n|---")
	for range places {
		fmt.Fprint(table, "|---|---")
	}
	fmt.Fprint(table, "|\n")
	for _, a := range arms {
		fmt.Fprintf(table, "| %s", a.Model)
		for _, p := range a.Places {
			fmt.Fprintf(table, "\t| %s", p.Rate.cells())
		}
		fmt.Fprint(table, "\t|\n")
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	_, err := fmt.Fprint(out, notes(arms, baseline))
	return err
}

// notes say what the tables do not.
func notes(arms []Arm, baseline string) string {
	text := "\nIntervals count what one person does as alike. Without a difference whose interval leaves 0 out, nothing is shown to be better.\n"
	switch at := slices.IndexFunc(arms, func(a Arm) bool { return a.Model == baseline }); {
	case at < 0:
		text += "No list came from popularity, so there is nothing to compare models with: give it a share of the accounts.\n"
	case baseline == Popularity:
		text += "The lists from popularity are also those of people of whom nothing is known, who do other things: the difference is not the model's alone.\n"
	}
	return text
}

func (p Place) String() string {
	switch {
	case p.To == 0:
		return fmt.Sprintf("%d and on", p.From)
	case p.From == p.To:
		return fmt.Sprint(p.From)
	default:
		return fmt.Sprintf("%d to %d", p.From, p.To)
	}
}

// cells are a share in percent, and its interval.
func (r Rate) cells() string {
	if r.Of == 0 {
		return "–\t| –"
	}
	return fmt.Sprintf("%.2f %%\t| %.2f to %.2f", 100*r.Share, 100*r.Low, 100*r.High)
}

// cells are in percentage points.
func (d Difference) cells() string {
	if !d.Known {
		return "–\t| –"
	}
	return fmt.Sprintf("%+.2f\t| %+.2f to %+.2f", 100*d.Value, 100*d.Low, 100*d.High)
}
