package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"crossband/cmd/internal/relayd"
	"crossband/formats/webhook"
	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/door"
)

// hookOutFile is deliver.toml. Paths are relative to the folder that it is in.
// A key that is not listed here is refused.
type hookOutFile struct {
	// Store is the SQLite file in which events wait and the delivery log is
	// kept. Default "hook.db".
	Store string `toml:"store"`

	// StoreLimit bounds the store, in MiB. Default 1024.
	StoreLimit int64 `toml:"store_limit"`

	// Targets are the receivers, 1 to deliver.MaxTargets.
	Targets []hookOutTarget `toml:"target"`
}

// hookOutTarget is one [[target]] of the file.
type hookOutTarget struct {
	// Name is 1 to 32 of a-z, 0-9 and hyphen. What waits for the target, and
	// its log, are kept under it.
	Name string `toml:"name"`

	// URL is where events are posted: https, a domain name or a global address.
	URL string `toml:"url"`

	// Secrets is a file with one whsec_ secret on each line, readable by its
	// user only. With two lines both sign: that is how a secret is replaced.
	Secrets string `toml:"secrets"`

	// Kinds are the kinds of event that it wants. Left out: all.
	Kinds []string `toml:"kinds"`

	// Exercises says that it wants exercises too. Left out it gets none: an
	// exercise must not set off what is real.
	Exercises bool `toml:"exercises"`

	// Timeout bounds one request, such as "5s". Default 10 s, at most 30 s.
	Timeout string `toml:"timeout"`

	// Allow lists inside addresses that the URL may lead to, such as
	// "10.1.2.3/32". Every prefix is a hole: list single addresses.
	Allow []string `toml:"allow"`

	// Roots is a PEM file with the authorities that TLS trusts for this target,
	// instead of the system's.
	Roots string `toml:"roots"`
}

const defaultHookStore = 1024 // MiB

// loadHookOut reads deliver.toml and the files that it names.
func loadHookOut(path string) (hookOutFile, []deliver.Target, error) {
	var f hookOutFile
	text, err := os.ReadFile(path)
	if err != nil {
		return f, nil, err // it names the file
	}
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		return f, nil, relayd.DecodeError(path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		line := relayd.LineOf(string(text), unknown[0], 0)
		return f, nil, fmt.Errorf("%s: line %d: unknown key %q; known are store, store_limit, and [[target]] with name, url, secrets, kinds, exercises, timeout, allow and roots", path, line, unknown[0])
	}
	if f.Store == "" {
		f.Store = "hook.db"
	}
	if f.StoreLimit == 0 {
		f.StoreLimit = defaultHookStore
	}
	if f.StoreLimit < 1 {
		return f, nil, fmt.Errorf("%s: store_limit: %d MiB", path, f.StoreLimit)
	}
	dir := filepath.Dir(path)
	f.Store = besideFile(dir, f.Store)
	var targets []deliver.Target
	for _, t := range f.Targets {
		target, err := t.read(dir)
		if err != nil {
			return f, nil, fmt.Errorf("%s: target %q: %w", path, t.Name, err)
		}
		targets = append(targets, target)
	}
	if len(targets) == 0 {
		return f, nil, fmt.Errorf("%s: no [[target]]", path)
	}
	return f, targets, nil
}

func besideFile(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func (t hookOutTarget) read(dir string) (target deliver.Target, err error) {
	target = deliver.Target{Name: t.Name, URL: t.URL, Exercises: t.Exercises}
	if target.Policy, err = door.NewPolicy(t.Allow); err != nil {
		return target, err
	}
	if t.Timeout != "" {
		if target.Timeout, err = time.ParseDuration(t.Timeout); err != nil || target.Timeout <= 0 {
			return target, fmt.Errorf("timeout %q; write it as \"10s\"", t.Timeout)
		}
	}
	for _, text := range t.Kinds {
		kind, err := deliver.ParseKind(text)
		if err != nil {
			return target, err
		}
		target.Kinds = append(target.Kinds, kind)
	}
	if t.Secrets == "" {
		return target, errors.New("secrets names no file")
	}
	if target.Secrets, err = readSecrets(besideFile(dir, t.Secrets)); err != nil {
		return target, err
	}
	if t.Roots != "" {
		target.Roots, err = readRoots(besideFile(dir, t.Roots))
	}
	return target, err
}

// readSecrets reads one secret a line. A file that others may read is refused,
// as a key's is.
func readSecrets(path string) ([]webhook.Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("secrets file %s has mode %04o: others may read it; want 0600", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []webhook.Secret
	number := 0
	for line := range strings.Lines(string(text)) {
		if number++; strings.TrimSpace(line) == "" {
			continue
		}
		s, err := webhook.ParseSecret(line)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
		list = append(list, s)
	}
	return list, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}
