// {{purpose}}
package main

import (
	"fmt"
	"os"
	"time"
)

const (
	// idle is how long it waits for another item before it ends.
	idle = time.Second
	// delay is how long an item that failed is left alone: less, so that it comes again while somebody waits.
	delay = 100 * time.Millisecond
)

func main() {
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func work() error {
	queue, err := openQueue("{{name}}")
	if err != nil {
		return err
	}
	for _, item := range os.Args[1:] {
		if err := queue.push([]byte(item)); err != nil {
			return err
		}
	}
	for {
		item, err := queue.reserve(idle)
		if err != nil || item == nil {
			return err
		}
		if len(item.body) == 0 {
			fmt.Fprintln(os.Stderr, "error: the item is empty")
			err = queue.nack(item, delay)
		} else {
			fmt.Println(line(string(item.body)))
			err = queue.ack(item)
		}
		if err != nil {
			return err
		}
	}
}
