package handheld

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"
)

// Terminal shows a Unit on a terminal and takes its keys, until a person leaves or ctx
// ends. It runs the Unit.
func Terminal(ctx context.Context, u *Unit, in io.Reader, out io.Writer, options ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newScreen(ctx, u, u.language())
	p := tea.NewProgram(s, append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()}, options...)...)
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		u.Run(ctx, func(seen Seen) { p.Send(seen) })
	}()
	_, err := p.Run()
	cancel()
	<-done
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, context.Canceled) { // from outside: as asked
		return nil
	}
	return err
}
