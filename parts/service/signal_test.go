package service

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// catch is a program that writes which signals it gets, up to SIGTERM: TEST
// catch.
func catch() int {
	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM)
	fmt.Println("foreground", isForeground())
	for s := range c {
		fmt.Println(s)
		if s == syscall.SIGTERM {
			break
		}
	}
	return 0
}

// catcher is the command line of that program.
func catcher(t *testing.T) []string { return []string{relaunch(t, Launch{})[0], "catch"} }

func TestParseSignal(t *testing.T) {
	for name, want := range map[string]syscall.Signal{
		"": 0, "USR1": syscall.SIGUSR1, "HUP": 1, "RTMIN": 34, "RTMIN+1": 35, "RTMIN+30": 64, "RTMAX": 64, "RTMAX-30": 34,
	} {
		if got, err := ParseSignal(name); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, want)
		}
	}
	for name, hint := range map[string]string{
		"SIGUSR1": "write USR1", "usr1": "a signal is written USR1, HUP or RTMIN+1", "10": "a signal is written USR1, HUP or RTMIN+1",
		"KILL": "no program can ignore or catch this signal", "STOP": "no program can ignore or catch this signal",
		"RTMIN+31": "a signal is written USR1, HUP or RTMIN+1", "RTMIN-1": "a signal is written USR1, HUP or RTMIN+1",
		"RTMAX+1": "a signal is written USR1, HUP or RTMIN+1", "RTMIN+": "a signal is written USR1, HUP or RTMIN+1",
		"RTMIN++1": "a signal is written USR1, HUP or RTMIN+1", "USR1 USR2": "a signal is written USR1, HUP or RTMIN+1",
	} {
		_, err := ParseSignal(name)
		checkMistake(t, err, "invalid signal value: "+name, hint)
	}
}

func FuzzParseSignal(f *testing.F) {
	for _, name := range []string{"", "USR1", "RTMIN+1", "RTMAX-1", "RTMIN", "RTMIN+ 1"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, err := ParseSignal(name)
		if err != nil || s == 0 {
			return
		}
		if s < 1 || s > realtimeMax || s == syscall.SIGKILL || s == syscall.SIGSTOP {
			t.Fatalf("%q is %d", name, s)
		}
		if again, err := ParseSignal(signalName(s)); again != s || err != nil {
			t.Fatalf("%q is %d, %q is %d, %v", name, s, signalName(s), again, err)
		}
	})
}
