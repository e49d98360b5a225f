package main

// line returns what the task prints about an item.
func line(item string) string {
	return "{{before}}" + item + "{{after}}"
}
