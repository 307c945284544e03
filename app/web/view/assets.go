package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Assets are the static files, in memory, each at /static/<hash>/<name>. One
// hash stands for all of them, so that a style sheet's relative references hold
// and any change of any file gives every file a new address.
type Assets struct {
	hash   string
	files  map[string]Asset // by name
	icons  []string
	prefix string
}

// Asset is one static file.
type Asset struct {
	Bytes       []byte
	ContentType string
	// Immutable is false for an address of another release, as a browser may
	// ask for while a new one is rolled out: it gets the file, and asks again.
	Immutable bool
}

// StaticPrefix is the path that all static files are under.
const StaticPrefix = "/static/"

const iconsFile = "img/icons.svg"

// contentTypes by extension. Other files in the folder are not served.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
	".txt":   "text/plain; charset=utf-8",
	".html":  "text/html; charset=utf-8",
}

var (
	cssImport = regexp.MustCompile(`(?m)^@import "([^"]+)";$`)
	symbolID  = regexp.MustCompile(`<symbol id="([^"]+)"`)
)

// NewAssets reads the static files. The @import lines of a style sheet are
// replaced by what they name, so that a page loads one.
func NewAssets(files fs.FS) (*Assets, error) {
	a := &Assets{files: map[string]Asset{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		contentType := contentTypes[path.Ext(name)]
		if err != nil || entry.IsDir() || contentType == "" {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".css" {
			if content, err = inlineImports(files, path.Dir(name), content); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
		a.files[name] = Asset{Bytes: content, ContentType: contentType, Immutable: true}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	a.hash = hex.EncodeToString(sum.Sum(nil))[:12]
	a.prefix = StaticPrefix + a.hash + "/"
	for _, match := range symbolID.FindAllSubmatch(a.files[iconsFile].Bytes, -1) {
		a.icons = append(a.icons, string(match[1]))
	}
	return a, nil
}

func inlineImports(files fs.FS, folder string, sheet []byte) ([]byte, error) {
	var failed error
	out := cssImport.ReplaceAllFunc(sheet, func(line []byte) []byte {
		name := path.Join(folder, string(cssImport.FindSubmatch(line)[1]))
		content, err := fs.ReadFile(files, name)
		if err != nil {
			failed = err
		}
		return bytes.TrimSpace(content)
	})
	return out, failed
}

// URL returns the address of the file name, "css/kokoroe.css", and "" when
// there is no such file.
func (a *Assets) URL(name string) string {
	if _, ok := a.files[name]; !ok {
		return ""
	}
	return a.prefix + name
}

// Lookup returns the file at the path of a request. Names are matched exactly:
// no path is ever joined or opened.
func (a *Assets) Lookup(address string) (Asset, bool) {
	hash, name, ok := strings.Cut(strings.TrimPrefix(address, StaticPrefix), "/")
	if !ok || !strings.HasPrefix(address, StaticPrefix) {
		return Asset{}, false
	}
	asset, ok := a.files[name]
	if !ok {
		return Asset{}, false
	}
	asset.Immutable = hash == a.hash
	return asset, true
}
