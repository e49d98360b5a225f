// Adds up the orders of a CSV file for each customer.
package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("the arguments are %d; give one, the file", len(os.Args)-1))
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		fail(err)
	}
	defer file.Close()
	totals, err := totals(file)
	if err != nil {
		fail(err)
	}
	for _, customer := range customers(totals) {
		fmt.Printf("%s: %.2f\n", customer, totals[customer])
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(65) // EX_DATAERR: no retry can mend it.
}

// totals returns what each customer has ordered. The columns are CUSTOMER,AMOUNT.
func totals(orders io.Reader) (map[string]float64, error) {
	rows, err := csv.NewReader(orders).ReadAll()
	if err != nil {
		return nil, err
	}
	totals := make(map[string]float64)
	for number, row := range rows {
		amount, err := strconv.ParseFloat(row[len(row)-1], 64)
		if err != nil || len(row) != 2 {
			return nil, fmt.Errorf("row %d is %q; it must be CUSTOMER,AMOUNT", number+1, row)
		}
		totals[row[0]] += amount
	}
	return totals, nil
}

func customers(totals map[string]float64) []string {
	names := make([]string, 0, len(totals))
	for name := range totals {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
