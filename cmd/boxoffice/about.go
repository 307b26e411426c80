package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/boxoffice/boxoffice/internal/config"
)

type configCommand struct{}

// Run prints the table that README shows.
func (*configCommand) Run() error {
	fmt.Print(config.Table())
	return nil
}

type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run() error {
	fmt.Println(version())
	return nil
}

// version is the commit that the Go tool noted when it built us.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	settings := map[string]string{}
	for _, setting := range build.Settings {
		settings[setting.Key] = setting.Value
	}
	commit := settings["vcs.revision"]
	if len(commit) > 12 {
		commit = commit[:12]
	}
	if settings["vcs.modified"] == "true" {
		commit += "+changes"
	}
	return cmp.Or(commit, build.Main.Version, "unknown")
}
