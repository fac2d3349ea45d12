"""Connects to the host that it is given, and says how long that took and what it then read."""
import socket
import sys
import time

begin = time.monotonic()
connection = socket.create_connection((sys.argv[1], 9999))
print("connected " + ("at once" if time.monotonic() - begin < 1 else "late"))
print("read", connection.recv(100).decode().strip())
