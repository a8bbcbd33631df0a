package demo

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// storeFile begins the names of the files of a relay's store: the database, its
// write-ahead log and what stands beside them.
const storeFile = "relay.db"

// searchDisk counts patterns in every file of a relay: what lies in the folder
// of its configuration and below, and its log. The relay runs meanwhile; a file
// that goes away is not missed. control is counted in the files of the store
// only: elsewhere the administrator has put it.
func (a *agency) searchDisk(control []byte, patterns [][]byte) (found, controls, octets int, err error) {
	search := func(path string) error {
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		octets += len(b)
		for _, p := range patterns {
			found += bytes.Count(b, p)
		}
		if strings.HasPrefix(filepath.Base(path), storeFile) {
			controls += bytes.Count(b, control)
		}
		return err
	}
	err = filepath.WalkDir(filepath.Dir(a.Dir.RelayConfig()), func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || !e.Type().IsRegular():
			return err
		}
		return search(path)
	})
	return found, controls, octets, errors.Join(err, search(a.Log))
}
