"""Reads from the server that it is given until the end, and says whether that was all."""
import socket
import sys

connection = socket.create_connection((sys.argv[1], 9999))
received = 0
try:
    while data := connection.recv(65536):
        received += len(data)
except ConnectionResetError:
    print("reset before the end" if received < 1_000_000 else "reset at the end")
    sys.exit(1)
print("all", received, "bytes")
