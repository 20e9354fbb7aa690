//go:build darwin

package pgtest

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// children lists the processes that the postmaster started. Each leads a process group of its own, so only the process
// table knows them.
func children(parent int) ([]int, error) {
	out, err := exec.Command("/bin/ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			return nil, fmt.Errorf("ps printed %q: %w", line, err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
