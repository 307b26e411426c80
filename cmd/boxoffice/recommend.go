package main

import (
	"context"
	"fmt"
	"os"

	"github.com/boxoffice/boxoffice/internal/recommend/evaluate"
)

type recommendCommand struct {
	Evaluate recommendEvaluateCommand `cmd:"" help:"Compare the recommendations with other methods on MovieLens, and print the tables."`
	Train    recommendTrainCommand    `cmd:"" help:"Learn from bookings and feedback now, and put the new model in use unless it is worse. The workers do the work."`
	Back     recommendBackCommand     `cmd:"" help:"Put the version of the model in use that was in use before."`
}

type recommendEvaluateCommand struct {
	Data  string `required:"" placeholder:"DIR" help:"A folder with movielens-latest-small/ and, for the casts, films/films.jsonl."`
	Quick bool   `help:"Only try the options that were best before: about a minute instead of a quarter of an hour."`
}

// Run evaluates. The tables go to standard output, what it does meanwhile to standard error.
func (c *recommendEvaluateCommand) Run(ctx context.Context) error {
	ratings, err := evaluate.Read(c.Data)
	if err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	grids := evaluate.FullGrids()
	if c.Quick {
		grids = evaluate.QuickGrids()
	}
	return evaluate.Report(ctx, ratings, grids, os.Stdout, func(step string) { fmt.Fprintln(os.Stderr, step) })
}
