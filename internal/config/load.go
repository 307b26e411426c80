package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// settingErrors is everything that is wrong with a configuration, so that it is
// repaired in one go.
type settingErrors []string

// Error implements error, a problem a line.
func (p settingErrors) Error() string {
	title := "the configuration has a problem"
	if len(p) > 1 {
		title = fmt.Sprintf("the configuration has %d problems", len(p))
	}
	return title + ":\n  " + strings.Join(p, "\n  ")
}

func (p *settingErrors) add(variable, format string, args ...any) {
	*p = append(*p, variable+": "+fmt.Sprintf(format, args...))
}

// Load reads the environment for the processes named, for all of them when none
// is. The error names every setting that is wrong.
func Load(processes ...Process) (Config, error) {
	return load(env.ToMap(os.Environ()), processes)
}

func load(environment map[string]string, processes []Process) (Config, error) {
	if len(processes) == 0 {
		processes = []Process{API, Worker, Migrate, Seed, Import, Sandbox}
	}
	var (
		config Config
		wrong  settingErrors
	)
	values := withDefaults(withFiles(environment, &wrong))
	for _, part := range config.parts() {
		if err := env.ParseWithOptions(part, env.Options{Environment: values}); err != nil {
			wrong = append(wrong, explain(err)...)
		}
	}
	wrong = append(wrong, missing(values, processes)...)
	if len(wrong) == 0 {
		// What was not read cannot be judged.
		config.check(&wrong)
	}
	config.loadKeys(&wrong, processes)
	config.loadPush(&wrong, processes)
	if len(wrong) > 0 {
		return Config{}, wrong
	}
	return config, nil
}

// withFiles reads the variables that are given as NAME_FILE, which is how
// container engines pass on secrets.
func withFiles(environment map[string]string, wrong *settingErrors) map[string]string {
	given := maps.Clone(environment)
	for _, f := range fields() {
		variable := f.name + "_FILE"
		path := strings.TrimSpace(given[variable])
		if path == "" {
			continue
		}
		if strings.TrimSpace(given[f.name]) != "" {
			wrong.add(variable, "is set, and so is %s. Set one of them.", f.name)
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			wrong.add(variable, "cannot be read: %v.", err)
			continue
		}
		given[f.name] = strings.TrimSpace(string(content))
		if given[f.name] == "" {
			wrong.add(variable, "is an empty file: %s.", path)
		}
	}
	return given
}

// withDefaults adds dev's own defaults. An empty variable counts as unset: that
// is what a compose file passes on for one that is not there.
func withDefaults(environment map[string]string) map[string]string {
	values := map[string]string{}
	for name, value := range environment {
		if value = strings.TrimSpace(value); value != "" {
			values[name] = value
		}
	}
	if values["BOXOFFICE_ENV"] != envDev {
		return values
	}
	given := func(name string) bool { return strings.TrimSpace(environment[name]) != "" }
	for _, f := range fields() {
		if f.dev != "" && !given(f.name) && (f.unless == "" || !given(f.unless)) {
			values[f.name] = f.dev
		}
	}
	return values
}

// missing names the variables that these processes need and that are not set. Key
// files are the exception: dev makes do with throwaway keys.
func missing(values map[string]string, processes []Process) settingErrors {
	var wrong settingErrors
	for _, f := range fields() {
		if values[f.name] != "" || values[f.name+"_FILE"] != "" || f.isKeyFile() && values["BOXOFFICE_ENV"] == envDev {
			continue
		}
		if process, needed := f.neededBy(processes); needed {
			wrong.add(f.name, "is not set and %s needs it. %s", process, f.doc)
		}
	}
	return wrong
}

// neededBy gives the first of the processes that cannot do without the setting.
func (f field) neededBy(processes []Process) (Process, bool) {
	for _, process := range processes {
		if slices.Contains(f.need, process) {
			return process, true
		}
	}
	return "", false
}

// explain turns the library's errors, which name Go's fields, into ones that
// name variables. It never repeats a value: it may be a secret.
func explain(err error) settingErrors {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return settingErrors{err.Error()}
	}
	var wrong settingErrors
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			wrong = append(wrong, one.Error())
			continue
		}
		f := fieldNamed(parse.Name)
		var own ownError
		switch {
		case errors.As(parse.Err, &own):
			wrong.add(f.name, "%s %s", own, f.doc)
		case parse.Type.String() == "time.Duration":
			wrong.add(f.name, "is not a duration. Write for example 90s, 8m or 2h.")
		case parse.Type.Kind() == reflect.Int && parse.Type.PkgPath() == "":
			wrong.add(f.name, "is not a whole number.")
		default:
			wrong.add(f.name, "cannot be read. %s", f.doc)
		}
	}
	return wrong
}

// ownError is a parser of ours talking: it names no value, so it may be shown.
type ownError string

func (e ownError) Error() string { return string(e) }

// field is a setting as its tags describe it.
type field struct {
	goName, name, fallback, dev, unless, doc string
	need                                     []Process
}

func (f field) isKeyFile() bool { return strings.HasSuffix(f.name, "_SIGNING_KEY_FILE") }

func fields() []field {
	var all []field
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		setting := field{
			goName: f.Name, name: name, fallback: f.Tag.Get("envDefault"),
			dev: f.Tag.Get("dev"), unless: f.Tag.Get("unless"), doc: f.Tag.Get("doc"),
		}
		for process := range strings.SplitSeq(f.Tag.Get("need"), ",") {
			if process != "" {
				setting.need = append(setting.need, Process(process))
			}
		}
		all = append(all, setting)
	}
	return all
}

func fieldNamed(goName string) field {
	for _, f := range fields() {
		if f.goName == goName {
			return f
		}
	}
	return field{goName: goName, name: goName}
}
