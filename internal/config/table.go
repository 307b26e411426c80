package config

import "strings"

// Table is the documentation of every setting, in Markdown.
func Table() string {
	var table strings.Builder
	table.WriteString("| variable | default | in dev | meaning |\n|---|---|---|---|\n")
	for _, f := range fields() {
		fallback := code(f.fallback)
		if f.fallback == "" && len(f.need) > 0 {
			fallback = "required"
		}
		inDev := code(f.dev)
		if f.isKeyFile() {
			inDev = "a throwaway key"
		}
		table.WriteString("| `" + f.name + "` | " + fallback + " | " + inDev + " | " + f.doc + " |\n")
	}
	return table.String()
}

func code(value string) string {
	if value == "" {
		return ""
	}
	return "`" + value + "`"
}
