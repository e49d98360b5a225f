package main

import (
	"strings"
	"testing"
)

func TestOrdersOfACustomerAddUp(t *testing.T) {
	got, err := totals(strings.NewReader("Ada,1.50\nAlan,2\nAda,3\n"))
	if err != nil || got["Ada"] != 4.5 || got["Alan"] != 2 {
		t.Errorf("totals are %v, %v", got, err)
	}
}

func TestARowWithoutAnAmountIsNamed(t *testing.T) {
	_, err := totals(strings.NewReader("Ada,1\nAlan,much\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "row 2 is ") {
		t.Errorf("the error is %v", err)
	}
}
