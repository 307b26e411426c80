package main

import (
	"fmt"

	"github.com/boxoffice/boxoffice/internal/keys"
)

type keysCommand struct {
	Dir string `required:"" placeholder:"DIR" help:"Where the files are made. It is created."`
}

// Run makes the keys that are missing. What is there stays.
func (c *keysCommand) Run() error {
	made, err := keys.Fill(c.Dir)
	for _, path := range made {
		fmt.Println("made", path)
	}
	if err == nil && len(made) == 0 {
		fmt.Println("all keys are in", c.Dir)
	}
	return err
}
