package directory

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"kokoroe/app/calendar"
)

// place is the name of a cell in a file.
func place(line, column int) string { return fmt.Sprintf("%d:%d", line, column) }

var (
	midnight     = regexp.MustCompile(`[ T]0?0:00(:00)?$`)
	eightDigits  = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	japaneseDate = regexp.MustCompile(`^(\d{4})年(\d{1,2})月(\d{1,2})日$`)
	eraDate      = regexp.MustCompile(`^(令和|平成|昭和|[RHSrhs])(\d{1,2}|元)[年./-](\d{1,2})[月./-](\d{1,2})日?$`)
)

// eras give the year before the first of an era.
var eras = map[string]int{
	"令和": 2018, "R": 2018, "r": 2018, "平成": 1988, "H": 1988, "h": 1988, "昭和": 1925, "S": 1925, "s": 1925,
}

// parseDate reads the dates that personnel systems write: ISO, with slashes,
// 20260401, 2026年4月1日, R8.4.1 and 令和8年4月1日. Empty is no date.
func parseDate(s string) (calendar.Date, error) {
	s = midnight.ReplaceAllString(compatible(s), "")
	if d, err := calendar.ParseDate(s); err == nil {
		return d, nil
	}
	if m := eightDigits.FindStringSubmatch(s); m != nil {
		return civil(0, m[1], m[2], m[3])
	}
	if m := japaneseDate.FindStringSubmatch(s); m != nil {
		return civil(0, m[1], m[2], m[3])
	}
	if m := eraDate.FindStringSubmatch(s); m != nil {
		if m[2] == "元" {
			m[2] = "1"
		}
		return civil(eras[m[1]], m[2], m[3], m[4])
	}
	return calendar.Date{}, fmt.Errorf("%q is not a date", s)
}

// civil returns the date, which must exist.
func civil(base int, year, month, day string) (calendar.Date, error) {
	y, yErr := strconv.Atoi(year)
	m, mErr := strconv.Atoi(month)
	d, dErr := strconv.Atoi(day)
	date := calendar.NewDate(base+y, time.Month(m), d)
	if yErr != nil || mErr != nil || dErr != nil || y == 0 || m == 0 || date.AddDays(0) != date {
		return calendar.Date{}, fmt.Errorf("%s-%s-%s does not exist", year, month, day)
	}
	return date, nil
}
