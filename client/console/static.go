package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Bounds of a page's files. They are read once, when the server begins.
const (
	maxPageFiles  = 1000
	maxPageOctets = 64 << 20
)

// static serves the page's own files. They are the program, and hold nothing of what
// is said: who is not logged in may have all of them but the front page.
type static struct{ files map[string]staticFile }

type staticFile struct {
	body       []byte
	etag, kind string
}

// readPage reads every file of a page. It must have an index.html.
func readPage(page fs.FS) (*static, error) {
	if page == nil {
		return nil, fmt.Errorf("console: Page is required")
	}
	s := &static{files: make(map[string]staticFile)}
	total := 0
	err := fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(page, name)
		if err != nil {
			return err
		}
		if total += len(body); total > maxPageOctets || len(s.files) == maxPageFiles {
			return fmt.Errorf("console: the page has more than %d files or %d octets", maxPageFiles, maxPageOctets)
		}
		sum := sha256.Sum256(body)
		s.files[name] = staticFile{body, `"` + hex.EncodeToString(sum[:16]) + `"`, kindOf(name)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, ok := s.files["index.html"]; !ok {
		return nil, fmt.Errorf("console: the page has no index.html")
	}
	return s, nil
}

// kindOf is a file's media type. The machine's own table is not asked: what a page is
// must not depend on what is installed.
func kindOf(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map", ".geojson":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".wav":
		return "audio/wav"
	case ".mp3":
		return "audio/mpeg"
	case ".ogg", ".opus":
		return "audio/ogg"
	}
	return "application/octet-stream"
}

func (s *static) index(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "index.html") }

// ServeHTTP serves a file by its exact name.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "index.html" { // the front page has one address, which asks for a login
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.serve(w, r, name)
}

func (s *static) serve(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("ETag", f.etag)
	w.Header().Set("Cache-Control", "no-cache") // kept, and asked for each time
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
