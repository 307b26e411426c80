package api

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"

	"github.com/boxoffice/boxoffice/api/rest"
)

// The document is written in parts, a file per resource, beside the handlers.
//
//go:embed *.yaml */*.yaml
var openAPI embed.FS

// mountAlways mounts what every process serves.
func mountAlways(server *rest.Server, health Health) error {
	document, err := Document()
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	server.Get("/healthz", health.health)
	server.Get("/readyz", func(w http.ResponseWriter, r *http.Request) error { return health.ready(w, r, server.Logger) })
	server.Get("/openapi.json", func(w http.ResponseWriter, r *http.Request) error {
		rest.WriteCached(w, r, pageFresh, rest.JSON, document)
		return nil
	})
	server.Get("/docs", func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/docs/", http.StatusMovedPermanently)
		return nil
	})
	server.Below("/docs/", docsPage(), http.MethodGet, http.MethodHead)
	return nil
}

// The documents change only with a new version of the program.
const pageFresh = 5 * time.Minute

// Document is the OpenAPI document (JSON) as clients and the documentation page read it.
func Document() ([]byte, error) {
	document := map[string]any{}
	if err := fs.WalkDir(openAPI, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := mergeFile(document, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("the parts of the OpenAPI document: %w", err)
	}
	if err := allowMalformed(document); err != nil {
		return nil, err
	}
	if err := describeKeys(document); err != nil {
		return nil, err
	}
	if err := describeLimits(document); err != nil {
		return nil, err
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("the OpenAPI document as JSON: %w", err)
	}
	return body, nil
}

func mergeFile(document map[string]any, name string) error {
	content, err := openAPI.ReadFile(name)
	if err != nil {
		return err
	}
	var part map[string]any
	if err := yaml.Unmarshal(content, &part); err != nil {
		return err
	}
	return merge(document, part)
}

// allowMalformed lets every operation answer 400: any address may hold what none
// may (see refuseOdd).
func allowMalformed(document map[string]any) error {
	paths, _ := document["paths"].(map[string]any)
	for path, item := range paths {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			described, _ := operation.(map[string]any)
			if described["operationId"] == nil { // the item's own parameters
				continue
			}
			responses, ok := described["responses"].(map[string]any)
			if !ok {
				return fmt.Errorf("%s %s has no responses", method, path)
			}
			if _, there := responses["400"]; !there {
				responses["400"] = map[string]any{"$ref": "#/components/responses/Malformed"}
			}
		}
	}
	return nil
}

// merge adds a part to a document. A name that two parts define is an error.
func merge(document, part map[string]any) error {
	for key, value := range part {
		there, defined := document[key]
		if !defined {
			document[key] = value
			continue
		}
		into, ok := there.(map[string]any)
		from, okToo := value.(map[string]any)
		if !ok || !okToo {
			return fmt.Errorf("%s is defined twice", key)
		}
		if err := merge(into, from); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// docsPage is Swagger UI, served from the binary. Its validator badge would send
// the document's address to a stranger, so it is off.
func docsPage() rest.Handler {
	page := v5emb.NewWithConfig(swgui.Config{
		SettingsUI: map[string]string{"validatorUrl": "null", "docExpansion": `"list"`},
	})("Boxoffice API", "/openapi.json", "/docs/")
	return func(w http.ResponseWriter, r *http.Request) error {
		// Swagger UI starts itself from a script in its page.
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "+
				"img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'")
		page.ServeHTTP(w, r)
		return nil
	}
}
