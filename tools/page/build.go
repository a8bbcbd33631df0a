package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// build returns the files of one page:
//
//	src/main.js    app.js, with all that it imports
//	src/style.css  app.css
//	src/worker.js  worker.js, if there is one
//	index.html     as it is
//	static/        as it is
//	LICENSES.txt   of what is vendored
//
// Bare imports are those of vendor; nothing else is looked up.
func build(dir, vendor string) (map[string][]byte, error) {
	files, err := read(filepath.Join(dir, "static"))
	if err != nil {
		return nil, err
	}
	for name, path := range map[string]string{
		"index.html":   filepath.Join(dir, "index.html"),
		"LICENSES.txt": filepath.Join(vendor, "LICENSES.txt"),
	} {
		if files[name], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	for name, entry := range map[string]string{"app.js": "main.js", "app.css": "style.css", "worker.js": "worker.js"} {
		path := filepath.Join(dir, "src", entry)
		if _, err := os.Stat(path); err != nil && entry == "worker.js" {
			continue
		}
		if files[name], err = bundle(path, vendor); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// bundle returns one entry point with all that it imports.
func bundle(entry, vendor string) ([]byte, error) {
	entry, err := filepath.Abs(entry)
	if err != nil {
		return nil, err
	}
	vendor, err = filepath.Abs(vendor)
	if err != nil {
		return nil, err
	}
	alias := map[string]string{}
	for name, file := range map[string]string{
		"preact":               "preact.mjs",
		"preact/hooks":         "preact-hooks.mjs",
		"@preact/signals":      "preact-signals.mjs",
		"@preact/signals-core": "preact-signals-core.mjs",
		"htm":                  "htm.mjs",
	} {
		alias[name] = filepath.Join(vendor, file)
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{entry},
		AbsWorkingDir:     filepath.Dir(entry),
		Outdir:            filepath.Dir(entry),
		Alias:             alias,
		External:          []string{"*.svg", "*.png"},
		Bundle:            true,
		Format:            api.FormatESModule,
		Charset:           api.CharsetUTF8,
		Engines:           engines(),
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Banner:            map[string]string{"js": "/* Libraries and their licences: LICENSES.txt */"},
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 || len(result.Warnings) > 0 || len(result.OutputFiles) != 1 {
		return nil, errors.New("esbuild is not content")
	}
	return result.OutputFiles[0].Contents, nil
}

// engines are the oldest browsers that can run the pages: WebRTC, dialog and :has.
func engines() []api.Engine {
	return []api.Engine{
		{Name: api.EngineChrome, Version: "115"},
		{Name: api.EngineFirefox, Version: "121"},
		{Name: api.EngineSafari, Version: "16.4"},
	}
}
