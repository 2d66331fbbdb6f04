// The tests that Go's authors hold every net.Conn to (golang.org/x/net/nettest), with the program `relay` between the two
// ends. Run by tests/examples/run where Go and that package are installed; RELAY names the program.
package relay

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/nettest"
)

// Each pair is a connection to the relay, and the one that the relay makes for it.
func TestRelay(t *testing.T) {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	relay := exec.Command(os.Getenv("RELAY"), "127.0.0.1:0", upstream.Addr().String())
	output, err := relay.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.Start(); err != nil {
		t.Fatal(err)
	}
	defer relay.Process.Kill()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	nettest.TestConn(t, func() (first, second net.Conn, stop func(), err error) {
		if first, err = net.Dial("tcp", address); err != nil {
			return nil, nil, nil, err
		}
		if second, err = upstream.Accept(); err != nil {
			first.Close()
			return nil, nil, nil, err
		}
		return first, second, func() { first.Close(); second.Close() }, nil
	})
}
