package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func TestFilesAreKeptByWhatTheirNamesPromise(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	for path, kind := range map[string]string{
		"/assets/index-abc123.js": "text/javascript; charset=utf-8", "/assets/index-abc123.css": "text/css; charset=utf-8",
		"/assets/_helper-abc123.js": "text/javascript; charset=utf-8",
	} {
		got := ask(handler, "GET", path)
		assert.Equal(t, 200, got.status, path)
		assert.Equal(t, kind, got.header.Get("Content-Type"), path)
		assert.Equal(t, "public, max-age=31536000, immutable", got.header.Get("Cache-Control"), path)
	}
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/movies/dune-part-two": "text/html; charset=utf-8",
		"/sw.js": "text/javascript; charset=utf-8", "/manifest.webmanifest": "application/manifest+json",
		"/icons/icon.svg": "image/svg+xml", "/robots.txt": "text/plain; charset=utf-8", "/sitemap.xml": "application/xml; charset=utf-8",
	} {
		got := ask(handler, "GET", path)
		assert.Equal(t, 200, got.status, path)
		assert.Equal(t, kind, got.header.Get("Content-Type"), path)
		assert.Equal(t, "no-cache", got.header.Get("Cache-Control"), path)
		assert.Equal(t, "Accept-Encoding", got.header.Get("Vary"), path)
		assert.Regexp(t, `^"[\w-]+"$`, got.header.Get("ETag"), "%s: strong", path)
	}
}

func TestWhatABrowserHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	for _, path := range []string{"/", "/movies/dune-part-two", "/sw.js", "/manifest.webmanifest", "/assets/index-abc123.js", "/robots.txt", "/sitemap.xml"} {
		first := ask(handler, "GET", path, "Accept-Encoding", "gzip, br")
		etag := first.header.Get("ETag")
		// nginx makes a tag weak when it compresses.
		for _, known := range []string{etag, `"other", ` + etag, "W/" + etag, "*"} {
			again := ask(handler, "GET", path, "Accept-Encoding", "gzip, br", "If-None-Match", known)
			assert.Equal(t, 304, again.status, "%s %s", path, known)
			assert.Empty(t, again.body, path)
			assert.Equal(t, etag, again.header.Get("ETag"), path)
			assert.Equal(t, first.header.Get("Cache-Control"), again.header.Get("Cache-Control"), path)
			assert.Equal(t, "Accept-Encoding", again.header.Get("Vary"), path)
		}
		assert.Equal(t, 200, ask(handler, "GET", path, "If-None-Match", `"other"`).status, path)
	}
	changed := demo()
	changed.movie.Title = "Dune: Part Three"
	assert.NotEqual(t, ask(handler, "GET", "/movies/dune-part-two").header.Get("ETag"),
		ask(serve(t, changed, built()), "GET", "/movies/dune-part-two").header.Get("ETag"), "the tag is of the content")
	assert.Equal(t, 404, ask(handler, "GET", "/nope", "If-None-Match", "*").status)
}

func TestCompressedFormsAreForThoseWhoTakeThem(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	const script = "/assets/index-abc123.js"
	plain := read(t, built(), script[1:])
	tags := map[string]string{}
	for accepted, encoding := range map[string]string{
		"": "", "br": "br", "gzip, deflate, br, zstd": "br", "gzip": "gzip", "gzip;q=1.0, br;q=0": "gzip", "BR": "br",
		"br;q=0, gzip;q=0.0": "", "deflate": "", "*": "", "brotli, x-gzip": "",
	} {
		got := ask(handler, "GET", script, "Accept-Encoding", accepted)
		assert.Equal(t, 200, got.status, accepted)
		assert.Equal(t, encoding, got.header.Get("Content-Encoding"), accepted)
		assert.Equal(t, "text/javascript; charset=utf-8", got.header.Get("Content-Type"), accepted)
		assert.Equal(t, "Accept-Encoding", got.header.Get("Vary"), accepted)
		assert.Equal(t, len(got.body), atoi(t, got.header.Get("Content-Length")), accepted)
		tags[encoding] = got.header.Get("ETag")
		switch encoding {
		case "":
			assert.Equal(t, plain, got.body, accepted)
		case "br":
			assert.Equal(t, read(t, built(), script[1:]+".br"), got.body, accepted)
		case "gzip":
			unpacked, err := gzip.NewReader(strings.NewReader(got.body))
			require.NoError(t, err)
			var out bytes.Buffer
			_, err = io.Copy(&out, unpacked)
			require.NoError(t, err)
			assert.Equal(t, plain, out.String())
		}
	}
	assert.NotEqual(t, tags["br"], tags["gzip"], "a strong tag names bytes")
	assert.NotEqual(t, tags[""], tags["gzip"])

	head := ask(handler, "HEAD", script, "Accept-Encoding", "br")
	assert.Empty(t, head.body)
	assert.Equal(t, len(read(t, built(), script[1:]+".br")), atoi(t, head.header.Get("Content-Length")))
	assert.Empty(t, ask(handler, "GET", "/sw.js", "Accept-Encoding", "br").header.Get("Content-Encoding"), "it has no compressed form")
}

