// Command page bundles the pages that endpoints serve, so that a clone needs neither
// node nor a network to build the program: what it writes is committed and embedded.
//
//	go run -C tools/page .          builds every page
//	go run -C tools/page . -check   says which built file differs from its sources; exit 1
//
// The same sources give the same octets on every machine.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "compare only")
	root := flag.String("root", "../..", "the project")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run builds or checks each page below root.
func run(root string, check bool) error {
	var all []error
	for _, dir := range []string{"client/console/page", "client/handheld/page"} {
		dir = filepath.Join(root, dir)
		if _, err := os.Stat(filepath.Join(dir, "src", "main.js")); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		files, err := build(dir, filepath.Join(root, "client/console/page/vendor"))
		switch {
		case err != nil:
			all = append(all, fmt.Errorf("%s: %w", dir, err))
		case check:
			all = append(all, compare(filepath.Join(dir, "built"), files))
		default:
			all = append(all, replace(filepath.Join(dir, "built"), files))
		}
	}
	return errors.Join(all...)
}

// compare says which files of dir are not as built, lack, or are too many.
func compare(dir string, files map[string][]byte) error {
	have, err := read(dir)
	if err != nil {
		return err
	}
	var bad []string
	for name, want := range files {
		if got, ok := have[name]; !ok {
			bad = append(bad, name+" is not there")
		} else if !bytes.Equal(got, want) {
			bad = append(bad, name+" is not what the sources give")
		}
	}
	for name := range have {
		if _, ok := files[name]; !ok {
			bad = append(bad, name+" has no source")
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	return fmt.Errorf("%s: %s; `go run -C tools/page .` builds it", dir, strings.Join(bad, "; "))
}

// replace makes dir hold these files and no others.
func replace(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read returns every file below dir by its slashed name; none if dir is not there.
func read(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = data
		return err
	})
	return files, err
}
