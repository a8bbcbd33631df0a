package growth

import (
	"fmt"
	"os"
	"strings"
)

// look reads proc(5).
func (m *Machine) look() {
	if model := valueOf("/proc/cpuinfo", "model name"); model != "" {
		m.CPU = strings.Join(strings.Fields(model), " ")
	}
	var kB float64
	if _, err := fmt.Sscan(valueOf("/proc/meminfo", "MemTotal"), &kB); err == nil {
		m.Memory = fmt.Sprintf("%.1f GiB", kB/(1<<20))
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System = fmt.Sprintf("Linux %s, %s", strings.TrimSpace(string(release)), strings.TrimPrefix(m.System, "linux/"))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(load)); len(f) > 1 {
			m.Load = fmt.Sprintf("%s over a minute, %s over five", f[0], f[1])
		}
	}
}

// valueOf returns what stands behind the first "key :" of a file.
func valueOf(file, key string) string {
	octets, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(octets)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
