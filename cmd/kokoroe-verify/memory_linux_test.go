package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostMemory is what the program may use for anything that it is given.
const mostMemory = 64 << 10 // KiB

// Files of 1 GB, of zeros and without an end of a line, in every place where
// one can be: as a receipt, as the policy, and as each file of a log.
func TestMemoryStaysSmall(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "kokoroe-verify")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	huge := filepath.Join(dir, "huge")
	sparse(t, huge)
	paths := []string{huge}
	for i, name := range []string{"manifest.json", "checkpoint", "checkpoints/000.p/2", "records/000.p/8", "tile/0/000.p/8", "tile/entries/000.p/8"} {
		log := filepath.Join(dir, fmt.Sprint("log", i))
		if err := os.CopyFS(log, os.DirFS(file("log"))); err != nil {
			t.Fatal(err)
		}
		sparse(t, filepath.Join(log, name))
		paths = append(paths, log)
	}
	if code, _, errs := invoke(t, nil, "", "--policy", huge, file("witnessed-by-two.receipt")); code != exitUsage || !strings.Contains(errs, "65536") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if got := peak(t, program, len(paths), append([]string{"--json", "--policy", file("two-of-three.policy")}, append(paths, "-")...)); got > mostMemory {
		t.Errorf("%d KiB were used", got)
	}
}

func sparse(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		err = f.Truncate(1 << 30)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// peak runs the program until it has given so many answers and waits for its
// standard input, and says how much memory it had at most, in KiB.
func peak(t *testing.T, program string, answers int, args []string) int {
	t.Helper()
	cmd := exec.Command(program, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range answers {
		if !lines.Scan() || !strings.Contains(lines.Text(), `"ok":false`) {
			t.Errorf("answer %q, %v", lines.Text(), lines.Err())
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Error(err)
	}
	in.Close()
	for lines.Scan() {
	}
	if err := cmd.Wait(); err == nil {
		t.Error("everything was good")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("%s: %v", status, err)
	}
	t.Logf("%d KiB at most", kib)
	return kib
}
