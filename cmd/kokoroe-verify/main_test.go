package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"kokoroe/app/evidence"
)

const vectors = "../../app/evidence/testdata/vectors"

func file(name string) string { return filepath.Join(vectors, name) }

// invoke runs the program in this process.
func invoke(t testing.TB, env map[string]string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	getenv := func(name string) string { return env[name] }
	code = run(t.Context(), args, getenv, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

type row struct {
	Name   string         `json:"name"`
	File   string         `json:"file"`
	Pad    int            `json:"pad"`
	Policy string         `json:"policy"`
	Want   map[string]any `json:"want"`
}

func (r row) good() bool { ok, _ := r.Want["ok"].(bool); return ok }

// rows are the receipts of the table, with the files filled up where it asks
// for that.
func rows(t testing.TB) []row {
	t.Helper()
	src, err := os.ReadFile(file("vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ Receipts []row }
	if err := json.Unmarshal(src, &table); err != nil {
		t.Fatal(err)
	}
	for i, r := range table.Receipts {
		table.Receipts[i].File = file(r.File)
		if r.Pad == 0 {
			continue
		}
		b, err := os.ReadFile(file(r.File))
		if err != nil {
			t.Fatal(err)
		}
		padded := filepath.Join(t.TempDir(), "padded.receipt")
		if err := os.WriteFile(padded, append(b, bytes.Repeat([]byte(" "), r.Pad-len(b))...), 0o600); err != nil {
			t.Fatal(err)
		}
		table.Receipts[i].File = padded
	}
	if len(table.Receipts) < 200 {
		t.Fatalf("only %d receipts", len(table.Receipts))
	}
	return table.Receipts
}

func TestAnswersForPrograms(t *testing.T) {
	for _, r := range rows(t) {
		code, out, errs := invoke(t, nil, "", "--json", "--policy", file(r.Policy), r.File)
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s: %q, %v", r.Name, out, err)
		}
		r.Want["file"] = r.File
		if fmt.Sprint(got) != fmt.Sprint(r.Want) || errs != "" || (code == 0) != r.good() || code > exitRefused {
			t.Errorf("%s: exit %d, %v, want %v; %s", r.Name, code, got, r.Want, errs)
		}
	}
}

// A refused receipt gets one sentence, which says where, in either language.
func TestAnswersForPeople(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		for _, r := range rows(t) {
			_, out, errs := invoke(t, nil, "", "--lang", lang, "--policy", file(r.Policy), r.File)
			if strings.Contains(out, "[verify") || errs != "" || !strings.HasSuffix(out, "\n") {
				t.Errorf("%s: %q %q", r.Name, out, errs)
			}
			if strings.ContainsFunc(out, func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) }) {
				t.Errorf("%s: %q holds what a terminal obeys", r.Name, out)
			}
			if r.good() {
				continue
			}
			if strings.Count(out, "\n") != 1 {
				t.Errorf("%s: more than one line: %q", r.Name, out)
			}
			if line, ok := r.Want["line"].(float64); ok && !strings.Contains(out, fmt.Sprint(line)) {
				t.Errorf("%s: %q does not say line %v", r.Name, out, line)
			}
			if strings.HasSuffix(strings.TrimSuffix(out, "\n"), ":") || len(out) < len(r.File)+20 {
				t.Errorf("%s: %q says nothing", r.Name, out)
			}
		}
	}
}

func TestAGoodReceiptInWords(t *testing.T) {
	want := map[string][]string{
		"en": {"good", "1 April 2026", "12:00", "p-1", "policy:sample", "情報を守る方針", "48 characters", "number 3", "7 records", "city.example/kokoroe/1", "audit, university", "proves", "not prove"},
		"ja": {"正しい", "令和8年4月1日", "12:00", "p-1", "policy:sample", "情報を守る方針", "48文字", "3番", "7件", "city.example/kokoroe/1", "audit、university", "証明されます", "証明されません"},
	}
	for lang, words := range want {
		_, out, _ := invoke(t, map[string]string{"LANG": lang + "_XX.UTF-8"}, "", "--policy", file("two-of-three.policy"), file("witnessed-by-two.receipt"))
		for _, w := range words {
			if !strings.Contains(out, w) {
				t.Errorf("%s: %q is not in %s", lang, w, out)
			}
		}
	}
}

func TestLanguageOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		asked, all, messages, lang, want string
	}{
		{"", "", "", "", "en"}, {"", "", "", "ja_JP.UTF-8", "ja"}, {"", "C", "", "ja_JP.UTF-8", "en"},
		{"", "", "ja_JP", "en_US", "ja"}, {"en", "ja_JP", "", "", "en"}, {"ja", "", "", "en_US", "ja"},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := language(c.asked, func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestReceiptOnStandardInput(t *testing.T) {
	b, err := os.ReadFile(file("witnessed-by-two.receipt"))
	if err != nil {
		t.Fatal(err)
	}
	code, out, _ := invoke(t, nil, string(b), "--json", "--policy", file("two-of-three.policy"), "-")
	if code != 0 || !strings.HasPrefix(out, `{"file":"-","ok":true,"seq":3,`) {
		t.Errorf("exit %d: %s", code, out)
	}
	code, out, _ = invoke(t, nil, strings.Repeat("x", 2*evidence.MaxReceipt), "--json", "--policy", file("two-of-three.policy"), "-")
	if code != exitRefused || out != "{\"file\":\"-\",\"ok\":false,\"error\":\"too_large\"}\n" {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestOddPaths(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe: "unreadable", "/dev/zero": "unreadable", filepath.Join(dir, "nothing"): "unreadable", loop: "unreadable",
		dir: "not_export", file("log/manifest.json"): "not_receipt", file("log/tile"): "not_export",
	} {
		for _, format := range []string{"--json", "--lang=ja", "--lang=en"} {
			code, out, errs := invoke(t, nil, "", format, "--policy", file("two-of-three.policy"), path)
			if code != exitRefused || errs != "" || strings.Count(out, "\n") != 1 || strings.Contains(out, "[verify") {
				t.Errorf("%s: exit %d, %s%s", path, code, out, errs)
			}
			if format == "--json" && !strings.Contains(out, `"error":"`+want+`"`) {
				t.Errorf("%s: %s, want %s", path, out, want)
			}
		}
	}
}

func TestExportedLog(t *testing.T) {
	code, out, errs := invoke(t, nil, "", "--json", "--policy", file("two-of-three.policy"), file("log"))
	if code != 0 || errs != "" || !strings.Contains(out, `"size":8,`) || !strings.Contains(out, `"records":7,"erased":1,"checkpoints":2,"found":0,`) {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(dir, os.DirFS(file("log"))); err != nil {
		t.Fatal(err)
	}
	records := filepath.Join(dir, "records", "000.p", "8")
	b, err := os.ReadFile(records)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(records, bytes.Replace(b, []byte(`2026\",\"subject`), []byte(`2027\",\"subject`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[string]string{"ja": "0番: 記録とソルトから", "en": "Entry 0: record and salt"} {
		code, out, errs = invoke(t, nil, "", "--lang", lang, "--policy", file("two-of-three.policy"), dir)
		if code != exitRefused || !strings.Contains(out, words) || strings.Contains(out, "[verify") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	_, out, _ = invoke(t, nil, "", "--json", "--policy", file("two-of-three.policy"), dir)
	if !strings.Contains(out, `"error":"log_disagrees"`) || !strings.Contains(out, `{"where":"entry","seq":0,"field":"leaf",`) {
		t.Error(out)
	}
}

func TestUsage(t *testing.T) {
	good := file("two-of-three.policy")
	receipt := file("witnessed-by-two.receipt")
	for name, args := range map[string][]string{
		"nothing": nil, "no policy": {receipt}, "no path": {"--policy", good}, "unknown flag": {"--policy", good, "--force", receipt},
		"unknown language": {"--policy", good, "--lang", "fr", receipt}, "policy is not there": {"--policy", file("nothing"), receipt},
		"policy is a folder": {"--policy", vectors, receipt}, "policy is a device": {"--policy", "/dev/zero", receipt},
		"policy is a receipt": {"--policy", receipt, receipt},
		"policy is wrong":     {"--policy", file("undefined-member.policy"), receipt},
	} {
		code, out, errs := invoke(t, nil, "", args...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errs, "kokoroe-verify: ") || strings.Contains(errs, "[") && !strings.Contains(errs, "expected") {
			t.Errorf("%s: exit %d, %q, %q", name, code, out, errs)
		}
	}
	_, _, errs := invoke(t, nil, "", "--policy", file("undefined-member.policy"), receipt)
	if !strings.Contains(errs, "Line 5") || !strings.Contains(errs, "universities") {
		t.Error(errs)
	}
	for _, flag := range []string{"--help", "--version"} {
		if code, out, errs := invoke(t, nil, "", flag); code != 0 || out == "" || errs != "" {
			t.Errorf("%s: exit %d, %q, %q", flag, code, out, errs)
		}
	}
	_, help, _ := invoke(t, nil, "", "--help")
	for _, word := range []string{"--policy", "--json", "--lang", "too_large", "quorum_missing", "Exit codes: 0", "受領証"} {
		if !strings.Contains(help, word) {
			t.Errorf("--help does not say %q", word)
		}
	}
}

// The program can reach neither a network nor a database: it does not hold the
// code for it.
func TestNoNetworkAndNoDatabase(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		for _, banned := range []string{"net", "net/http", "crypto/tls", "os/exec", "database/sql", "plugin", "kokoroe/app/store", "kokoroe/app/web"} {
			if path == banned || strings.HasPrefix(path, banned+"/") && banned != "net" {
				t.Errorf("%s is imported", path)
			}
		}
	}
	if !strings.Contains(string(out), "kokoroe/app/evidence\n") {
		t.Errorf("the list is not of this program: %s", out)
	}
}
