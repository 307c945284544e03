package evidence_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

const exportVector = "testdata/vectors/log"

// The exported log that other verifiers and tools may be tried on: eight
// entries, one of them erased, two witnesses.
func TestExportIsWhatItWas(t *testing.T) {
	dir := exported(t, exportedConfig(t, loggedErased(t)))
	got := folderOf(t, dir)
	if *update {
		if err := os.RemoveAll(exportVector); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(exportVector, got); err != nil {
			t.Fatal(err)
		}
	}
	want := folderOf(t, exportVector)
	for name, f := range got {
		if w := want[name]; w == nil || !bytes.Equal(w.Data, f.Data) {
			t.Errorf("%s differs", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

func TestTamperedExportIsFound(t *testing.T) {
	dir := exported(t, exportedConfig(t, loggedErased(t)))
	const records = "records/000.p/8"
	cases := []struct {
		name   string
		change func(f fstest.MapFS)
		want   []string // as "where seq field"; the first is enough where more follow
		seal   bool     // the manifest is made to fit
	}{
		{"a byte of a leaf", bitIn("tile/entries/000.p/8", 40), []string{"file 0 digest", "entry 1 tile"}, false},
		{"a byte of a leaf, sealed", bitIn("tile/entries/000.p/8", 3*34+5), []string{"entry 3 leaf", "entry 3 tile", "checkpoint 8 root"}, true},
		{"an erased leaf, sealed", bitIn("tile/entries/000.p/8", 34+5), []string{"entry 1 tile", "checkpoint 8 root"}, true},
		{"a length in a bundle", bitIn("tile/entries/000.p/8", 1), []string{"file 0 bundle"}, true},
		{"a bundle cut", cutFile("tile/entries/000.p/8"), []string{"file 0 bundle"}, true},
		{"a bundle gone", dropFile("tile/entries/000.p/8"), []string{"file 0 missing"}, false},
		{"a bundle gone, sealed", dropFile("tile/entries/000.p/8"), []string{"file 0 missing"}, true},
		{"a tile's hash", bitIn("tile/0/000.p/8", 5*32), []string{"entry 5 tile"}, true},
		{"a tile cut", cutFile("tile/0/000.p/8"), []string{"file 0 tile"}, true},
		{"a tile gone", dropFile("tile/0/000.p/8"), []string{"file 0 missing"}, true},
		{"a record", replaceIn(records, `"scope\":\"2026`, `"scope\":\"2027`), []string{"entry 0 leaf"}, true},
		{"a record's spelling", replaceIn(records, `{\"actor`, `{ \"actor`), []string{"entry 0 leaf", "entry 0 record"}, true},
		{"a salt", replaceIn(records, `"salt":"AAEC`, `"salt":"AQEC`), []string{"entry 0 leaf"}, true},
		{"records exchanged", replaceIn(records, `"seq":2`, `"seq":9`), []string{"entry 2 line"}, true},
		{"a record taken away", replaceIn(records, "{\"seq\":1,\"erased\":true}\n", ""), []string{"entry 1 line"}, true},
		{"a record erased secretly", func(f fstest.MapFS) {
			lines := bytes.SplitAfter(f[records].Data, []byte("\n"))
			lines[2] = []byte("{\"seq\":2,\"erased\":true}\n")
			f[records] = &fstest.MapFile{Data: bytes.Join(lines, nil)}
		}, []string{"file 0 manifest"}, true},
		{"a line of something else", replaceIn(records, `{"seq":1,"erased":true}`, `{"seq":1,"erased":true,"x":1}`), []string{"entry 1 line"}, true},
		{"a line too much", func(f fstest.MapFS) { f[records].Data = append(f[records].Data, "{}\n"...) }, []string{"file 0 lines"}, true},
		{"records cut", cutFile(records), []string{"file 0 lines"}, true},
		{"a line without end", func(f fstest.MapFS) { f[records].Data = bytes.Repeat([]byte("x"), 1<<20) }, []string{"file 0 lines"}, true},
		{"a text", bitIn("texts/"+strings.TrimPrefix(digest(shownText), "sha256:"), 0), []string{"text 0 name", "entry 3 text"}, true},
		{"a declaration gone", dropFile("texts/" + strings.TrimPrefix(digest(shownDeclaration), "sha256:")), []string{"entry 3 declaration"}, true},
		{"checkpoint of another size", replaceIn("checkpoint", "\n8\n", "\n9\n"), []string{"checkpoint 9 signature_wrong", "file 0 manifest", "file 0 missing"}, true},
		{"checkpoint not signed", replaceIn("checkpoint", "\n— city.example/kokoroe/1 E5Xk", "\n— city.example/kokoroe/1 F5Xk"), []string{"checkpoint 8 signature_unknown"}, true},
		{"checkpoint no checkpoint", func(f fstest.MapFS) { f["checkpoint"].Data = []byte("hello\n") }, []string{"checkpoint 0 checkpoint_malformed"}, true},
		{"checkpoint gone", dropFile("checkpoint"), []string{"file 0 missing"}, false},
		{"fewer witnesses", func(f fstest.MapFS) {
			note := bytes.TrimSuffix(f["checkpoint"].Data, []byte("\n"))
			f["checkpoint"].Data = note[:bytes.LastIndexByte(note, '\n')+1]
		}, []string{"checkpoint 8 quorum_missing"}, true},
		{"an earlier checkpoint", replaceIn("checkpoints/000.p/2", `Nb15`, `Nb16`), []string{"checkpoint 7 signature_wrong"}, true},
		{"an earlier checkpoint's size", replaceIn("checkpoints/000.p/2", `"size":7`, `"size":6`), []string{"checkpoint 6 size"}, true},
		{"checkpoints of something else", func(f fstest.MapFS) { f["checkpoints/000.p/2"].Data = []byte("x\n") }, []string{"checkpoint 0 line"}, true},
		{"a checkpoint taken away", func(f fstest.MapFS) {
			lines := f["checkpoints/000.p/2"].Data
			f["checkpoints/000.p/2"].Data = lines[bytes.IndexByte(lines, '\n')+1:]
		}, []string{"checkpoint 8 line"}, true},
		{"checkpoints under another name", func(f fstest.MapFS) {
			f["checkpoints/000.p/3"] = f["checkpoints/000.p/2"]
			delete(f, "checkpoints/000.p/2")
		}, []string{"checkpoint 8 line"}, true},
		{"a file too much", addFile("tile/0/001"), []string{"file 0 unlisted"}, false},
		{"a file too much, sealed", addFile("tile/0/001"), []string{"file 0 manifest"}, true},
		{"a link", func(f fstest.MapFS) {
			f["tile/0/000.p/8"] = &fstest.MapFile{Data: []byte("/dev/zero"), Mode: fs.ModeSymlink}
		}, []string{"file 0 irregular", "file 0 missing"}, false},
		{"the manifest's size", replaceIn(evidence.ManifestFile, `"size": 8,`, `"size": 9,`), []string{"file 0 manifest"}, false},
		{"the manifest's origin", replaceIn(evidence.ManifestFile, `"origin": "city`, `"origin": "town`), []string{"file 0 manifest"}, false},
		{"the manifest's erasures", replaceIn(evidence.ManifestFile, `"erased": 1`, `"erased": 2`), []string{"file 0 manifest"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := folderOf(t, dir)
			c.change(f)
			if c.seal {
				resealed(t, f)
			}
			r, err := evidence.VerifyExport(t.Context(), f, policyOf(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range r.Disagreements {
				got = append(got, strings.Join(strings.SplitN(strings.SplitN(d.String(), ": ", 3)[0]+" "+d.Field, " ", 3), " "))
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("found %v, want %q", r.Disagreements, want)
				}
			}
			if int64(len(got)) != r.Found {
				t.Errorf("%d found, %d told", r.Found, len(got))
			}
		})
	}
}

func bitIn(name string, at int) func(fstest.MapFS) {
	return func(f fstest.MapFS) { f[name].Data[at] ^= 1 }
}

func cutFile(name string) func(fstest.MapFS) {
	return func(f fstest.MapFS) { f[name].Data = f[name].Data[:len(f[name].Data)-9] }
}

func dropFile(name string) func(fstest.MapFS) { return func(f fstest.MapFS) { delete(f, name) } }

func addFile(name string) func(fstest.MapFS) {
	return func(f fstest.MapFS) { f[name] = &fstest.MapFile{Data: []byte("x")} }
}

func replaceIn(name, before, after string) func(fstest.MapFS) {
	return func(f fstest.MapFS) {
		changed := bytes.Replace(f[name].Data, []byte(before), []byte(after), 1)
		if bytes.Equal(changed, f[name].Data) {
			panic(name + " does not hold " + before)
		}
		f[name].Data = changed
	}
}

// Every byte of an exported log matters to somebody: none can be flipped
// unnoticed.
func TestEveryByteOfAnExportMatters(t *testing.T) {
	dir := exported(t, exportedConfig(t, loggedErased(t)))
	whole := folderOf(t, dir)
	for name := range whole {
		for at := range len(whole[name].Data) {
			if name == evidence.ManifestFile || at%7 != 0 && len(whole[name].Data) > 600 {
				continue // the manifest's own bytes below; of long files some are enough
			}
			whole[name].Data[at] ^= 4
			r, err := evidence.VerifyExport(t.Context(), whole, policyOf(t))
			whole[name].Data[at] ^= 4
			if err == nil && r.Found == 0 {
				t.Fatalf("%s, byte %d: not found", name, at)
			}
		}
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	dir := exported(t, exportedConfig(t, loggedErased(t)))
	good := string(folderOf(t, dir)[evidence.ManifestFile].Data)
	for name, manifest := range map[string]string{
		"empty": "", "binary": "\x00\x01\x02", "a list": "[]", "cut": good[:len(good)/2], "something behind": good + "{}",
		"another format":    strings.Replace(good, "export/v1", "export/v2", 1),
		"unknown member":    strings.Replace(good, `"format"`, `"x": 1, "format"`, 1),
		"a member twice":    strings.Replace(good, `"erased"`, `"size": 8, "erased"`, 1),
		"a member missing":  strings.Replace(good, ` "erased": 1,`, ``, 1),
		"a number in words": strings.Replace(good, `"size": 8`, `"size": "8"`, 1),
		"a fraction":        strings.Replace(good, `"size": 8`, `"size": 8.0`, 1),
		"a path upwards":    strings.Replace(good, `"path": "checkpoint"`, `"path": "../checkpoint"`, 1),
		"an absolute path":  strings.Replace(good, `"path": "checkpoint"`, `"path": "/checkpoint"`, 1),
		"out of order":      strings.Replace(good, `"path": "checkpoint"`, `"path": "zzz"`, 1),
		"a short digest":    strings.Replace(good, `"sha256": "`, `"sha256": "00`, 1),
		"one long line":     strings.ReplaceAll(good, "\n", " ") + strings.Repeat(" ", 5000),
		"a long text":       strings.Replace(good, `"program": "1.0.0"`, `"program": "`+strings.Repeat("x", 1<<20)+`"`, 1),
		"deep":              strings.Repeat("[", 1<<20),
	} {
		f := fstest.MapFS{evidence.ManifestFile: &fstest.MapFile{Data: []byte(manifest)}}
		_, err := evidence.VerifyExport(t.Context(), f, policyOf(t))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	b, err := os.ReadFile(filepath.Join(exportVector, evidence.ManifestFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"kokoroe-log-export/v1","files":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		again, err := evidence.RewrittenManifest(data)
		if err != nil {
			return
		}
		third, err := evidence.RewrittenManifest(again)
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("%q, then %q, %v", again, third, err)
		}
	})
}

func FuzzBundle(f *testing.F) {
	b, err := os.ReadFile(filepath.Join(exportVector, "tile/entries/000.p/8"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, 8)
	f.Add([]byte{0, 32}, 1)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		again, err := evidence.RewrittenBundle(data, width&0xff)
		if err == nil && !bytes.Equal(again, data) {
			t.Fatalf("%x is read as %x", data, again)
		}
	})
}

func FuzzExportedRecord(f *testing.F) {
	b, err := os.ReadFile(filepath.Join(exportVector, "records/000.p/8"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, ok := evidence.ParseExportedRecord(line)
		if !ok {
			return
		}
		if r.Erased == (r.Record != "") {
			t.Fatalf("%+v", r)
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if second, ok := evidence.ParseExportedRecord(again); !ok || second.Record != r.Record || !bytes.Equal(second.Salt, r.Salt) {
			t.Fatalf("%q is read again as %+v", again, second)
		}
	})
}

// Whatever stands in a folder, verifying it ends, and never with a panic.
func FuzzExportFolder(f *testing.F) {
	whole := folderOf(f, exportVector)
	var names []string
	for name := range whole {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f.Add(i, whole[name].Data, true)
		f.Add(i, []byte(path.Base(name)), false)
	}
	f.Fuzz(func(t *testing.T, which int, data []byte, seal bool) {
		name := names[uint(which)%uint(len(names))]
		folder := fstest.MapFS{}
		for n, file := range whole {
			folder[n] = file
		}
		same := bytes.Equal(data, whole[name].Data)
		folder[name] = &fstest.MapFile{Data: data}
		if seal && name != evidence.ManifestFile {
			resealed(t, folder)
		}
		r, err := evidence.VerifyExport(t.Context(), folder, policyOf(t))
		if same && (err != nil || r.Found != 0) {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
