package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	store := map[string]string{}
	lines := bufio.NewReader(os.Stdin)
	for line, err := lines.ReadString('\n'); err == nil; line, err = lines.ReadString('\n') {
		words := append(strings.SplitN(line[:len(line)-1], " ", 4), "", "", "")
		answer, found := store[words[2]]
		if words[1] == "set" {
			store[words[2]], answer = words[3], "OK"
		} else if words[1] != "get" {
			answer = "ERR write set KEY VALUE or get KEY"
		} else if !found {
			answer = "NONE"
		}
		fmt.Println(words[0], answer)
	}
}
