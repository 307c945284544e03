package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The layout of an exported log is that of C2SP tlog-tiles: tiles of height 8,
// and entry bundles as wide as they are.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	entrySize  = 2 + tlog.HashSize // of one leaf in a bundle: its length, and the leaf

	folderTiles   = "tile/"
	folderBundles = "tile/entries"
)

// shardPath is the path of the n'th file of a folder that holds w of 256 things
// of the log, numbered as tiles are: x001/x234/067, and 067.p/12 for one that is
// not full.
func shardPath(folder string, n int64, w int) string {
	coded := tlog.Tile{H: tileHeight, L: 0, N: n, W: w}.Path()
	return folder + strings.TrimPrefix(coded, fmt.Sprintf("tile/%d/0", tileHeight))
}

func tilePath(level int, n int64, w int) string {
	return shardPath(fmt.Sprintf("%s%d", folderTiles, level), n, w)
}

// shards is how many files a folder of size things has, and shardWidth how many
// of them are in the n'th.
func shards(size int64) int64 { return (size + tileWidth - 1) / tileWidth }

func shardWidth(size, n int64) int { return int(min(tileWidth, size-n*tileWidth)) }

// tileStack makes tiles from the hashes that entries complete. It hands out each
// tile once it is full, and the others at the end; its data is used again.
type tileStack struct {
	emit   func(level int, n int64, data []byte) error
	levels []tileLevel
}

type tileLevel struct {
	n    int64
	data []byte
}

// add takes the hashes that one entry completes, level 0 first.
func (s *tileStack) add(hashes []byte) error {
	for level := 0; level*tileHeight*tlog.HashSize < len(hashes); level++ {
		if level == len(s.levels) {
			s.levels = append(s.levels, tileLevel{})
		}
		l := &s.levels[level]
		at := level * tileHeight * tlog.HashSize
		l.data = append(l.data, hashes[at:at+tlog.HashSize]...)
		if len(l.data) < tileWidth*tlog.HashSize {
			continue
		}
		if err := s.emit(level, l.n, l.data); err != nil {
			return err
		}
		l.n, l.data = l.n+1, l.data[:0]
	}
	return nil
}

// finish hands out the tiles that are not full.
func (s *tileStack) finish() error {
	for level, l := range s.levels {
		if len(l.data) == 0 {
			continue
		}
		if err := s.emit(level, l.n, l.data); err != nil {
			return err
		}
	}
	return nil
}

// appendLeaf adds a leaf to an entry bundle.
func appendLeaf(bundle, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
}

// parseBundle reads an entry bundle of width leaves. The leaves share its
// memory.
func parseBundle(data []byte, width int) ([][]byte, error) {
	if len(data) != width*entrySize {
		return nil, fmt.Errorf("has %d bytes, %d leaves have %d", len(data), width, width*entrySize)
	}
	leaves := make([][]byte, width)
	for i := range leaves {
		entry := data[i*entrySize : (i+1)*entrySize]
		if binary.BigEndian.Uint16(entry) != tlog.HashSize {
			return nil, fmt.Errorf("leaf %d is not of %d bytes", i, tlog.HashSize)
		}
		leaves[i] = entry[2:]
	}
	return leaves, nil
}

// differing is the first place at which two tiles have another hash; the shorter
// one's length when one begins the other, and -1 when they are the same.
func differing(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	n := 0
	for ; (n+1)*tlog.HashSize <= min(len(a), len(b)); n++ {
		if !bytes.Equal(a[n*tlog.HashSize:(n+1)*tlog.HashSize], b[n*tlog.HashSize:(n+1)*tlog.HashSize]) {
			break
		}
	}
	return n
}
