package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommendations"
)

type recommendBackCommand struct{}

// Run puts the version before in use. It needs the store of documents alone.
func (c *recommendBackCommand) Run(ctx context.Context) error {
	cfg, log, err := load(config.Worker)
	if err != nil {
		return err
	}
	p := &platform{config: cfg, log: log}
	defer p.close()
	store, err := p.openDocuments(ctx)
	if err != nil {
		return err
	}
	from, to, err := goBack(ctx, store.Models)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("Version %s is in use again, in place of %s.\n", to, from)
	return err
}

func goBack(ctx context.Context, models documents.Models) (from, to string, err error) {
	used, err := models.InUse(ctx, recommendations.ModelName)
	if err != nil {
		return "", "", err
	}
	if used.Previous == "" {
		return "", "", errors.New("there is no version before the one in use: train a new one with boxoffice recommend train")
	}
	return used.Current, used.Previous, models.Swap(ctx, recommendations.ModelName, used.Current, used.Previous)
}
