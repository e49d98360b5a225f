package main

import "testing"

func TestLine(t *testing.T) {
	if got, want := line("{{example}}"), "{{before}}{{example}}{{after}}"; got != want {
		t.Errorf("line is %q, not %q", got, want)
	}
}
