package client

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// State keeps what a device must not lose: the secrets of its key packages and
// groups, and how far it has read. Save returns when the value is durable.
type State interface {
	Load(key string) ([]byte, error) // nil, nil when there is none
	Save(key string, value []byte) error
	Delete(key string) error // of a key that is not there does nothing
	Keys() ([]string, error)
}

// DirState keeps each value in a file of a folder that only its owner can read.
type DirState struct{ dir string }

// NewDirState uses dir, which it makes if need be with mode 0700. What a Save left
// there that was killed is deleted: it holds secrets, and nobody would look for it.
func NewDirState(dir string) (*DirState, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &DirState{dir}
	return d, d.removeUnfinished("")
}

const (
	stateSuffix      = ".state"
	unfinishedSuffix = ".tmp"
)

// Load implements State.
func (d *DirState) Load(key string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(d.dir, key+stateSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save implements State: a new file, synced, takes the old one's place; the
// folder is synced too.
func (d *DirState) Save(key string, value []byte) error {
	f, err := os.CreateTemp(d.dir, key+".*"+unfinishedSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(d.dir, key+stateSuffix))
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Keys implements State.
func (d *DirState) Keys() ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	var keys []string
	for _, e := range entries {
		if key, ok := strings.CutSuffix(e.Name(), stateSuffix); ok {
			keys = append(keys, key)
		}
	}
	return keys, err
}

// Delete implements State. It also deletes what was never finished of the value.
func (d *DirState) Delete(key string) error {
	err := d.removeUnfinished(key + ".")
	return errors.Join(err, d.remove(key+stateSuffix))
}

func (d *DirState) removeUnfinished(prefix string) error {
	entries, err := os.ReadDir(d.dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), unfinishedSuffix) {
			err = errors.Join(err, d.remove(e.Name()))
		}
	}
	return err
}

func (d *DirState) remove(name string) error {
	err := os.Remove(filepath.Join(d.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// MemoryState keeps values as long as the process lasts.
type MemoryState struct {
	mu     sync.Mutex // held for the whole of every method
	values map[string][]byte
}

// NewMemoryState returns an empty one.
func NewMemoryState() *MemoryState { return &MemoryState{values: make(map[string][]byte)} }

// Load implements State.
func (m *MemoryState) Load(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

// Save implements State.
func (m *MemoryState) Save(key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = append([]byte(nil), value...)
	return nil
}

// Delete implements State.
func (m *MemoryState) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

// Keys implements State.
func (m *MemoryState) Keys() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]string, 0, len(m.values))
	for k := range m.values {
		keys = append(keys, k)
	}
	return keys, nil
}
