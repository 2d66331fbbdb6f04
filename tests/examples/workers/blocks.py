#!/usr/bin/env python3
import os

rest = b""
while block := os.read(0, 1 << 20):
    *lines, rest = (rest + block).split(b"\n")
    answers = []
    for line in lines:
        number, _, text = line.partition(b" ")
        answers.append(b"%b %b\n" % (number, text.upper()))
    with memoryview(b"".join(answers)) as waiting:
        sent = 0
        while sent < len(waiting):
            sent += os.write(1, waiting[sent:])
