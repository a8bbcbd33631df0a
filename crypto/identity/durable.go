package identity

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the most octets of any file this package reads.
const maxFile = 4 << 20

// ensureDir makes a folder that only its owner may enter.
func ensureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return nil
}

// replaceFile writes path so that after a crash it holds the old octets or
// the new ones, and the new ones once replaceFile has returned.
func replaceFile(path string, data []byte) error {
	tmp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("put file in place: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// createFile is replaceFile for a path that must not exist yet. Of several
// callers, in this process or another, one succeeds; the others get an error
// that is fs.ErrExist.
func createFile(path string, data []byte) error {
	tmp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func writeTemp(path string, data []byte) (tmp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("write file: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return f.Name(), nil
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// listFiles returns the paths in a folder whose names begin and end so, in order;
// none for no folder. A pattern would not do: the folder's own name may hold
// characters that mean something in one, and then nothing is found.
func listFiles(dir, prefix, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !missing(err) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// readFile reads a regular file of bounded size.
func readFile(path string) ([]byte, error) { return readChecked(path, false) }

// readSecret is readFile for a file that nobody but its owner may read or
// write. The mode is taken from the open file, so it cannot be exchanged
// between check and use.
func readSecret(path string) ([]byte, error) { return readChecked(path, true) }

func readChecked(path string, secret bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, refuse(Malformed, "%s is not a regular file", path)
	}
	if perm := info.Mode().Perm(); secret && perm&0o077 != 0 {
		return nil, refuse(Exposed, "key file %s has mode %04o: others may read or change it; it must be 0600", path, perm)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, refuse(TooLarge, "%s is larger than %d octets", path, maxFile)
	}
	return data, nil
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func exists(err error) bool { return errors.Is(err, fs.ErrExist) }
