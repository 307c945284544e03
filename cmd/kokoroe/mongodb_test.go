package main

import (
	"os"
	"strings"
	"testing"

	"kokoroe/tests/mongodb/engine"
)

const oneRoster = "職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日\n1,見本太郎,ミホンタロウ,taro@mihon.example,正職員,総務部,主査,2020-04-01,\n"

// TestStoresThatDoNotOpen sees that each is one line, and that no password is
// in it.
func TestStoresThatDoNotOpen(t *testing.T) {
	roster := write(t, "roster.csv", oneRoster)
	open := write(t, "store", "mongodb://portal:hunter2@127.0.0.1:1/kokoroe")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ store, says string }{
		"no such kind":            {"mongo://portal:hunter2@127.0.0.1/kokoroe", "want sqlite:PATH"},
		"no database":             {"mongodb://portal:hunter2@127.0.0.1", "names no database"},
		"nobody answers":          {"mongodb://portal:hunter2@127.0.0.1:1/kokoroe?serverSelectionTimeoutMS=300", "does not answer"},
		"a wrong option":          {"mongodb://portal:hunter2@127.0.0.1:1/kokoroe?maxPoolSize=many", "not the address"},
		"a file for everybody":    {"file:" + open, "may be read by others"},
		"no such file":            {"file:" + open + ".none", "no such file"},
		"a file with another one": {"file:" + write(t, "again", "file:/etc/passwd"), "want sqlite:PATH"},
		"a file, nobody answers":  {"file:" + write(t, "own", "mongodb://portal:hunter2@127.0.0.1:1/kokoroe?serverSelectionTimeoutMS=300\n"), "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"import", "roster", roster, "--data", t.TempDir()}, {"verify", "--data", withKey(t)}} {
				code, stdout, stderr := command(t, append(args, "--store", tc.store)...)
				if code != exitFailed || !strings.Contains(stderr, tc.says) || strings.Count(stderr, "\n") != 1 {
					t.Errorf("%s: exit %d, want one line that says %q:\n%s", args[0], code, tc.says, stderr)
				}
				if strings.Contains(stdout+stderr, "hunter2") {
					t.Errorf("%s tells the password:\n%s%s", args[0], stdout, stderr)
				}
			}
		})
	}
}

// TestCommandsOnMongoDB imports, and verifies what stands there.
func TestCommandsOnMongoDB(t *testing.T) {
	uri := engine.Database(t)
	store, data, roster := "file:"+write(t, "store", uri), withKey(t), write(t, "roster.csv", oneRoster)
	for _, args := range [][]string{
		{"import", "roster", roster, "--new-departments"},
		{"verify"},
	} {
		if code, stdout, stderr := command(t, append(args, "--data", data, "--store", store)...); code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := command(t, "import", "roster", roster, "--dry-run", "--data", data, "--store", store, "--language", "en")
	if code != 0 || !strings.Contains(stdout, "1") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := command(t, "backup", t.TempDir()+"/b", "--data", data, "--store", store); code == 0 || !strings.Contains(stderr, "MongoDB") {
		t.Errorf("a backup: exit %d\n%s", code, stderr)
	}
}
