package rig

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

// Command is a process to start.
type Command struct {
	Args  []string
	Log   string // file that takes what it says on standard error, at its end
	Stdin bool   // keep a pipe to its standard input
}

// Process is a process of ours, the first of a process group of its own: what it
// starts ends with it, and a key pressed at the terminal does not reach it.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{} // closed when it has ended and been waited for
	err   error         // of the wait; to be read once done is closed
}

// Start starts a process. first is closed when it has said a line on standard
// output, and stays open if it never does.
func Start(c Command) (p *Process, first <-chan struct{}, err error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	p = &Process{cmd: exec.Command(c.Args[0], c.Args[1:]...), done: make(chan struct{})}
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = ownGroup()
	if c.Stdin {
		if p.stdin, err = p.cmd.StdinPipe(); err != nil {
			return nil, nil, err
		}
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, nil, err
	}
	said := make(chan struct{})
	go func() { // ends with the process
		defer close(p.done)
		r := bufio.NewReader(out)
		if _, err := r.ReadString('\n'); err == nil {
			close(said)
		}
		io.Copy(io.Discard, r)
		p.err = p.cmd.Wait()
	}()
	return p, said, nil
}

// Pid is the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended, once Done is closed.
func (p *Process) Err() error {
	if p.err != nil {
		return p.err
	}
	return errors.New("it ended by itself")
}

// Tell writes a line to the process's standard input.
func (p *Process) Tell(line string) error {
	_, err := io.WriteString(p.stdin, line+"\n")
	return err
}

// Kill ends the process and its group without warning, and waits for it.
func (p *Process) Kill() {
	if !p.Ended() {
		signalGroup(p.Pid(), kill)
	}
	<-p.done
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Pause stops the process where it is.
func (p *Process) Pause() error { return signalGroup(p.Pid(), pause) }

// Resume lets a paused process go on.
func (p *Process) Resume() error { return signalGroup(p.Pid(), resume) }

// End asks the process to end, paused or not, and kills it when grace is over.
func (p *Process) End(grace time.Duration) {
	if p.Ended() {
		return
	}
	p.Resume()
	signalGroup(p.Pid(), interrupt)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
}
