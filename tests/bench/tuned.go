// A line server for speed: no allocation a line, and one write for all lines that were read together.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
)

func serve(conn net.Conn) {
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
