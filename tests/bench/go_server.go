// The line server in Go, to measure beside ours (tests/bench/side-by-side): go_server tutorial|tuned. On a free port of
// 127.0.0.1, which it prints.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
)

// As one writes it first: a goroutine a connection, a write a line.
func tutorial(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if _, err := fmt.Fprintf(conn, "Server: %s\n", line); err != nil {
			return
		}
	}
}

// For speed: no allocation a line, and one write for all lines that were read together.
func tuned(conn net.Conn) {
	defer conn.Close()
	reader, writer := bufio.NewReaderSize(conn, 32768), bufio.NewWriterSize(conn, 32768)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		writer.WriteString("Server: ")
		writer.Write(line)
		writer.WriteByte('\n')
		if reader.Buffered() == 0 && writer.Flush() != nil {
			return
		}
	}
}

func main() {
	serve := map[string]func(net.Conn){"tutorial": tutorial, "tuned": tuned}[strings.Join(os.Args[1:], " ")]
	if serve == nil {
		log.Fatal("usage: go_server tutorial|tuned")
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn)
	}
}
