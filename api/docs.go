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
)

// The document is written in parts, a file per resource.
//
//go:embed openapi/*.yaml
var openapiParts embed.FS

//go:embed pages
var pages embed.FS

// The documents change only with a new version of the program.
const pageFresh = 5 * time.Minute

// openapiJSON is the document as clients and the documentation page read it.
func openapiJSON() ([]byte, error) {
	parts, err := fs.Glob(openapiParts, "openapi/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the OpenAPI document's parts: %w", err)
	}
	document := map[string]any{}
	for _, name := range parts {
		content, err := openapiParts.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		var part map[string]any
		if err := yaml.Unmarshal(content, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := merge(document, part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
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
func docsPage() http.Handler {
	page := v5emb.NewWithConfig(swgui.Config{
		SettingsUI: map[string]string{"validatorUrl": "null", "docExpansion": `"list"`},
	})("Boxoffice API", "/openapi.json", "/docs/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Swagger UI starts itself from a script in its page.
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "+
				"img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'")
		page.ServeHTTP(w, r)
	})
}

// startPage answers at the root, so that a person who opens the API in a browser
// knows where to go.
func (a *api) startPage(w http.ResponseWriter, r *http.Request) {
	a.page(w, r, "pages/start.html", "text/html; charset=utf-8", "style-src 'unsafe-inline'")
}

// page sends an embedded file.
func (a *api) page(w http.ResponseWriter, r *http.Request, name, contentType, policy string) {
	body, err := pages.ReadFile(name)
	if err != nil {
		a.fail(w, r, fmt.Errorf("page %s: %w", name, err))
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; "+policy)
	writeCached(w, r, pageFresh, contentType, body, etagOf(body))
}
