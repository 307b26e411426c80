package main

import (
	"context"
	"fmt"
	"os"

	"github.com/boxoffice/boxoffice/internal/recommend/evaluate"
)

type recommendCommand struct {
	Evaluate recommendEvaluateCommand `cmd:"" help:"Compare the recommendations with other methods on MovieLens, or say what came of the lists that people were shown, and print the tables."`
	Train    recommendTrainCommand    `cmd:"" help:"Learn from bookings and feedback now, and put the new model in use unless it is worse. The workers do the work."`
	Back     recommendBackCommand     `cmd:"" help:"Put the version of the model in use that was in use before."`
}

type recommendEvaluateCommand struct {
	Data  string `required:"" xor:"what" placeholder:"DIR" help:"Compare methods on a folder with movielens-latest-small/ and, for the casts, films/films.jsonl."`
	Log   bool   `required:"" xor:"what" help:"Compare models by what people opened and booked, in the document store."`
	Days  int    `default:"30" help:"With --log: how many days back."`
	Quick bool   `help:"With --data: only try the options that were best before: about a minute instead of a quarter of an hour."`
}

// Run evaluates. The tables go to standard output, what it does meanwhile to standard error.
func (c *recommendEvaluateCommand) Run(ctx context.Context) error {
	if c.Log {
		return evaluateLog(ctx, c.Days, os.Stdout)
	}
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
