package api

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"

	accountsapi "github.com/boxoffice/boxoffice/api/accounts"
	bookingsapi "github.com/boxoffice/boxoffice/api/bookings"
	catalogapi "github.com/boxoffice/boxoffice/api/catalog"
	paymentsapi "github.com/boxoffice/boxoffice/api/payments"
	"github.com/boxoffice/boxoffice/api/rest"
	searchapi "github.com/boxoffice/boxoffice/api/search"
	staffapi "github.com/boxoffice/boxoffice/api/staff"
)

// The document is written in parts, a file per resource, beside the handlers.
//
//go:embed *.yaml
var openAPI embed.FS

//go:embed start.html
var start []byte

// mountAlways mounts what every process serves.
func mountAlways(server *rest.Server, health Health) error {
	document, err := openapiJSON()
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	server.Get("/healthz", health.health)
	server.Get("/readyz", func(w http.ResponseWriter, r *http.Request) error { return health.ready(w, r, server.Logger) })
	server.Get("/openapi.json", func(w http.ResponseWriter, r *http.Request) error {
		rest.WriteCached(w, r, pageFresh, rest.JSON, document)
		return nil
	})
	server.Get("/", startPage)
	server.Get("/docs", func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, "/docs/", http.StatusMovedPermanently)
		return nil
	})
	server.Below("/docs/", docsPage(), http.MethodGet, http.MethodHead)
	return nil
}

// The documents change only with a new version of the program.
const pageFresh = 5 * time.Minute

// openapiJSON is the document as clients and the documentation page read it.
func openapiJSON() ([]byte, error) {
	document := map[string]any{}
	for _, parts := range []embed.FS{openAPI, accountsapi.OpenAPI, catalogapi.OpenAPI, searchapi.OpenAPI,
		bookingsapi.OpenAPI, paymentsapi.OpenAPI, staffapi.OpenAPI} {
		if err := mergeAll(document, parts); err != nil {
			return nil, err
		}
	}
	if err := allowMalformed(document); err != nil {
		return nil, err
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("the OpenAPI document as JSON: %w", err)
	}
	return body, nil
}

func mergeAll(document map[string]any, parts embed.FS) error {
	files, err := parts.ReadDir(".")
	if err != nil {
		return fmt.Errorf("list the OpenAPI document's parts: %w", err)
	}
	for _, file := range files {
		content, err := parts.ReadFile(file.Name())
		if err != nil {
			return fmt.Errorf("read %s: %w", file.Name(), err)
		}
		var part map[string]any
		if err := yaml.Unmarshal(content, &part); err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
		if err := merge(document, part); err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return nil
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

// merge adds a part to a document. What two parts both define is a mistake.
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

// startPage answers at the root, so that a person who opens the API in a browser
// knows where to go.
func startPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'")
	rest.WriteCached(w, r, pageFresh, "text/html; charset=utf-8", start)
	return nil
}
