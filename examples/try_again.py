"""Talks to the echo server that it is given every half second, for six seconds, and says when that changes."""
import socket
import sys
import time

was = None
for _ in range(12):
    try:
        with socket.create_connection((sys.argv[1], 9999), timeout=1) as connection:
            connection.sendall(b"hello")
            now = "it answers" if connection.recv(100) else "it hangs up"
    except OSError as error:
        now = error.strerror or "it does not answer"
    if now != was:
        print(now)
    was = now
    time.sleep(0.5)
