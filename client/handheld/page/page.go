// Package page holds the handheld's page as the console serves it.
//
// The sources are in src, index.html and static; what they share with the dispatcher's
// page, and the libraries, are in client/console/page. built is what tools/page makes
// of them, committed so that a clone builds with Go alone.
package page

import (
	"embed"
	"io/fs"
)

//go:generate go run -C ../../../tools/page .

//go:embed built
var built embed.FS

// Files returns the files of the page: index.html, and what it names.
func Files() fs.FS {
	files, err := fs.Sub(built, "built")
	if err != nil {
		panic("page: " + err.Error()) // the name is a constant
	}
	return files
}
