package sound

import (
	"fmt"

	pulse "github.com/jfreymuth/pulse/proto"

	"crossband/client/phrase"
)

// Device is a microphone or a loudspeaker.
type Device struct {
	ID      string // to choose it by
	Title   string // for people
	Input   bool
	Default bool
	Muted   bool
	Monitor bool // what a loudspeaker plays, as a microphone: not one that a person speaks into
}

// Devices lists the devices: microphones first, as the server orders them.
func (s *Server) Devices() ([]Device, error) {
	var info pulse.GetServerInfoReply
	var in pulse.GetSourceInfoListReply
	var out pulse.GetSinkInfoListReply
	if err := s.c.Request(&pulse.GetServerInfo{}, &info); err != nil {
		return nil, fmt.Errorf("sound server: %w", err)
	}
	if err := s.c.Request(&pulse.GetSourceInfoList{}, &in); err != nil {
		return nil, fmt.Errorf("sound server's microphones: %w", err)
	}
	if err := s.c.Request(&pulse.GetSinkInfoList{}, &out); err != nil {
		return nil, fmt.Errorf("sound server's loudspeakers: %w", err)
	}
	var list []Device
	for _, d := range in {
		list = append(list, Device{
			ID: d.SourceName, Title: phrase.Inert(d.Device), Input: true, Default: d.SourceName == info.DefaultSourceName,
			Muted: d.Mute, Monitor: d.MonitorSourceIndex != pulse.Undefined,
		})
	}
	for _, d := range out {
		list = append(list, Device{ID: d.SinkName, Title: phrase.Inert(d.Device), Default: d.SinkName == info.DefaultSinkName, Muted: d.Mute})
	}
	return list, nil
}

// known refuses a device that is not there; the empty one is the server's default.
func (s *Server) known(id string, input bool) error {
	if id == "" {
		return nil
	}
	list, err := s.Devices()
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.ID == id && d.Input == input {
			return nil
		}
	}
	return fmt.Errorf("%w: %q", ErrNoDevice, id)
}
