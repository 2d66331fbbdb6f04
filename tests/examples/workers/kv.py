#!/usr/bin/env python3
import sys

store = {}
for line in sys.stdin.buffer:
    number, _, text = line.rstrip(b"\n").partition(b" ")
    command, _, rest = text.partition(b" ")
    key, _, value = rest.partition(b" ")
    if command == b"set":
        store[key] = value
        answer = b"OK"
    elif command == b"get":
        answer = store.get(key, b"NONE")
    else:
        answer = b"ERR write set KEY VALUE or get KEY"
    sys.stdout.buffer.write(number + b" " + answer + b"\n")
    sys.stdout.buffer.flush()
