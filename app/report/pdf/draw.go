package pdf

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/signintech/gopdf"

	"kokoroe/app/report/qr"
)

// baseline is how far down a line its letters stand, of its height.
const baseline = 0.74

// draw writes the pages.
func draw(t *fonts, s Sheet, code *qr.Code, pages []page) ([]byte, error) {
	g := &gopdf.GoPdf{}
	g.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	d := drawing{g: g, t: t}
	var maps []textMap
	for _, f := range []*face{t.regular, t.bold} {
		maps = append(maps, textMap{object: g.GetNextObjectID(), face: f})
		if err := g.AddTTFFontFromFontContainer(f.family, &t.container); err != nil {
			return nil, fmt.Errorf("font %s: %w", f.family, err)
		}
	}
	for i, p := range pages {
		g.AddPage()
		if i == 0 && code != nil {
			d.code(*code, s.Link)
			label := composer{t: t, scale: 1}
			label.paragraph(codeLeft, codeSide, 7.5, false, s.LinkLabel)
			d.lines(label.lines, top+codeSide)
		}
		d.lines(p, top)
		d.foot(s, i+1, len(pages))
	}
	if d.err != nil {
		return nil, d.err
	}
	var out bytes.Buffer
	if _, err := g.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("PDF: %w", err)
	}
	for i := range maps {
		maps[i].used = d.used(maps[i].face)
	}
	return amend(out.Bytes(), s, maps), nil
}

// drawing draws until the first error.
type drawing struct {
	g    *gopdf.GoPdf
	t    *fonts
	seen [2]map[rune]bool // by weight
	err  error
}

func (d *drawing) lines(lines []line, y float64) {
	for _, l := range lines {
		if l.rule {
			d.rule(left, y-1, right, y-1, 0.4)
		}
		if l.framed {
			d.rule(left+2, y, left+2, y+l.height, 1.6)
		}
		for _, r := range l.runs {
			d.words(r, y+l.height*baseline)
		}
		y += l.height
	}
}

func (d *drawing) rule(x1, y1, x2, y2, width float64) {
	d.g.SetLineWidth(width)
	d.g.Line(x1, y1, x2, y2)
}

func (d *drawing) words(r run, y float64) {
	if d.err != nil || r.text == "" {
		return
	}
	weight := 0
	if r.bold {
		weight = 1
	}
	if d.seen[weight] == nil {
		d.seen[weight] = map[rune]bool{}
	}
	for _, c := range r.text {
		d.seen[weight][c] = true
	}
	if d.err = d.g.SetFont(d.t.face(r.bold).family, "", r.size); d.err != nil {
		return
	}
	d.g.SetXY(r.x, y)
	d.err = d.g.Text(r.text)
}

// used are the characters that were drawn with a face.
func (d *drawing) used(f *face) map[rune]bool {
	if f == d.t.bold {
		return d.seen[1]
	}
	return d.seen[0]
}

// code draws the QR code in the corner, as rectangles that stay sharp at any
// size, and makes a link of it.
func (d *drawing) code(c qr.Code, link string) {
	module := codeSide / float64(c.Side())
	d.g.SetFillColor(0, 0, 0)
	for _, r := range c.Runs() {
		x, y := codeLeft+float64(r.X+qr.Quiet)*module, top+float64(r.Y+qr.Quiet)*module
		d.g.RectFromUpperLeftWithStyle(x, y, float64(r.Length)*module, module, "F")
	}
	// In the file it stands between parentheses (ISO 32000-1, 7.3.4.2).
	link = strings.NewReplacer("(", "%28", ")", "%29", `\`, "%5C").Replace(link)
	d.g.AddExternalLink(link, codeLeft, top, codeSide, codeSide)
}

func (d *drawing) foot(s Sheet, number, of int) {
	d.rule(left, footLine, right, footLine, 0.4)
	page := d.t.regular.drawn(s.Page(number, of), func(rune) {})
	wide := 0.0
	for _, r := range page {
		wide += d.t.regular.width(r, footSize)
	}
	d.words(run{right - wide, footSize, false, page}, footLine+footSize*1.5)
	c := composer{t: d.t, scale: 1}
	c.paragraph(left, right-left-wide-16, footSize, false, s.Foot)
	d.lines(c.lines, footLine+2.6)
}
