package recipes

import (
	"slices"
	"strconv"
	"strings"
)

// cronWords are the times that have names in systemd.time(7).
var cronWords = map[string]string{
	"minutely": "* * * * *",
	"hourly":   "0 * * * *",
	"daily":    "0 0 * * *",
	"weekly":   "0 0 * * 0",
	"monthly":  "0 0 1 * *",
	"yearly":   "0 0 1 1 *",
}

// cronDays are the days of the week in their order in a table of cron.
var cronDays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// cronField is what a number of a time may be.
type cronField struct{ first, count int }

// The fields of a time, in the order of cron.
var cronMinutes, cronHours, cronMonthDays, cronMonths = cronField{0, 60}, cronField{0, 24}, cronField{1, 31}, cronField{1, 12}

// cronTime turns the calendar form of systemd.time(7) into the five fields of
// cron. ok is false for what is none, or what cron cannot say: years, seconds,
// and days of the month together with days of the week, which crons understand
// in different ways.
func cronTime(spec string) (fields string, ok bool) {
	if known, ok := cronWords[spec]; ok {
		return known, true
	}
	if strings.TrimSpace(spec) == "" {
		return "", false
	}
	words := strings.Split(spec, " ")
	week, isWeek := cronWeek(words[0])
	if isWeek {
		words = words[1:]
	}
	date, clock, ok := cronWhen(words)
	if !ok {
		return "", false
	}
	month, day, ok := cronDate(date)
	if !ok || week != "*" && day != "*" {
		return "", false
	}
	hour, minute, ok := cronClock(clock)
	if !ok {
		return "", false
	}
	all := []string{minute, hour, day, month}
	for i, f := range []cronField{cronMinutes, cronHours, cronMonthDays, cronMonths} {
		if all[i], ok = f.read(all[i]); !ok {
			return "", false
		}
	}
	return strings.Join(append(all, week), " "), true
}

// cronWhen takes the words of a date and a time of the day apart; what is
// missing is every day, or midnight.
func cronWhen(words []string) (date, clock string, ok bool) {
	switch {
	case len(words) == 0:
		return "*-*", "0:0", true
	case len(words) == 2:
		return words[0], words[1], true
	case len(words) > 2:
		return "", "", false
	case strings.Contains(words[0], ":"):
		return "*-*", words[0], true
	}
	return words[0], "0:0", true
}

// cronWeek reads days of the week: names, or ranges of two, with commas.
func cronWeek(word string) (days string, ok bool) {
	var list []string
	for part := range strings.SplitSeq(word, ",") {
		if part == "" {
			continue
		}
		var ends []string
		for name := range strings.SplitSeq(part, "-") {
			n := slices.IndexFunc(cronDays, func(day string) bool {
				name := strings.ToLower(name)
				return name == day || name == day[:3]
			})
			if n < 0 || len(ends) == 2 {
				return "*", false
			}
			ends = append(ends, strconv.Itoa(n))
		}
		list = append(list, strings.Join(ends, "-"))
	}
	if len(list) == 0 {
		return "*", false
	}
	slices.Sort(list)
	return strings.Join(list, ","), true
}

// cronDate reads [*-]MONTH-DAY.
func cronDate(date string) (month, day string, ok bool) {
	fields := strings.Split(date, "-")
	if len(fields) == 3 && fields[0] == "*" {
		fields = fields[1:]
	}
	if len(fields) != 2 {
		return "", "", false
	}
	return fields[0], fields[1], true
}

// cronClock reads HOUR:MINUTE[:00].
func cronClock(clock string) (hour, minute string, ok bool) {
	fields := strings.Split(clock, ":")
	if len(fields) == 3 {
		if seconds, err := strconv.Atoi(fields[2]); err != nil || seconds != 0 {
			return "", "", false
		}
		fields = fields[:2]
	}
	if len(fields) != 2 {
		return "", "", false
	}
	return fields[0], fields[1], true
}

// read returns a field as cron reads it: *, or numbers within the range, with
// commas. FIRST/STEP becomes the range of what it stands for.
func (f cronField) read(text string) (string, bool) {
	if text == "*" {
		return text, true
	}
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		first, step, steps := strings.Cut(part, "/")
		n, err := strconv.Atoi(strings.TrimSpace(first))
		after := n - f.first
		if err != nil || after < 0 || after >= f.count {
			return "", false
		}
		if steps {
			by, err := strconv.Atoi(strings.TrimSpace(step))
			if err != nil || by <= 0 || f.count-after-1 < by {
				return "", false
			}
			part = strconv.Itoa(n) + "-" + strconv.Itoa(n+(f.count-after-1)/by*by) + "/" + strconv.Itoa(by)
		}
		list = append(list, part)
	}
	return strings.Join(list, ","), true
}
