"""Sends a line a second to the echo server that it is given, and says how long the slowest answer took to come."""
import socket
import sys
import time

connection = socket.create_connection((sys.argv[1], 9999))
lines = connection.makefile("rw")
slowest = 0
for number in range(10):
    begin = time.monotonic()
    print("line", number, file=lines, flush=True)
    assert lines.readline() == f"line {number}\n"
    slowest = max(slowest, time.monotonic() - begin)
    time.sleep(1)
print("10 lines came back, the slowest after", "more" if slowest > 2 else "less", "than two seconds")
