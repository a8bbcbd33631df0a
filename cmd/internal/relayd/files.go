package relayd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// filesIn returns the paths in a folder whose names end so, in order; none for no
// folder. A pattern would not do: the folder's own name may hold characters that
// mean something in one, and then nothing is found.
func filesIn(dir, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}
