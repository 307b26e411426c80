package web

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/cache"
)

// assets is where Vite puts the files whose names have a hash of their content.
const assets = "/assets/"

const (
	forEver = "public, max-age=31536000, immutable"
	// askAgain: a browser keeps it, and asks each time whether it has changed.
	askAgain = "no-cache"
)

// contentTypes are those of all files of the app. Go's own table differs from machine to
// machine: it reads the system's.
var contentTypes = map[string]string{
	".avif": "image/avif", ".css": "text/css; charset=utf-8", ".gif": "image/gif", ".ico": "image/x-icon",
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".md": "text/markdown; charset=utf-8", ".map": "application/json", ".mjs": "text/javascript; charset=utf-8",
	".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
	".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff": "font/woff", ".woff2": "font/woff2",
}

// encodings are how the build compresses files, the best first.
var encodings = []struct{ name, extension string }{{"br", ".br"}, {"gzip", ".gz"}}

// file is one file of the app in every form that the build has made of it.
type file struct {
	contentType, freshness string
	forms                  []form // the plain one is the last
}

// form is the content in one encoding. A strong entity tag names bytes, so each form has
// its own.
type form struct {
	encoding, etag string
	body           []byte
}

// readFiles gives the files by their address. A hidden file is not served, and the page has
// a head that is made for each address.
func readFiles(dist fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		switch hidden := name != "." && strings.HasPrefix(path.Base(name), "."); {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir() || isCompressed(dist, name) || name == "index.html":
			return nil
		}
		files["/"+name], err = readFile(dist, name)
		return err
	})
	return files, err
}

// isCompressed tells the compressed form of a file from the file.
func isCompressed(dist fs.FS, name string) bool {
	for _, encoding := range encodings {
		if plain, cut := strings.CutSuffix(name, encoding.extension); cut {
			_, err := fs.Stat(dist, plain)
			return err == nil
		}
	}
	return false
}

func readFile(dist fs.FS, name string) (*file, error) {
	f := &file{contentType: contentTypes[path.Ext(name)], freshness: askAgain}
	if f.contentType == "" {
		return nil, fmt.Errorf("%s: no content type is known for %q: add it to contentTypes", name, path.Ext(name))
	}
	if strings.HasPrefix("/"+name, assets) {
		f.freshness = forEver
	}
	for _, encoding := range encodings {
		body, err := fs.ReadFile(dist, name+encoding.extension)
		if err == nil { // the build leaves small files as they are
			f.forms = append(f.forms, form{encoding.name, cache.ETag(body), body})
		}
	}
	body, err := fs.ReadFile(dist, name)
	if err != nil {
		return nil, err
	}
	f.forms = append(f.forms, form{"", cache.ETag(body), body})
	return f, nil
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	chosen := f.forms[len(f.forms)-1]
	for _, form := range f.forms {
		if form.encoding == "" || cache.Accepts(r.Header, form.encoding) {
			chosen = form
			break
		}
	}
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	if chosen.encoding != "" {
		header.Set("Content-Encoding", chosen.encoding)
		if r.Header.Get("Range") == "" { // net/http leaves the length of encoded content to us
			header.Set("Content-Length", strconv.Itoa(len(chosen.body)))
		}
	}
	serveContent(w, r, f.freshness, chosen.etag, chosen.body)
}

// serveContent answers conditions and ranges as HTTP has them.
func serveContent(w http.ResponseWriter, r *http.Request, freshness, etag string, body []byte) {
	header := w.Header()
	header.Set("Cache-Control", freshness)
	header.Set("ETag", etag)
	header.Add("Vary", "Accept-Encoding")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