func TestPartsOfFiles(t *testing.T) {
	t.Parallel()
	handler := serve(t, demo(), built())
	const script = "/assets/index-abc123.js"
	for encoding, extension := range map[string]string{"": "", "gzip": ".gz"} {
		whole := read(t, built(), script[1:]+extension)
		got := ask(handler, "GET", script, "Accept-Encoding", encoding, "Range", "bytes=5-14")
		assert.Equal(t, 206, got.status, encoding)
		assert.Equal(t, whole[5:15], got.body, encoding)
		assert.Equal(t, "10", got.header.Get("Content-Length"), encoding)
	}
	assert.Equal(t, 416, ask(handler, "GET", script, "Range", "bytes=999999-").status)
}

// The app that goes into the program: every file of it, as a browser asks for it.
func TestEveryBuiltFileIsServed(t *testing.T) {
	t.Parallel()
	dist := os.DirFS("dist")
	handler := serve(t, demo(), nil)
	asked := 0
	require.NoError(t, fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		extension := path.Ext(name)
		if entry.IsDir() || extension == ".br" || extension == ".gz" || name == "index.html" || strings.HasPrefix(path.Base(name), ".") {
			return nil
		}
		asked++
		got := ask(handler, "GET", "/"+name)
		assert.Equal(t, 200, got.status, name)
		assert.Equal(t, read(t, dist, name), got.body, name)
		assert.NotContains(t, got.header.Get("Content-Type"), "octet-stream", name)
		assert.NotContains(t, got.header.Get("Content-Type"), "text/html", name)
		freshness := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			freshness = "public, max-age=31536000, immutable"
		}
		assert.Equal(t, freshness, got.header.Get("Cache-Control"), name)
		return nil
	}))
	home := ask(handler, "GET", "/")
	assert.Equal(t, 200, home.status)
	for _, address := range addressesIn(t, home.body) {
		asked++
		assert.Equal(t, 200, ask(handler, "GET", address).status, "the page asks for %s", address)
	}
	t.Logf("%d files", asked)
}

// addressesIn are the files that a page loads from us.
func addressesIn(t *testing.T, page string) (addresses []string) {
	t.Helper()
	for _, node := range nodesOf(t, page) {
		for _, attribute := range node.Attr {
			loads := attribute.Key == "src" || attribute.Key == "href" && node.DataAtom == atom.Link
			if loads && strings.HasPrefix(attribute.Val, "/") {
				addresses = append(addresses, attribute.Val)
			}
		}
	}
	return addresses
}

func nodesOf(t *testing.T, page string) (nodes []*html.Node) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for node := range root.Descendants() {
		if node.Type == html.ElementNode {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// What the content policy forbids does not happen: no style in the page, and no script but the
// one of the build, whose hash the policy names.
func TestPagesHaveNothingThatThePolicyForbids(t *testing.T) {
	t.Parallel()
	hostile := demo()
	hostile.movie.Title, hostile.theater.Name = hostileText, hostileText
	for name, dist := range map[string]fs.FS{"fixture": built(), "built": nil} {
		handler := serve(t, hostile, dist)
		for _, path := range []string{"/", "/movies/dune-part-two", "/theaters/aurora", "/bookings", "/nope"} {
			got := ask(handler, "GET", path)
			for _, node := range nodesOf(t, got.body) {
				attributes := map[string]string{}
				for _, attribute := range node.Attr {
					attributes[attribute.Key] = attribute.Val
					assert.False(t, strings.HasPrefix(attribute.Key, "on") || attribute.Key == "style", "%s%s: %s in %s", name, path, attribute.Key, node.Data)
				}
				assert.NotEqual(t, atom.Style, node.DataAtom, "%s%s", name, path)
				assert.NotEqual(t, atom.Base, node.DataAtom, "%s%s", name, path)
				if node.DataAtom == atom.Script && attributes["src"] == "" && attributes["type"] == "" {
					sum := sha256.Sum256([]byte(node.FirstChild.Data))
					assert.Contains(t, got.header.Get("Content-Security-Policy"), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "%s%s: a script in the page", name, path)
				} else if node.DataAtom == atom.Script && attributes["type"] != "application/ld+json" {
					assert.True(t, strings.HasPrefix(attributes["src"], "/"), "%s%s: a script in the page: %v", name, path, attributes)
					assert.Nil(t, node.FirstChild, "%s%s: a script in the page", name, path)
				}
			}
		}
	}
}
