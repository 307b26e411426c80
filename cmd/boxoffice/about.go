package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/internal/config"
)

type configCommand struct{}

// Run prints the table that README shows.
func (*configCommand) Run() error {
	fmt.Print(config.Table())
	return nil
}

type openapiCommand struct{}

// Run prints the document that the API serves at /openapi.json, without a database or
// settings, for programs that make a client from it.
func (*openapiCommand) Run() error {
	document, err := api.Document()
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n", document)
	return err
}

type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run() error {
	fmt.Println(version())
	return nil
}

// version is the commit that the Go tool noted when it built us.
func version() string {
	revision, changed, module := builtFrom()
	if changed {
		revision += "+changes"
	}
	return cmp.Or(revision, module, "unknown")
}

// commit is version, empty when it does not say exactly what was built.
func commit() string {
	revision, changed, _ := builtFrom()
	if changed {
		return ""
	}
	return revision
}

// builtFrom is the commit that the program was built from, whether there were
// changes besides, and the module's version.
func builtFrom() (revision string, changed bool, module string) {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "", false, ""
	}
	settings := map[string]string{}
	for _, setting := range build.Settings {
		settings[setting.Key] = setting.Value
	}
	revision = settings["vcs.revision"]
	if len(revision) > 12 {
		revision = revision[:12]
	}
	return revision, settings["vcs.modified"] == "true", build.Main.Version
}
