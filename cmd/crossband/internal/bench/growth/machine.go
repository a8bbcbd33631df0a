package growth

import "runtime"

// Machine is what was measured on. What could not be found out is empty.
type Machine struct {
	CPU    string // model
	Cores  int    // that this process may use
	Memory string
	System string // operating system, version of its kernel, architecture
	Load   string // processes that ran or waited to, on average, before the run
}

// ThisMachine describes the machine that this runs on.
func ThisMachine() Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	m.look()
	return m
}
