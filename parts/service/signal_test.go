package service

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

func testBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// TestCatchHelper is a program that waits for SIGUSR2, for TestRedirectSignal.
func TestCatchHelper(t *testing.T) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(c)
	if f, err := os.OpenFile("ready", os.O_WRONLY, 0); err == nil {
		f.Close()
		fmt.Println("caught", <-c)
	}
}

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
