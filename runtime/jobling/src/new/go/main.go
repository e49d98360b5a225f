// {{purpose}}
package main

import (
	"fmt"
	"os"
{{import}})

func main() {
	subject := {{subject}}
	if subject == "" {
		fmt.Fprintln(os.Stderr, "error: {{missing}}")
		os.Exit(78) // EX_CONFIG: the manifest is wrong.
	}
	fmt.Println(line(subject))
}

// line returns what the task prints about subject.
func line(subject string) string {
	return "{{before}}" + subject + "{{after}}"
}
