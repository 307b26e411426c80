package evaluate

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/boxoffice/boxoffice/internal/recommend"
)

// Seeds are the draws of hidden films that a report has.
var Seeds = []uint64{1, 3, 5}

// strongSeed draws the people that are held out. It is one draw: the error says what others would change.
const strongSeed = 1

// factsLambdas are what is tried for what a fact costs.
var factsLambdas = []float64{30, 100, 300}

// cutShare is the share of ratings before the moment of [OneMoment].
const cutShare = 0.8

// Report compares ours with the other methods and prints it, as docs/recommendations.md has it.
// What it does meanwhile goes to progress.
func Report(ctx context.Context, r *Ratings, g Grids, out io.Writer, progress func(string)) error {
	results, err := LastOne(ctx, r, g, progress)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(table, "| the last film of %d people, among all of %d\t| NDCG@10\t| in the first ten\t| to train\t| options\t|\n|---|---|---|---|---|\n", results[0].Judged.Cases, len(r.Films))
	for _, result := range results {
		fmt.Fprintf(table, "| %s\t| %.4f\t| %.3f\t| %s\t| %s\t|\n", result.Method, result.Judged.NDCG, result.Judged.Hit, result.Took.Round(time.Second/10), result.Chosen)
	}
	ours := results[len(results)-1]
	cut, err := OneMoment(ctx, r, cutShare, ours.options)
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "\n| %d people after %s\t| NDCG@10\t| in the first ten\t|\n|---|---|---|\n", cut.Ours.Cases, cut.At.Format(time.DateOnly))
	for _, line := range []struct {
		method  string
		measure recommend.Measure
	}{{"popularity", cut.Popularity}, {Ours, cut.Ours}} {
		fmt.Fprintf(table, "| %s\t| %.4f\t| %.3f\t|\n", line.method, line.measure.NDCG, line.measure.Hit)
	}
	strong, err := StrongGeneralization(ctx, r, strongSeed, ours.options, g.Strong, progress)
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "\n| %d people held out, among all of %d\t| Recall@%d\t| ±\t| NDCG@%d\t| ±\t| options\t|\n|---|---|---|---|---|---|\n", strong[0].People, len(r.Films), recallOf, ndcgOf)
	for _, line := range strong {
		fmt.Fprintf(table, "| %s\t| %.3f\t| %.3f\t| %.3f\t| %.3f\t| %s\t|\n", line.Method, line.Recall, line.RecallError, line.NDCG, line.NDCGError, line.Chosen)
	}
	fmt.Fprintf(table, "\n| hidden films\t| people\t| genre cosine\t| %s\t| times\t| if the future were known: popularity\t|\n|---|---|---|---|---|---|\n", Ours)
	for _, seed := range Seeds {
		n, err := NewFilms(ctx, r, seed, factsLambdas)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "| %d\t| %d\t| %.3f\t| %.3f\t| %.1f\t| %.3f\t|\n", n.Films, n.People, n.GenreCosine, n.Ours, n.Ours/n.GenreCosine, n.Popular)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return nil
}
