package evidence

import (
	"errors"
	"io/fs"
	"iter"
)

// fileWalk goes through everything in a folder that is no folder, in the order
// of a manifest, one step at a time.
type fileWalk struct {
	path    string
	regular bool
	err     error // why it ended early

	pull func() (walked, error, bool)
	stop func()
	held bool // next stays where it is, once
}

type walked struct {
	path    string
	regular bool
}

var errStopped = errors.New("stopped")

func walkFiles(folder fs.FS) *fileWalk {
	w := &fileWalk{}
	w.pull, w.stop = iter.Pull2(func(yield func(walked, error) bool) {
		err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !d.IsDir() && !yield(walked{path, d.Type().IsRegular()}, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(walked{}, err)
		}
	})
	return w
}

// next goes one file on, and reports whether there was one.
func (w *fileWalk) next() bool {
	if w.held {
		w.held = false
		return true
	}
	f, err, ok := w.pull()
	if err != nil {
		w.err = err
	}
	w.path, w.regular = f.path, f.regular
	return ok && err == nil
}

// back lets next come to the same file again.
func (w *fileWalk) back() { w.held = true }
