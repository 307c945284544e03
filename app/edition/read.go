package edition

import (
	"errors"
	"fmt"
	"io/fs"
)

// Read reads what is under the names in a folder: files, and folders with all
// that is below them. What is not there is left out, and so is what is neither
// file nor folder; a link to a file counts as the file. Invalid when it is more
// than a bundle may hold.
func Read(folder fs.FS, names ...string) (Files, error) {
	files, left := Files{}, int64(MaxBundle)
	for _, root := range names {
		err := fs.WalkDir(folder, root, func(name string, d fs.DirEntry, err error) error {
			if name == root && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			info, err := fs.Stat(folder, name)
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				return nil
			}
			if left -= info.Size(); left < 0 || len(files) == MaxFiles {
				return tooLarge(name)
			}
			files[name], err = fs.ReadFile(folder, name)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", root, err)
		}
	}
	return files, nil
}
