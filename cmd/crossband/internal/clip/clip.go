// Package clip holds the speech that the demo sends when no file or microphone
// is given: short radio messages in the three languages of the border, as Ogg
// Opus that client/voice sends without encoding anything.
package clip

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.opus script.txt
var files embed.FS

// Clip is one recorded message.
type Clip struct {
	Name  string // HailEnglish, AnswerSpanish or AnswerFrench
	Voice string // espeak-ng's name of the voice: a language tag
	Words string // what is said
	Ogg   []byte // Ogg Opus: mono, 20 ms packets
}

// The clips by name.
const (
	HailEnglish   = "hail-en"
	AnswerSpanish = "answer-es"
	AnswerFrench  = "answer-fr"
)

// Get returns a clip by its name.
func Get(name string) (Clip, error) {
	all, err := All()
	if err != nil {
		return Clip{}, err
	}
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
	}
	return Clip{}, fmt.Errorf("no speech clip named %q", name)
}

// All returns every clip, in the order of the script.
func All() ([]Clip, error) {
	script, err := files.ReadFile("script.txt")
	if err != nil {
		return nil, fmt.Errorf("reading the script of the clips: %w", err)
	}
	var all []Clip
	for line := range strings.Lines(string(script)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 3 {
			return nil, fmt.Errorf("line %q of the script: want name, voice and words", line)
		}
		ogg, err := files.ReadFile(parts[0] + ".opus")
		if err != nil {
			return nil, fmt.Errorf("reading a clip: %w", err)
		}
		all = append(all, Clip{Name: parts[0], Voice: parts[1], Words: parts[2], Ogg: ogg})
	}
	return all, nil
}
